"""A store in the memory of this process, with the laws of the real one: for tries, tests and short-lived books.

It keeps every law that PostgreSQL keeps for us (one writer fenced by epoch, head and offset; a key once; all or
nothing) and passes the same contract tests. It does not survive the process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ledger.accounts import Chart
from ledger.batch import BookAppend, DeadLetter, InputOffset, RawRecord, Redriven, Teller
from ledger.book import Book, Decided, Known
from ledger.errors import BrokenLaw, Fenced
from ledger.event_history import EventHistory
from ledger.events import EntryPosted, FactObserved, FactParked, Recorded
from ledger.lease import Lease, append_of
from ledger.periods import told_fact
from ledger.recall import Questions, Recalled
from ledger.rules import RuleSet
from ledger.seals import GENESIS
from ledger.snapshot import BookSnapshot, decode_snapshot, encode_snapshot, snapshot_every


@dataclass(slots=True)
class _Kept:
    book_id: int
    epoch: int = 0
    seal: bytes = GENESIS
    events: list[Recorded] = field(default_factory=list)
    keys: dict[bytes, int] = field(default_factory=dict)
    raw_records: dict[bytes, RawRecord] = field(default_factory=dict)
    redriven: list[Redriven] = field(default_factory=list)
    snapshot: bytes = b""


@dataclass(slots=True)
class Memory:
    """What several stores may share, as they share a database."""

    books: dict[str, _Kept] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)


class MemoryStore:
    """The store of one writer. `memory` is what it keeps, shared by every store that is given the same one."""

    def __init__(self, memory: Memory | None = None) -> None:
        """A store of its own, or one more on a shared memory."""
        self.memory = memory if memory is not None else Memory()
        self._snapshot_at: dict[str, int] = {}

    def close(self) -> None:
        """Nothing is open."""

    def books(self) -> dict[str, int]:
        """Head position of every book."""
        return {name: len(kept.events) for name, kept in sorted(self.memory.books.items())}

    def take(self, names: Sequence[str]) -> dict[str, Lease]:
        """Become the writer of these books, creating those that do not exist; every older lease is fenced."""
        leases = {}
        for name in sorted(set(names)):
            kept = self.memory.books.setdefault(name, _Kept(len(self.memory.books) + 1))
            kept.epoch += 1
            leases[name] = Lease(name, kept.book_id, kept.epoch)
        return leases

    def load(self, name: str) -> Book:
        """The book at its stored head, from the snapshot and the events after it; raises `BrokenLaw`."""
        kept = self.memory.books.get(name)
        book = Book(name)
        if kept is not None:
            if kept.snapshot:
                book = decode_snapshot(kept.snapshot).restore()
            for event in kept.events[book.version :]:
                book.apply(event)
            if book.seal != kept.seal:
                raise BrokenLaw(f"book {name!r}: the events lead to another seal than the head's")
        self._snapshot_at[name] = book.version
        return book

    def open_book(self, lease: Lease, book: Book, chart: Chart, rules: RuleSet, now_us: int) -> None:
        """Open an empty book and append its first event."""
        self.append([self.prepare(lease, book, book.open(chart, rules, now_us))])

    def known(self, lease: Lease, digests: Sequence[bytes]) -> dict[bytes, Known]:
        """For each digest that the book has decided before: the fact and its position (law 3)."""
        kept = self.memory.books[lease.book]
        found = {}
        for digest in digests:
            position = kept.keys.get(digest)
            if position is None:
                continue
            event = kept.events[position - 1].event()
            if not isinstance(event, EntryPosted | FactObserved | FactParked):
                raise BrokenLaw(f"book {lease.book!r}: a key points to position {position}, which holds no fact")
            found[digest] = Known(position, told_fact(event))
        return found

    def recall(self, lease: Lease, asked: Questions) -> Recalled:
        """What commands ask about: their keys, and the events at those positions."""
        kept = self.memory.books[lease.book]
        positions = {digest: kept.keys[digest] for digest in asked.digests if digest in kept.keys}
        wanted = {*positions.values(), *asked.positions}
        events = {at: kept.events[at - 1].event() for at in wanted if 0 < at <= len(kept.events)}
        return Recalled(positions, events, EventHistory(kept.events))

    def history(self, book: str) -> Iterator[Recorded]:
        """Every appended event of a book, from the first one."""
        return iter(tuple(self.memory.books[book].events))

    def known_raw(self, lease: Lease, digests: Sequence[bytes]) -> dict[bytes, Teller]:
        """Which of these raw records the book has seen already, and by whom they were told."""
        seen = self.memory.books[lease.book].raw_records
        return {digest: seen[digest].teller for digest in digests if digest in seen}

    def offsets(self) -> dict[tuple[str, int], int]:
        """Next offset of every input partition that was ever read."""
        return dict(self.memory.offsets)

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
        """Make a batch true, or nothing of it: everything is checked before anything is kept.

        Raises:
            Fenced: another writer has the book or the partition.
            BrokenLaw: positions with a gap, or a key that is on record already.
        """
        for append in appends:
            self._check(append)
        for offset in offsets:
            if self.memory.offsets.get((offset.topic, offset.partition)) != offset.expected:
                raise Fenced(f"{offset.topic}/{offset.partition} was read by somebody else past {offset.expected}")
        for append in appends:
            kept = self.memory.books[append.book]
            kept.events.extend(append.events)
            kept.keys.update(append.keys)
            kept.keys.update(append.references)
            kept.seal = append.seal
            kept.raw_records.update((raw.digest, raw) for raw in append.raw_records)
            kept.redriven.extend(append.redriven)
        for offset in offsets:
            self.memory.offsets[offset.topic, offset.partition] = offset.next_offset
        self.memory.dead_letters.extend(dead_letters)

    def snapshot_due(self, book: Book, every_events: int = 0) -> bool:
        """True when the book has grown by `every_events` since it was loaded or last kept; 0 for `snapshot_every`."""
        return book.version - self._snapshot_at.get(book.id, 0) >= (every_events or snapshot_every(book))

    def snapshot(self, book: Book) -> None:
        """Keep the book's memory, so that loading need not replay all events; everything in it must be appended."""
        self.memory.books[book.id].snapshot = encode_snapshot(BookSnapshot.take(book))
        self._snapshot_at[book.id] = book.version

    def _check(self, append: BookAppend) -> None:
        kept = self.memory.books[append.book]
        for number, event in enumerate(append.events, start=append.expected_head + 1):
            if event.position != number or event.book != append.book:
                raise BrokenLaw(
                    f"append to {append.book!r}: {event.book}/{event.position} stands where {number} belongs"
                )
        if (len(kept.events), kept.epoch) != (append.expected_head, append.epoch):
            raise Fenced(f"book {append.book!r} has another writer or head than {append.expected_head}/{append.epoch}")
        told = [digest for digest, _ in (*append.keys, *append.references)]
        if len(set(told)) != len(told) or not kept.keys.keys().isdisjoint(told):
            raise BrokenLaw(f"append to {append.book!r}: a key is on record already")
