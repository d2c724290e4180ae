"""The memory of a book as a value: kept as a snapshot, and digested to compare two books.

A snapshot only saves time; the events alone decide. It is laid out for a million accounts: in the order in which the
book has them, numbers as numbers, compressed. What older snapshots kept in another form is still read.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import cramjam
import msgspec

from ledger.accounts import Account
from ledger.book import Book, Known
from ledger.entries import Line
from ledger.fact_holds import FactHold
from ledger.holds import OpenHold
from ledger.periods import Closing
from ledger.rules import RuleSet

SNAPSHOT_EVERY_EVENTS_MIN: Final = 100_000
COMPRESSION_LEVEL: Final = 1
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_INTEGER_MAX: Final = 2**63 - 1  # MessagePack ends at 64 bits; larger sums are decimal text

Sums = Mapping[tuple[str, str], Sequence[int]]
# currency -> account -> debits and credits in minor units
KeptSums = dict[str, dict[str, tuple[int | str, int | str]]]
# account, currency, debits, credits
SumRows = list[tuple[str, str, str, str]]


class BookSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The memory of a book at a position; whatever it holds can be rebuilt from the events.

    Attributes:
        chart: the accounts.
        posted, reserved: sums of entries and of open holds.
        accounts, balances, held: the same in the form of older snapshots.
    """

    book: str
    position: int
    recorded_at_us: int
    seal: bytes
    rules: dict[str, Any]
    parked: list[tuple[bytes, list[Known]]]
    chart: list[Account] = []
    posted: KeptSums = {}
    reserved: KeptSums = {}
    holds: list[tuple[int, OpenHold]] = []
    reversed: list[tuple[int, tuple[Line, ...]]] = []
    clock_us: int = 0
    closings: tuple[Closing, ...] = ()
    fact_holds: list[tuple[bytes, FactHold]] = []
    accounts: dict[str, Account] = {}
    balances: SumRows = []
    held: SumRows = []

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
            rules=book.rules.document if book.rules else {},
            parked=list(book.parked.items()),
            chart=list(book.accounts.values()),
            posted=_kept(book.balances),
            reserved=_kept(book.held),
            holds=list(book.holds.items()),
            reversed=list(book.reversed.items()),
            clock_us=book.clock_us,
            closings=book.closings,
            fact_holds=list(book.fact_holds.items()),
        )

    def restore(self) -> Book:
        """A book with this memory."""
        book = Book(self.book)
        book.version = self.position
        book.recorded_at_us = self.recorded_at_us
        book.seal = self.seal
        book.accounts = self.accounts or {account.code: account for account in self.chart}
        book.watched = {code: account for code, account in book.accounts.items() if account.restricted}
        book.rules = RuleSet(self.rules) if self.rules else None
        book.balances = _sums(self.balances) or _restored(self.posted, book.accounts)
        book.parked = dict(self.parked)
        book.held = _sums(self.held) or _restored(self.reserved, book.accounts)
        book.holds = dict(self.holds)
        book.expiries = sorted((hold.expires_at_us, position) for position, hold in self.holds if hold.expires_at_us)
        book.reversed = dict(self.reversed)
        book.clock_us = self.clock_us
        book.closings = self.closings
        book.fact_holds = dict(self.fact_holds)
        return book


def encode_snapshot(snapshot: BookSnapshot) -> bytes:
    """MessagePack, compressed."""
    return bytes(cramjam.zstd.compress(msgspec.msgpack.encode(snapshot), level=COMPRESSION_LEVEL))


def decode_snapshot(raw: bytes) -> BookSnapshot:
    """Read a snapshot, also one that is not compressed."""
    body = cramjam.zstd.decompress(raw) if raw.startswith(_ZSTD_MAGIC) else raw
    return msgspec.msgpack.decode(body, type=BookSnapshot)


def snapshot_every(book: Book) -> int:
    """After how many events a snapshot of this book is worth its price: the larger the memory, the rarer.

    Keeping a snapshot costs the more the larger the memory is, replaying an event always the same.
    """
    return max(SNAPSHOT_EVERY_EVENTS_MIN, (len(book.accounts) + len(book.balances)) // 4)


def state_digest(book: Book) -> str:
    """BLAKE2b-256 of everything a book remembers, in hex: equal for two books exactly when they decide alike.

    The same whether the book got there by deciding, by replaying all its events, or by a snapshot and the rest.
    """
    state: dict[str, Any] = {
        "book": book.id,
        "position": book.version,
        "recorded_at_us": book.recorded_at_us,
        "seal": book.seal,
        "accounts": dict(sorted(book.accounts.items())),
        "rules": book.rules.document if book.rules else {},
        "balances": _rows(book.balances),
        "parked": sorted(book.parked.items()),
        "held": _rows(book.held),
        "holds": sorted(book.holds.items()),
        "reversed": sorted(book.reversed.items()),
        "clock_us": book.clock_us,
        "closings": book.closings,
    }
    if book.fact_holds:  # a book that never had one has the digest it had before there were any
        state["fact_holds"] = sorted(book.fact_holds.items())
    return blake2b(msgspec.json.encode(msgspec.to_builtins(state), order="sorted"), digest_size=32).hexdigest()


def _kept(sums: Sums) -> KeptSums:
    kept: KeptSums = {}
    for (account, currency), (debits, credits) in sums.items():
        if debits > _INTEGER_MAX or credits > _INTEGER_MAX:
            kept.setdefault(currency, {})[account] = (str(debits), str(credits))
        else:
            kept.setdefault(currency, {})[account] = (debits, credits)
    return kept


def _restored(kept: KeptSums, accounts: Mapping[str, Account]) -> dict[tuple[str, str], list[int]]:
    """The sums by account and currency, with the texts that the accounts have already: a million of them take room."""
    return {
        (accounts[account].code, currency): [int(debits), int(credits)]
        for currency, by_account in kept.items()
        for account, (debits, credits) in by_account.items()
    }


def _rows(sums: Sums) -> SumRows:
    return [(*key, str(debits), str(credits)) for key, (debits, credits) in sorted(sums.items())]


def _sums(rows: SumRows) -> dict[tuple[str, str], list[int]]:
    return {(account, currency): [int(debits), int(credits)] for account, currency, debits, credits in rows}
