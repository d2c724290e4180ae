"""The right to append to a book, until somebody else takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.batch import BookAppend, RawRecord, Redriven
from ledger.book import Book, Decided


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to append to one book.

    Attributes:
        epoch: raised by every take; an append with an older one is fenced.
    """

    book: str
    book_id: int
    epoch: int


def append_of(
    lease: Lease,
    book: Book,
    decided: Decided,
    raw_records: Sequence[RawRecord] = (),
    redriven: Sequence[Redriven] = (),
) -> BookAppend:
    """The append under `lease` that makes `decided` true; `book` already stands after it."""
    return BookAppend(
        book=book.id,
        book_id=lease.book_id,
        epoch=lease.epoch,
        expected_head=book.version - len(decided.events),
        events=decided.events,
        keys=decided.keys,
        references=decided.references,
        seal=book.seal,
        raw_records=raw_records,
        redriven=redriven,
    )
