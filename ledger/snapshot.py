"""The memory of a book as a value: kept as a snapshot, and digested to compare two books.

A snapshot only saves time; the events alone decide. A field that an older snapshot lacks has the value that a book had
when nothing of the kind could happen yet.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from ledger.accounts import Account
from ledger.book import Book, Known
from ledger.entries import Line
from ledger.fact_holds import FactHold
from ledger.holds import OpenHold
from ledger.periods import Closing
from ledger.rules import RuleSet

SNAPSHOT_EVERY_EVENTS_MIN: Final = 50_000


class BookSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of a book at a position; whatever it holds can be rebuilt from the events."""

    book: str
    position: int
    recorded_at_us: int
    seal: bytes
    accounts: dict[str, Account]
    rules: dict[str, Any]
    balances: list[tuple[str, str, str, str]]
    parked: list[tuple[bytes, list[Known]]]
    held: list[tuple[str, str, str, str]] = []
    holds: list[tuple[int, OpenHold]] = []
    reversed: list[tuple[int, tuple[Line, ...]]] = []
    clock_us: int = 0
    closings: tuple[Closing, ...] = ()
    fact_holds: list[tuple[bytes, FactHold]] = []

    @property
    def originator_id(self) -> str:
        """The book."""
        return self.book

    @property
    def originator_version(self) -> int:
        """The position."""
        return self.position

    @classmethod
    def take(cls, book: Book) -> "BookSnapshot":
        """What `book` remembers now."""
        return cls(
            book=book.id,
            position=book.version,
            recorded_at_us=book.recorded_at_us,
            seal=book.seal,
            accounts=dict(sorted(book.accounts.items())),
            rules=book.rules.document if book.rules else {},
            balances=_rows(book.balances),
            parked=sorted(book.parked.items()),
            held=_rows(book.held),
            holds=sorted(book.holds.items()),
            reversed=sorted(book.reversed.items()),
            clock_us=book.clock_us,
            closings=book.closings,
            fact_holds=sorted(book.fact_holds.items()),
        )

    def restore(self) -> Book:
        """A book with this memory."""
        book = Book(self.book)
        book.version = self.position
        book.recorded_at_us = self.recorded_at_us
        book.seal = self.seal
        book.accounts = self.accounts
        book.watched = {code: account for code, account in self.accounts.items() if account.restricted}
        book.rules = RuleSet(self.rules) if self.rules else None
        book.balances = _sums(self.balances)
        book.parked = dict(self.parked)
        book.held = _sums(self.held)
        book.holds = dict(self.holds)
        book.expiries = sorted((hold.expires_at_us, position) for position, hold in self.holds if hold.expires_at_us)
        book.reversed = dict(self.reversed)
        book.clock_us = self.clock_us
        book.closings = self.closings
        book.fact_holds = dict(self.fact_holds)
        return book


def snapshot_every(book: Book) -> int:
    """After how many events a snapshot of this book is worth its price: the larger the memory, the rarer.

    Keeping a snapshot costs the more the larger the memory is, replaying an event always the same.
    """
    return max(SNAPSHOT_EVERY_EVENTS_MIN, (len(book.accounts) + len(book.balances)) // 2)


def state_digest(book: Book) -> str:
    """BLAKE2b-256 of everything a book remembers, in hex: equal for two books exactly when they decide alike.

    The same whether the book got there by deciding, by replaying all its events, or by a snapshot and the rest.
    """
    state = msgspec.to_builtins(BookSnapshot.take(book))
    if not state["fact_holds"]:
        del state["fact_holds"]  # a book that never had one has the digest it had before there were any
    return blake2b(msgspec.json.encode(state, order="sorted"), digest_size=32).hexdigest()


def _rows(sums: Mapping[tuple[str, str], Sequence[int]]) -> list[tuple[str, str, str, str]]:
    return [(*key, str(debits), str(credits)) for key, (debits, credits) in sorted(sums.items())]


def _sums(rows: Sequence[tuple[str, str, str, str]]) -> dict[tuple[str, str], list[int]]:
    return {(account, currency): [int(debits), int(credits)] for account, currency, debits, credits in rows}
