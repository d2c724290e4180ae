"""The event sourcing library's application, wired to our aggregate, mapper and recorders.

A `Book` is rebuilt from its latest snapshot and the events after it. Stored names are registered type
names, never module paths, so code can move without touching the store.
"""

from typing import Any, NoReturn, cast

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    EventStore,
    InfrastructureFactory,
    Mapper,
    NotSupportedError,
    StoredEvent,
    TrackingRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment

from ledger.book import Book
from ledger.events import Recorded
from ledger.journal import iterate_events
from ledger.recorder import CopyRecorder, SnapshotRecorder, StoredRow
from ledger.snapshot import BookSnapshot, decode_snapshot, encode_snapshot


class LedgerApplication(Application[str]):
    """One application over one connection; `load` reads a book."""

    name = "ledger"
    is_snapshotting_enabled = True

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use `connection` for events and snapshots."""
        self.connection = connection
        super().__init__()

    def construct_factory(self, env: Environment) -> InfrastructureFactory[TrackingRecorder]:
        """Our recorders instead of a configured persistence module."""
        return _LedgerFactory(env, self.connection)

    def construct_mapper(self) -> Mapper[str]:
        """Our mapper: msgspec instead of the library's JSON transcoder."""
        return JournalMapper(cast(Transcoder, None))

    def load(self, name: str) -> Book:
        """The book as of its stored head; an empty one when it has no events.

        The library's repository would make three objects of every event on its way; a replay of a large book needs one.
        """
        assert self.snapshots is not None
        kept = list(self.snapshots.get(name, desc=True, limit=1))
        book = cast(BookSnapshot, kept[0]).restore() if kept else Book(name)
        del kept
        for page in iterate_events(self.connection, name, after=book.version):
            for event in page:
                book.apply(event)
        return book

    def take_book_snapshot(self, book: Book) -> None:
        """Keep the memory of `book`, which must be what is stored at its version."""
        assert self.snapshots is not None
        self.snapshots.put([cast(DomainEventProtocol[str], BookSnapshot.take(book))])


class JournalMapper(Mapper[str]):
    """Recorded events and snapshots to the library's stored form and back."""

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """Body and registered name, without a module path."""
        if isinstance(domain_event, BookSnapshot):
            return StoredEvent(domain_event.book, domain_event.position, "Snapshot", encode_snapshot(domain_event))
        assert isinstance(domain_event, Recorded)
        return StoredRow.of(domain_event)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[str]:
        """The recorded event or snapshot."""
        if stored_event.topic == "Snapshot":
            return cast(DomainEventProtocol[str], decode_snapshot(stored_event.state))
        assert isinstance(stored_event, StoredRow)
        return cast(
            DomainEventProtocol[str],
            Recorded(
                str(stored_event.originator_id),
                stored_event.originator_version,
                stored_event.topic,
                stored_event.id,
                stored_event.state,
            ),
        )


class _LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    def __init__(self, env: Environment, connection: psycopg.Connection) -> None:
        super().__init__(env)
        self._connection = connection

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return SnapshotRecorder(self._connection) if purpose == "snapshots" else CopyRecorder(self._connection)

    def application_recorder(self) -> ApplicationRecorder:
        return CopyRecorder(self._connection)

    def event_store(
        self, mapper: Mapper[Any] | None = None, recorder: AggregateRecorder | None = None
    ) -> EventStore[Any]:
        assert mapper is not None
        return EventStore(mapper=mapper, recorder=recorder or self.application_recorder())

    def tracking_recorder(self, tracking_recorder_class: type[Any] | None = None) -> NoReturn:
        raise NotSupportedError("input offsets are part of the append, there is no tracking recorder")

    def process_recorder(self) -> NoReturn:
        raise NotSupportedError("input offsets are part of the append, there is no process recorder")
