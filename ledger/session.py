"""What every decision about a command may look at: the book, what is known of keys, and the book's time."""

from dataclasses import dataclass

from ledger.book import Book
from ledger.errors import CommandError
from ledger.events import JournalEvent, Recorded
from ledger.past import Past
from ledger.periods import closing_of, first_open_day
from ledger.recall import Recalled
from ledger.times import day_of, instant_us


@dataclass(frozen=True, slots=True)
class EffectiveDate:
    """When an entry counts.

    Attributes:
        at: what stands in the entry.
        original, closed_by: when that is not what was asked for: the date asked for, and the position of the closing.
    """

    at: str
    original: str = ""
    closed_by: int = 0


@dataclass(slots=True)
class Session:
    """One batch of commands on one book.

    Attributes:
        now_us: recorded time of the batch.
        events: what the batch has recorded so far.
    """

    book: Book
    recalled: Recalled
    now_us: int
    events: list[Recorded]
    _day: tuple[int, str] = (-1, "")

    @property
    def time_us(self) -> int:
        """The book's time: what its clock was told last, or the recorded time while nobody told it any."""
        return self.book.clock_us or self.now_us

    def _today(self) -> str:
        """The book's day; told anew only when its time has moved."""
        time_us = self.time_us
        if self._day[0] != time_us:
            self._day = (time_us, day_of(time_us))
        return self._day[1]

    def event_at(self, digest: bytes) -> tuple[int, JournalEvent | None]:
        """Position and event of a digest; 0 and None when it is not on record."""
        position = self.recalled.positions.get(digest, 0)
        return position, self.recalled.events.get(position)

    def past(self) -> Past:
        """What the book's events add up to, those of this batch included."""
        return Past(self.recalled.history, (*self.recalled.later, *self.events))

    def effective(self, told: str, to_open_period: bool) -> EffectiveDate:
        """When an entry counts; raises `CommandError` for a date that is none, or that lies in a closed period."""
        if told and instant_us(told) is None:
            detail = "a date is written 2026-01-31, a time 2026-01-31T09:30:00Z"
            raise CommandError("effective_at_malformed", "effective_at", told, detail)
        at = told or self._today()
        closing = closing_of(self.book.closings, at[:10])
        if closing is None:
            return EffectiveDate(at)
        first = first_open_day(self.book.closings)
        if not told:
            return EffectiveDate(first)
        if not to_open_period:
            detail = f"the book is closed through {self.book.closings[-1].through}; the first open day is {first}"
            raise CommandError("period_closed", "effective_at", told, detail, closing.position)
        return EffectiveDate(first, told, closing.position)
