"""What the ledger asks of a store, whichever it is: PostgreSQL (`store`) or the memory of this process."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ledger.accounts import Chart
from ledger.batch import BookAppend, DeadLetter, InputOffset, RawRecord, Redriven, Teller
from ledger.book import Book, Decided, Known
from ledger.events import Recorded
from ledger.lease import Lease
from ledger.recall import Questions, Recalled
from ledger.rules import RuleSet


class Storage(Protocol):
    """The store of one writer; the methods mean what they mean in `store.Store`."""

    def close(self) -> None:
        """Let go of what is open; whatever was not appended is gone."""

    def books(self) -> dict[str, int]:
        """Head position of every book."""

    def take(self, names: Sequence[str]) -> dict[str, Lease]:
        """Become the writer of these books; every older lease is fenced."""

    def load(self, name: str) -> Book:
        """The book at its stored head."""

    def open_book(self, lease: Lease, book: Book, chart: Chart, rules: RuleSet, now_us: int) -> None:
        """Open an empty book and append its first event."""

    def known(self, lease: Lease, digests: Sequence[bytes]) -> dict[bytes, Known]:
        """The facts that the book decided before under these digests."""

    def recall(self, lease: Lease, asked: Questions) -> Recalled:
        """What commands ask about."""

    def history(self, book: str) -> Iterator[Recorded]:
        """Every appended event of a book, from the first one."""

    def known_raw(self, lease: Lease, digests: Sequence[bytes]) -> dict[bytes, Teller]:
        """Which of these raw records the book has seen already, and by whom they were told."""

    def offsets(self) -> dict[tuple[str, int], int]:
        """Next offset of every input partition that was ever read."""

    def prepare(
        self,
        lease: Lease,
        book: Book,
        decided: Decided,
        raw_records: Sequence[RawRecord] = (),
        redriven: Sequence[Redriven] = (),
    ) -> BookAppend:
        """The append that makes `decided` true."""

    def append(
        self,
        appends: Sequence[BookAppend],
        offsets: Sequence[InputOffset] = (),
        dead_letters: Sequence[DeadLetter] = (),
    ) -> None:
        """Make a batch true, or nothing of it; raises `Fenced`."""

    def snapshot_due(self, book: Book, every_events: int = ...) -> bool:
        """True when the book has grown by `every_events` since it was loaded or last kept; 0 for `snapshot_every`."""

    def snapshot(self, book: Book) -> None:
        """Keep the book's memory."""
