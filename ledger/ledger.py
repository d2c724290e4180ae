"""The ledger as a library: one book, its writer, its answers. The same over PostgreSQL and in memory.

::

    ledger = Ledger.open(MemoryStore(), "main")
    answers = ledger.apply([b'{"command":"post","key":"1","lines":[...]}'])

Every call is one batch: decided, appended, and only then answered, so an answer is always of something durable.
"""

import time
from collections.abc import Callable, Iterable, Sequence

from ledger.accounts import Chart, load_chart
from ledger.answers import Answer
from ledger.book import Book, Decided
from ledger.commands import Command, Malformed, Query, decode_command
from ledger.desk import decide_commands
from ledger.errors import StoreError
from ledger.facts import Fact
from ledger.lease import Lease
from ledger.recall import questions
from ledger.rules import RuleSet, load_rules
from ledger.storage import Storage


class Ledger:
    """The writer of one book; not for use by more than one thread."""

    def __init__(self, store: Storage, lease: Lease, book: Book, now_us: Callable[[], int]) -> None:
        """Prefer `Ledger.open`."""
        self._store = store
        self._lease = lease
        self._book = book
        self._now_us = now_us
        self._failed = False

    @classmethod
    def open(
        cls,
        store: Storage,
        book: str,
        *,
        chart: Chart | None = None,
        rules: RuleSet | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> "Ledger":
        """Become the writer of `book`; whoever wrote it before is fenced.

        Args:
            store: a `Store` or a `MemoryStore`; it stays the caller's to close.
            chart, rules: what a new book is opened with; those that ship with the ledger when None.
            now_us: the clock for recorded time.
        """
        lease = store.take([book])[book]
        loaded = store.load(book)
        if loaded.version == 0:
            chart = chart if chart is not None else load_chart()
            rules = rules if rules is not None else load_rules()
            store.open_book(lease, loaded, chart, rules, now_us())
        return cls(store, lease, loaded, now_us)

    @property
    def book(self) -> Book:
        """What the book remembers now; to be read, never written."""
        return self._book

    def apply(self, commands: Iterable[Command | Malformed | bytes]) -> list[Answer]:
        """Decide commands (or their JSON) as one batch; one answer each, in order.

        Raises:
            ledger.errors.Fenced: another writer has the book now; nothing of the batch is true.
            ledger.errors.StoreError: an earlier call failed; open the ledger anew.
        """
        read = [decode_command(each) if isinstance(each, bytes) else each for each in commands]
        self._check()
        recalled = self._store.recall(self._lease, questions(read))
        done = decide_commands(self._book, read, recalled, self._now_us())
        self._append(done.decided)
        return done.answers

    def facts(self, facts: Sequence[Fact]) -> Decided:
        """Decide facts as one batch; raises as `apply` does."""
        self._check()
        known = self._store.known(self._lease, self._book.questions(facts))
        decided = self._book.decide(facts, known, self._now_us())
        self._append(decided)
        return decided

    def query(self, query: Query) -> Answer:
        """The answer of one query; it leaves no trace."""
        return self.apply([query])[0]

    def _check(self) -> None:
        if self._failed:
            raise StoreError(f"an append to book {self._book.id!r} failed: open the ledger anew")

    def _append(self, decided: Decided) -> None:
        # Also when nothing is new: an answer out of this memory is only true while the lease holds.
        self._failed = True
        self._store.append([self._store.prepare(self._lease, self._book, decided)])
        self._failed = False
        if self._store.snapshot_due(self._book):
            self._store.snapshot(self._book)
