"""Verification: read every book from its first event and check each law again, trusting only the events.

What it finds is listed, not raised, so that one broken book does not hide another.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import psycopg

from ledger.book import Book
from ledger.day_sums_verification import KeptSums
from ledger.errors import LedgerError
from ledger.events import EntryPosted, FactObserved, FactParked, JournalEvent, Recorded
from ledger.facts import Fact, name_digest, reference_digest
from ledger.journal import heads, iterate_events
from ledger.periods import Closing, closing_of
from ledger.times import is_day


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        law: short name of what is broken: ``balance``, ``sequence``, ``key``, ``seal``, ``head``,
            ``period``, ``day_sums``.
        position: where, 0 for the whole book.
    """

    book: str
    law: str
    position: int
    detail: str


@dataclass(frozen=True, slots=True)
class BookReport:
    """What was read of one book."""

    book: str
    events: int
    entries: int
    seal: str
    findings: tuple[Finding, ...]


def verify_ledger(connection: psycopg.Connection, progress: Callable[[str], None] = lambda _: None) -> list[BookReport]:
    """Verify every book in one snapshot of the database; one report a book.

    Laws checked: debits equal credits per currency (1), positions gapless and time not backwards (2, 5), each key
    decided once and every decided key on record (3), no entry in a period that was closed, head
    and every stored seal equal to the recomputed chain, kept sums by day those of the entries.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return [_verify_book(connection, name, progress) for name in heads(connection)]


def _verify_book(connection: psycopg.Connection, name: str, progress: Callable[[str], None]) -> BookReport:
    row = connection.execute("SELECT book_id, head, seal FROM ledger.books WHERE book = %s", (name,)).fetchone()
    assert row is not None
    book_id, head, head_seal = row
    seals: dict[int, bytes] = dict(
        connection.execute("SELECT position, seal FROM ledger.seals WHERE book_id = %s", (book_id,)).fetchall()
    )
    found: list[Finding] = []
    book = Book(name)
    keys = _Keys(name)
    kept_sums = KeptSums(connection, book_id)
    entries = 0
    try:
        for page in iterate_events(connection, name):
            for recorded in page:
                closings = book.closings
                digests = book.apply(recorded)
                event = recorded.event()
                entries += isinstance(event, EntryPosted)
                keys.see(recorded.position, event, found)
                keys.see_digests(recorded.position, digests, found)
                found.extend(_in_closed_period(name, recorded, event, closings))
                found.extend(Finding(name, "day_sums", at, detail) for at, detail in kept_sums.see(recorded))
                stored = seals.pop(recorded.position, None)
                if stored is not None and bytes(stored) != book.seal:
                    found.append(Finding(name, "seal", recorded.position, "the stored seal is not that of the events"))
            progress(f"{name}: {book.version:,} of {head:,} events")
    except LedgerError as error:
        found.append(Finding(name, "sequence", book.version, str(error)))
    if book.version != head or book.seal != bytes(head_seal):
        found.append(Finding(name, "head", head, f"the events lead to position {book.version} or another seal"))
    found.extend(Finding(name, "seal", position, "a seal without an event") for position in sorted(seals))
    found.extend(Finding(name, "day_sums", at, detail) for at, detail in kept_sums.rest())
    found.extend(keys.compare(connection, book_id))
    return BookReport(name, book.version, entries, book.seal.hex(), tuple(found))


def _in_closed_period(
    book: str, recorded: Recorded, event: JournalEvent, closings: tuple[Closing, ...]
) -> Iterator[Finding]:
    """An entry counts in an open period, whatever date it was told with; one whose date is no date is let be."""
    if isinstance(event, EntryPosted) and is_day(event.fact.effective_at[:10]):
        closing = closing_of(closings, event.fact.effective_at[:10])
        if closing is not None:
            detail = f"an entry on {event.fact.effective_at}, closed through {closing.through}"
            yield Finding(book, "period", recorded.position, detail)


class _Keys:
    """Which keys the events decided, to be held against the stored ones."""

    def __init__(self, book: str) -> None:
        self.book = book
        self.keys: dict[bytes, int] = {}
        self.references: dict[bytes, int] = {}
        self.commands: dict[bytes, int] = {}

    def see(self, position: int, event: JournalEvent, found: list[Finding]) -> None:
        if not isinstance(event, EntryPosted | FactObserved | FactParked):
            return
        if isinstance(event, EntryPosted) and event.command is not None:
            return
        digest = name_digest(event.fact.key)
        released = 0 if isinstance(event, FactParked) else event.released
        if released:
            if self.keys.get(digest) != released:
                found.append(Finding(self.book, "key", position, f"released from {released}, where it was not parked"))
        elif digest in self.keys:
            detail = f"key {event.fact.key!r} was decided at position {self.keys[digest]} already"
            found.append(Finding(self.book, "key", position, detail))
        else:
            self.keys[digest] = position
        if not isinstance(event, FactParked):
            self._see_references(position, event.fact)

    def see_digests(self, position: int, digests: Iterable[bytes], found: list[Finding]) -> None:
        """Keys of commands and ends of holds: each is put on record once."""
        for digest in digests:
            if digest in self.commands:
                detail = f"a key of a command, or the end of a hold, stands at position {self.commands[digest]} already"
                found.append(Finding(self.book, "key", position, detail))
            else:
                self.commands[digest] = position

    def _see_references(self, position: int, fact: Fact) -> None:
        for reference in fact.references:
            self.references.setdefault(reference_digest(reference), position)

    def compare(self, connection: psycopg.Connection, book_id: int) -> list[Finding]:
        found = []
        expected = {**self.keys, **self.references, **self.commands}
        with connection.cursor(name="decided_keys") as cursor:
            cursor.itersize = 20_000
            cursor.execute("SELECT digest, position FROM ledger.decided_keys WHERE book_id = %s", (book_id,))
            for digest, position in cursor:
                if expected.pop(bytes(digest), None) != position:
                    found.append(Finding(self.book, "key", position, "a stored key that no event decided there"))
        for position in expected.values():
            found.append(Finding(self.book, "key", position, "a decided key is not on record"))
        return found
