"""The store: what a writer needs to own books, know what was told before, and append.

One writer owns a book. Taking it raises the book's epoch, and from then on every append of an older writer is fenced.
"""

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final

import psycopg

from ledger.accounts import Chart
from ledger.application import LedgerApplication
from ledger.batch import BookAppend, DeadLetter, InputOffset, RawRecord, Redriven, Teller
from ledger.book import Book, Decided, Known
from ledger.day_sums import StoredHistory
from ledger.digest_array import DigestArray, KeyArray, register_digest_arrays
from ledger.errors import BrokenLaw, StoreError
from ledger.events import EntryPosted, FactObserved, FactParked, Recorded, decode_event
from ledger.journal import iterate_events
from ledger.kept_answers import known_deliveries
from ledger.lease import Lease, append_of
from ledger.periods import told_fact
from ledger.recall import Questions, Recalled
from ledger.recorder import CopyRecorder
from ledger.rules import RuleSet
from ledger.schema import migrate
from ledger.seals import GENESIS
from ledger.snapshot import snapshot_every

__all__ = ["Lease", "Store", "balances_of"]

APPLICATION_NAME: Final = "contraflow-writer"
TRANSACTION_TIMEOUT_MS: Final = 10_000
# Well above the time of an append, well below the transaction timeout, which bounds the taker as well.
LOCK_WAIT_MS: Final = 1_000
_TRANSACTION_TIMEOUT_SINCE: Final = 170_000
# An event's own key stands in its row, further digests in a table of their own.
_POSITIONS: Final = """
SELECT uuid_send(key), position FROM ledger.events WHERE book_id = %(book_id)s AND key = ANY(%(digests)s)
UNION ALL
SELECT uuid_send(digest), position FROM ledger.fact_keys WHERE book_id = %(book_id)s AND digest = ANY(%(digests)s)
"""


class Store:
    """The event store of one writer, over one connection of its own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use an autocommit connection; prefer `Store.open`."""
        self.connection = connection
        register_digest_arrays(connection.adapters)
        self._recorder = CopyRecorder(connection)
        self._application = LedgerApplication(connection)
        self._snapshot_at: dict[str, int] = {}

    @classmethod
    def open(cls, conninfo: str) -> "Store":
        """Connect, apply missing migrations, and bound how long a paused writer may hold a row.

        `synchronous_commit` is set, not inherited: an acknowledged append survives a crash of the server.
        """
        connection = psycopg.connect(conninfo, autocommit=True, application_name=APPLICATION_NAME)
        migrate(connection)
        connection.execute("SET synchronous_commit TO on")
        # Every question of a writer has an index; a plan kept from when a table was empty must not read it whole.
        connection.execute("SET enable_seqscan TO off")
        guard = (
            "transaction_timeout"
            if connection.info.server_version >= _TRANSACTION_TIMEOUT_SINCE
            else "idle_in_transaction_session_timeout"
        )
        connection.execute("SELECT set_config(%s, %s, false)", (guard, str(TRANSACTION_TIMEOUT_MS)))
        return cls(connection)

    def close(self) -> None:
        """Close the connection; whatever was not appended is gone."""
        self.connection.close()

    def __enter__(self) -> "Store":
        """Enter a with block that closes the store."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close."""
        self.close()

    def books(self) -> dict[str, int]:
        """Head position of every book."""
        return dict(self.connection.execute("SELECT book, head FROM ledger.books ORDER BY book").fetchall())

    def take(self, names: Sequence[str]) -> dict[str, Lease]:
        """Become the writer of these books, creating those that do not exist; every older lease is fenced.

        A writer that stands still inside a transaction holds its book's row; it is waited for, and ended when overdue.

        Raises:
            StoreError: the row of a book could not be had in time.
        """
        give_up_s = time.monotonic() + 2 * TRANSACTION_TIMEOUT_MS / 1000
        while True:
            try:
                return self._take(names)
            except psycopg.errors.LockNotAvailable as error:
                if time.monotonic() > give_up_s:
                    raise StoreError(f"books {', '.join(names)} stay locked by another transaction") from error
                self._end_overdue()

    def looking(self, name: str) -> Lease:
        """A lease for looking things up in a stored book: whatever is appended under it is fenced."""
        row = self.connection.execute("SELECT book_id FROM ledger.books WHERE book = %s", (name,)).fetchone()
        return Lease(name, row[0] if row is not None else 0, 0)

    def load(self, name: str) -> Book:
        """The book at its stored head, from the latest snapshot and the events after it.

        Raises:
            BrokenLaw: the events do not lead to the stored head and seal.
        """
        row = self.connection.execute("SELECT head, seal FROM ledger.books WHERE book = %s", (name,)).fetchone()
        with _uncollected():
            book = self._application.load(name)
        if row is not None and (book.version, book.seal) != (row[0], bytes(row[1])):
            raise BrokenLaw(
                f"book {name!r}: events lead to {book.version}, the head says {row[0]}, or the seals differ"
            )
        self._snapshot_at[name] = book.version
        return book

    def open_book(self, lease: Lease, book: Book, chart: Chart, rules: RuleSet, now_us: int) -> None:
        """Open an empty book and append its first event."""
        self.append([self.prepare(lease, book, book.open(chart, rules, now_us))])

    def known(self, lease: Lease, digests: Sequence[bytes]) -> dict[bytes, Known]:
        """For each digest that the book has decided before: the fact and its position (law 3)."""
        if not digests:
            return {}
        rows = self._positions(lease, digests)
        if not rows:
            return {}
        facts = {}
        for position, type_name, body in self.connection.execute(
            "SELECT position, type, convert_to(body, 'UTF8') FROM ledger.events"
            " WHERE book_id = %s AND position = ANY(%s)",
            (lease.book_id, list({row[1] for row in rows})),
            binary=True,
        ):
            event = decode_event(type_name, body)
            if not isinstance(event, EntryPosted | FactObserved | FactParked):
                raise BrokenLaw(f"book {lease.book!r}: a key points to position {position}, a {type_name}")
            facts[position] = told_fact(event)
        return {digest: Known(position, facts[position]) for digest, position in rows}

    def recall(self, lease: Lease, asked: Questions) -> Recalled:
        """What commands ask about (`recall.questions`): their keys, and the events at those positions."""
        positions: dict[bytes, int] = {}
        if asked.digests:
            positions = dict(self._positions(lease, asked.digests))
        wanted = {*positions.values(), *asked.positions}
        events = {}
        if wanted:
            events = {
                position: decode_event(type_name, body)
                for position, type_name, body in self.connection.execute(
                    "SELECT position, type, convert_to(body, 'UTF8') FROM ledger.events"
                    " WHERE book_id = %s AND position = ANY(%s)",
                    (lease.book_id, list(wanted)),
                    binary=True,
                )
            }
        return Recalled(positions, events, StoredHistory(self.connection, lease.book, lease.book_id))

    def history(self, book: str) -> Iterator[Recorded]:
        """Every appended event of a book, from the first one."""
        for page in iterate_events(self.connection, book):
            yield from page

    def known_raw(self, lease: Lease, digests: Sequence[bytes]) -> dict[bytes, Teller]:
        """Which of these raw records the book has seen already, and by whom they were told."""
        if not digests:
            return {}
        rows = self.connection.execute(
            "SELECT digest, source, account, context FROM ledger.raw_records WHERE book_id = %s AND digest = ANY(%s)",
            (lease.book_id, DigestArray(digests)),
            binary=True,
        )
        return {digest: Teller(source, account, context) for digest, source, account, context in rows}

    def known_deliveries(self, lease: Lease, deliveries: Sequence[str]) -> Mapping[str, bytes]:
        """Which command records the book has answered already: their names, and the digests of their bytes."""
        return known_deliveries(self.connection, lease.book_id, deliveries)

    def offsets(self) -> dict[tuple[str, int], int]:
        """Next offset of every input partition that was ever read."""
        rows = self.connection.execute("SELECT topic, partition, next_offset FROM ledger.input_offsets")
        return {(topic, partition): next_offset for topic, partition, next_offset in rows}

    @staticmethod
    def prepare(
        lease: Lease,
        book: Book,
        decided: Decided,
        raw_records: Sequence[RawRecord] = (),
        redriven: Sequence[Redriven] = (),
    ) -> BookAppend:
        """The append that makes `decided` true; `book` already stands after it."""
        return append_of(lease, book, decided, raw_records, redriven)

    def append(
        self,
        appends: Sequence[BookAppend],
        offsets: Sequence[InputOffset] = (),
        dead_letters: Sequence[DeadLetter] = (),
    ) -> None:
        """Make a batch true in one transaction, or nothing of it.

        A lost connection leaves open whether the commit happened: the caller discards its books, takes and loads them
        again, and goes on at the stored offsets, which is right in both cases.

        Raises:
            Fenced: another writer has the book or the partition.
        """
        self._recorder.append(appends, offsets, dead_letters)

    def snapshot_due(self, book: Book, every_events: int = 0) -> bool:
        """True when the book has grown by `every_events` since it was loaded or last kept; 0 for `snapshot_every`."""
        return book.version - self._snapshot_at.get(book.id, 0) >= (every_events or snapshot_every(book))

    def snapshot(self, book: Book) -> None:
        """Keep the book's memory, so that loading need not replay all events; everything in it must be appended."""
        self._application.take_book_snapshot(book)
        self._snapshot_at[book.id] = book.version

    def _positions(self, lease: Lease, digests: Sequence[bytes]) -> list[tuple[bytes, int]]:
        return self.connection.execute(
            _POSITIONS, {"book_id": lease.book_id, "digests": KeyArray(digests)}, binary=True
        ).fetchall()

    def _take(self, names: Sequence[str]) -> dict[str, Lease]:
        leases = {}
        with self.connection.transaction():
            self.connection.execute("SELECT set_config('lock_timeout', %s, true)", (str(LOCK_WAIT_MS),))
            for name in sorted(set(names)):
                row = self.connection.execute(
                    "INSERT INTO ledger.books (book, epoch, seal) VALUES (%s, 1, %s) "
                    "ON CONFLICT (book) DO UPDATE SET epoch = ledger.books.epoch + 1 RETURNING book_id, epoch",
                    (name, GENESIS),
                ).fetchone()
                assert row is not None
                leases[name] = Lease(name, row[0], row[1])
        return leases

    def _end_overdue(self) -> None:
        """End writers that PostgreSQL should have ended: while it waits for rows of a COPY it looks at no timeout."""
        self.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database() AND usename = current_user AND state = 'active'"
            " AND wait_event = 'ClientRead' AND xact_start < clock_timestamp() - %s * interval '1 millisecond'",
            (APPLICATION_NAME, TRANSACTION_TIMEOUT_MS),
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Loading makes millions of objects and lets go of none: Python would look through all of them again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def balances_of(book: Book) -> Mapping[tuple[str, str], int]:
    """Debits minus credits of every account and currency, in minor units."""
    return {key: debits - credits for key, (debits, credits) in book.balances.items()}
