"""The recorder: the event sourcing library's way into our tables.

It fills the recorder's place there, whose stock PostgreSQL recorder saves one aggregate's few events at a time
(measured about 1,000 events/s one by one, against 170,000 to 200,000 for COPY in batches of 4,000: docs/adr/0003).
Appends are in `appending`; reads are by (book, position) and insist on contiguity, because serial numbers are not
commit order.
"""

from collections.abc import Sequence
from typing import Any, NoReturn
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    NotSupportedError,
    StoredEvent,
)

from ledger.appending import append_batch
from ledger.batch import BookAppend, DeadLetter, InputOffset
from ledger.events import Recorded
from ledger.journal import read_events


class CopyRecorder(ApplicationRecorder):
    """Appends and reads the events of books over one connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use `connection`; it must not be shared with another thread."""
        self.connection = connection

    def append(
        self,
        appends: Sequence[BookAppend],
        offsets: Sequence[InputOffset] = (),
        dead_letters: Sequence[DeadLetter] = (),
    ) -> None:
        """Make a batch true, or nothing of it.

        Raises:
            Fenced: somebody else moved a head, an epoch or an offset.
        """
        append_batch(self.connection, appends, offsets, dead_letters)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append through the library's interface: the batch comes as ``append=`` and holds the same events."""
        append: BookAppend = kwargs["append"]
        told = [(event.originator_id, event.originator_version) for event in stored_events]
        if told != [(event.book, event.position) for event in append.events]:
            raise IntegrityError("the batch given to append holds other events than the aggregate collected")
        self.append([append], kwargs.get("offsets", ()), kwargs.get("dead_letters", ()))
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of a book after position `gt` up to `lte`, contiguous."""
        events = read_events(self.connection, str(originator_id), after=gt or 0, upto=lte, limit=limit)
        stored: list[StoredEvent] = [StoredRow.of(event) for event in events]
        return stored[::-1] if desc else stored

    def select_notifications(self, *_: Any, **__: Any) -> NoReturn:
        """Not offered: books are read by (book, position); a sequence over all books is not in commit order."""
        raise NotSupportedError("read a book by position instead of the application sequence")

    def max_notification_id(self) -> NoReturn:
        """Not offered, see `select_notifications`."""
        raise NotSupportedError("read a book by position instead of the application sequence")

    def subscribe(self, *_: Any, **__: Any) -> NoReturn:
        """Not offered, see `select_notifications`; listen to ``contraflow_journal`` instead."""
        raise NotSupportedError("listen to contraflow_journal and read by position instead")


class SnapshotRecorder(AggregateRecorder):
    """Keeps snapshots of books; they only save time, the events alone decide."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use `connection`."""
        self.connection = connection

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Store snapshots; one that exists already stays, all but the last two of a book go."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for stored in stored_events:
                cursor.execute(
                    "INSERT INTO ledger.snapshots (book_id, position, state) "
                    "SELECT book_id, %s, %s FROM ledger.books WHERE book = %s ON CONFLICT DO NOTHING",
                    (stored.originator_version, stored.state, str(stored.originator_id)),
                )
                cursor.execute(
                    "DELETE FROM ledger.snapshots USING ledger.books"
                    " WHERE snapshots.book_id = books.book_id AND book = %s AND position < ("
                    "  SELECT min(position) FROM (SELECT position FROM ledger.snapshots AS kept"
                    "  WHERE kept.book_id = books.book_id ORDER BY position DESC LIMIT 2) AS last_two)",
                    (str(stored.originator_id),),
                )
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The snapshots of a book in the order asked for."""
        order = b"DESC" if desc else b"ASC"
        rows = self.connection.execute(
            b"SELECT position, state FROM ledger.snapshots JOIN ledger.books USING (book_id) WHERE book = %s "
            b"AND position > %s AND (%s::bigint IS NULL OR position <= %s) ORDER BY position " + order + b" LIMIT %s",
            (str(originator_id), gt or 0, lte, lte, limit),
        ).fetchall()
        return [StoredEvent(str(originator_id), position, "Snapshot", bytes(state)) for position, state in rows]


class StoredRow(Notification):
    """A stored event that also knows its recorded time; `id` is that time in microseconds."""

    @classmethod
    def of(cls, event: Recorded) -> "StoredRow":
        """The library's form of a recorded event."""
        return cls(event.book, event.position, event.type, event.body, event.recorded_at_us)
