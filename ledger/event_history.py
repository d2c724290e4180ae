"""The history of a book that is in the memory of this process: everything is folded, whatever is asked."""

from collections.abc import Iterable, Sequence

from ledger.events import Recorded
from ledger.trial_balance import Key, Sums, add_entry


class EventHistory:
    """A `past.History` over events from the first one on."""

    def __init__(self, events: Sequence[Recorded]) -> None:
        """`events` may grow while this is used."""
        self._events = events

    def head(self) -> int:
        """Position of the last event."""
        return len(self._events)

    def sums(self, upto: int, as_of: str, key: Key | None) -> Sums:
        """Posted debits and credits by account and currency."""
        sums: Sums = {}
        for recorded in self._events[:upto]:
            add_entry(sums, recorded, as_of, key)
        return sums

    def of_holds(self, upto: int) -> Iterable[Recorded]:
        """All events: whoever folds them passes over what is not about holds."""
        return self._events[:upto]
