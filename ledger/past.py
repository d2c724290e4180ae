"""The past of a book: what was posted and held as of a date, as it was known at a position.

A store answers for what it has (`History`); what is decided and not visible there yet is folded after it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ledger.command_events import TrialLine
from ledger.events import Recorded
from ledger.hindsight import held_at
from ledger.trial_balance import Key, Sums, add_entry, trial_lines


class History(Protocol):
    """What a store tells of the appended events of one book."""

    def head(self) -> int:
        """Position of the last one."""

    def sums(self, upto: int, as_of: str, key: Key | None) -> Sums:
        """Posted debits and credits by account and currency, in minor units.

        Args:
            upto: only what was known at this position, which is not past the head.
            as_of: only what counts on this date or before; everything when empty.
            key: only this account and currency.
        """

    def of_holds(self, upto: int) -> Iterable[Recorded]:
        """The events that move a hold or the clock, in order; others may be among them."""


class NoHistory:
    """The past of a book without one."""

    def head(self) -> int:
        """Nothing."""
        return 0

    def sums(self, upto: int, as_of: str, key: Key | None) -> Sums:
        """Nothing."""
        return {}

    def of_holds(self, upto: int) -> Iterable[Recorded]:
        """Nothing."""
        return ()


class Past:
    """A store's history and the events after it."""

    def __init__(self, history: History, later: Sequence[Recorded]) -> None:
        """`later` is in order of position; those that the store has already are passed over."""
        self._history = history
        self._later = later

    def posted(self, key: Key, as_of: str, at_position: int) -> Sequence[int]:
        """Debits and credits of one account and currency; `at_position` 0 for all that is known."""
        return self._sums(key, as_of, at_position).get(key, (0, 0))

    def held(self, key: Key, as_of: str, at_position: int) -> Sequence[int]:
        """As `posted`, for open holds."""
        head, upto = self._reach(at_position)
        stored = self._history.of_holds(min(head, upto))
        return held_at(self._chained(stored, head, upto), key, as_of)

    def trial_balance(self, as_of: str) -> tuple[TrialLine, ...]:
        """Every account and currency in which something was posted by `as_of`."""
        return trial_lines(self._sums(None, as_of, 0))

    def _sums(self, key: Key | None, as_of: str, at_position: int) -> Sums:
        head, upto = self._reach(at_position)
        sums = self._history.sums(min(head, upto), as_of, key)
        for recorded in self._after(head, upto):
            add_entry(sums, recorded, as_of, key)
        return sums

    def _reach(self, at_position: int) -> tuple[int, int]:
        return self._history.head(), at_position or 2**62

    def _after(self, head: int, upto: int) -> Iterator[Recorded]:
        return (recorded for recorded in self._later if head < recorded.position <= upto)

    def _chained(self, stored: Iterable[Recorded], head: int, upto: int) -> Iterator[Recorded]:
        yield from stored
        yield from self._after(head, upto)
