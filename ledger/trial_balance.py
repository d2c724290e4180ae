"""The trial balance: debits and credits of every account and currency, as of a date, as known at a position.

A plain fold over the journal. An entry counts on its effective date, or on the day it was recorded when that is no
date.
"""

from collections.abc import Iterable

from ledger.command_events import TrialLine
from ledger.events import EntryPosted, Recorded
from ledger.times import day_of, is_day


def trial_balance(events: Iterable[Recorded], *, as_of: str = "", at_position: int = 0) -> tuple[TrialLine, ...]:
    """Rows sorted by account and currency; debits and credits are equal in sum in every currency (law 1).

    Args:
        events: the book's events from the first one.
        as_of: only entries that count on this date or before; all when empty.
        at_position: only events up to this position; all when 0.
    """
    sums: dict[tuple[str, str], list[int]] = {}
    for recorded in events:
        if at_position and recorded.position > at_position:
            break
        if recorded.type != "EntryPosted":
            continue
        event = recorded.event()
        assert isinstance(event, EntryPosted)
        if as_of and effective_day(event.fact.effective_at, recorded.recorded_at_us) > as_of:
            continue
        for line in event.lines:
            both = sums.setdefault((line.account, line.currency), [0, 0])
            both[line.side == "credit"] += int(line.amount)
    return tuple(
        TrialLine(account, currency, str(debits), str(credits))
        for (account, currency), (debits, credits) in sorted(sums.items())
    )


def effective_day(effective_at: str, recorded_at_us: int) -> str:
    """The day on which an entry counts."""
    day = effective_at[:10]
    return day if is_day(day) else day_of(recorded_at_us)
