"""The hand that writes one projection: a connection of its own, used from one thread.

Everything here blocks. What is right is decided in `projections.advance`: it locks the position, skips what was folded
and reads gaps from the store, so a record may come twice, late, out of order or not at all. Positions remembered here
only save work; a few events that follow what is remembered go by `projections.at_once`, which asks the database whether
that is so.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import sql

from ledger.events import Recorded
from ledger.schema import migrate
from projections.advance import GAP_EVENTS_MAX, advance
from projections.at_once import advance_at_once
from projections.errors import JournalGap
from projections.journal_reader import JournalReader
from projections.projection import Projection
from projections.schema import ensure_schemas
from streams.errors import Stop
from streams.journal_record import JournalRecordUnreadable, decode_journal_record

# A frozen process must not hold the position's row for ever: the server ends its transaction.
IDLE_IN_TRANSACTION_MS: Final = 10_000


class JournalAheadOfStore(Stop):
    """The topic tells positions that the store does not have: the two come from different histories."""


class ReceivedRecord:
    """A record of the journal topic as it arrived, read once for all projections that fold it."""

    __slots__ = ("_events", "key", "offset", "partition", "topic", "value")

    def __init__(self, topic: str, partition: int, offset: int, key: bytes | None, value: bytes | None) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self._events: list[Recorded] | None = None

    def events(self) -> list[Recorded]:
        """Its events, not to be changed. Two threads that meet here read it twice, which costs only time.

        Raises:
            JournalRecordUnreadable: it is not ours; nothing of its batch may be acknowledged.
        """
        if self._events is None:
            try:
                self._events = decode_journal_record(self.value, self.key)
            except JournalRecordUnreadable as error:
                raise JournalRecordUnreadable(
                    f"record {self.topic}/{self.partition} at offset {self.offset} is not a journal record: "
                    f"{error}. The store is the truth and nothing is lost: find out who wrote it, then move the "
                    "consumer group past this offset; the projections take what they missed from the store"
                ) from error
        return self._events


class Standing(NamedTuple):
    """Where a book stands: its head in the store, and the position folded so far."""

    head: int
    position: int


class ProjectionWriter:
    """Moves one projection; its methods are called from one thread at a time."""

    def __init__(self, conninfo: str, projection: Projection) -> None:
        """Connects at the first call, in the thread that makes it."""
        self.projection = projection
        self._conninfo = conninfo
        self._opened: psycopg.Connection[Any] | None = None
        self._standings: dict[str, Standing] = {}
        self._stopping = threading.Event()
        reached = sql.Identifier(projection.name, "position")
        self._all = sql.SQL(_ALL).format(reached)
        self._one = sql.SQL(_ONE).format(reached)

    def stop(self) -> None:
        """Let a catch-up that is under way end after its page; may be called from another thread."""
        self._stopping.set()

    def close(self) -> None:
        """Close the connection."""
        if self._opened is not None:
            self._opened.close()

    def backend_pid(self) -> int:
        """The process id of the server's side of the connection."""
        return self._connection().info.backend_pid

    def look(self) -> dict[str, Standing]:
        """Every book of the store: head and position folded."""
        rows = self._connection().execute(self._all)
        self._standings = {book: Standing(head, position) for book, head, position in rows}
        return self._standings

    def fold(self, records: Sequence[ReceivedRecord]) -> int:
        """Fold these records, one transaction a book, and return how many events were new.

        Raises:
            JournalRecordUnreadable: one of them is not ours; nothing of the batch may be acknowledged.
            JournalAheadOfStore: the store lacks a position that one of them tells.
        """
        by_book: dict[str, list[Recorded]] = {}
        for record in records:
            events = record.events()
            by_book.setdefault(events[0].book, []).extend(events)
        return sum(self._fold_book(book, events) for book, events in by_book.items())

    def catch_up(self, owned: Callable[[str], bool], each: Callable[[int], None]) -> None:
        """Fold from the store, page by page, until every owned book stands at its head.

        Args:
            owned: whether a book is still ours to move; asked again before every page.
            each: told the number of events of every page committed.
        """
        while True:
            behind = [book for book, at in self.look().items() if at.position < at.head and owned(book)]
            if not behind:
                return
            for book in behind:
                while (at := self._standings[book]).position < at.head:
                    if self._stopping.is_set():
                        return
                    if not owned(book):
                        break
                    each(self._fold_page(book))

    def _fold_book(self, book: str, events: list[Recorded]) -> int:
        at = self._standings.get(book)
        if at and at.position and advance_at_once(self._connection(), self.projection, book, at.position, events):
            reached = events[-1].position
            self._standings[book] = Standing(max(reached, at.head), reached)
            return len(events)
        first = min(event.position for event in events)
        last = max(event.position for event in events)
        if at is None or last > at.head:
            at = self._stand(book)
        if last > at.head:
            raise JournalAheadOfStore(
                f"the journal topic tells position {last} of book {book!r}, the store ends at {at.head}: was the store "
                "restored from a backup, or do two installations share a topic prefix?"
            )
        start = at.position
        if last <= start:
            return 0
        # A large gap goes page by page, so that no transaction grows without bound.
        while first > self._standings[book].position + GAP_EVENTS_MAX:
            self._fold_page(book)
        return self._advance(book, events) - start

    def _stand(self, book: str) -> Standing:
        """Head and position of one book, at the cost of one primary key however many books there are."""
        row = self._connection().execute(self._one, (book,)).fetchone()
        at = self._standings[book] = Standing(*row) if row is not None else Standing(0, 0)
        return at

    def _fold_page(self, book: str) -> int:
        start = self._standings[book].position
        events = self._reader().read(book, start, GAP_EVENTS_MAX)
        if not events:
            raise JournalGap(f"book {book!r} ends at {self._standings[book].head}, the store has nothing after {start}")
        return self._advance(book, events) - start

    def _advance(self, book: str, events: Sequence[Recorded]) -> int:
        reached = advance(self._connection(), self.projection, book, events, self._reader())
        self._standings[book] = Standing(max(reached, self._standings[book].head), reached)
        return reached

    def _reader(self) -> JournalReader:
        return JournalReader(self._connection())

    def _connection(self) -> psycopg.Connection[Any]:
        if self._opened is None:
            connection = psycopg.connect(
                self._conninfo, autocommit=True, application_name=f"contraflow-projecting-{self.projection.name}"
            )
            connection.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (str(IDLE_IN_TRANSACTION_MS),)
            )
            # Rows and position go together, so what a crash of the server forgets is read from the store again; to wait
            # for the disk at every event costs a third of our processor time and half of the latency. What publishing
            # knows of these rows stands later in the same log and is never remembered longer than they are.
            connection.execute("SET synchronous_commit TO off")
            # Every statement of a fold finds rows by their keys; a plan kept from when a table was small must not read
            # it whole ever after.
            connection.execute("SET enable_seqscan TO off")
            migrate(connection)  # projecting may be the first to come
            ensure_schemas(connection, [self.projection])
            self._opened = connection
        return self._opened


_ALL: Final = "SELECT book, head, coalesce(position, 0) FROM ledger.books LEFT JOIN {} USING (book)"
_ONE: Final = "SELECT head, coalesce(position, 0) FROM ledger.books LEFT JOIN {} USING (book) WHERE book = %s"
