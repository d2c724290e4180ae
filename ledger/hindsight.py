"""Hindsight: one account as of a date, as it was known at a position. A plain fold over the journal.

An entry counts on its effective date. A hold counts from its effective date on until it ends: by a capture on the
capture's date, by a release or by the clock on the book's day of that moment. A hold of facts is what those of its
facts make of it that count by then.
"""

from collections.abc import Iterable, Sequence

from ledger.command_events import ClockMoved, HoldExpired, HoldPlaced, HoldReleased
from ledger.commands import Capture
from ledger.entries import Line
from ledger.events import EntryPosted, FactObserved, Recorded
from ledger.fact_holds import FactHold, after, hold_digest, left_of
from ledger.remainder import subtract
from ledger.times import day_of
from ledger.trial_balance import effective_day


def sums_at(
    events: Iterable[Recorded], key: tuple[str, str], *, as_of: str = "", at_position: int = 0
) -> tuple[list[int], list[int]]:
    """Posted and held debits and credits of an account and currency, in minor units.

    Args:
        events: the book's events from the first one.
        as_of: only what counts on this date or before; everything when empty.
        at_position: only what was known at this position; everything when 0.
    """
    posted, held = [0, 0], [0, 0]
    holds: dict[int, tuple[Line, ...]] = {}
    fact_holds: dict[bytes, FactHold] = {}
    clock_us = 0
    for recorded in events:
        if at_position and recorded.position > at_position:
            break
        if recorded.type not in _TYPES:
            continue
        event = recorded.event()
        today = day_of(clock_us or recorded.recorded_at_us)
        match event:
            case ClockMoved():
                clock_us = event.at_us
            case EntryPosted():
                if as_of and effective_day(event.fact.effective_at, recorded.recorded_at_us) > as_of:
                    continue
                _add(posted, event.lines, key, 1)
                if event.hold_step is not None:
                    _step(held, fact_holds, recorded.position, event, key)
                elif event.hold in holds:
                    _capture(held, holds, event, key)
            case FactObserved():
                if event.hold_step is None:
                    continue
                if not as_of or effective_day(event.fact.effective_at, recorded.recorded_at_us) <= as_of:
                    _step(held, fact_holds, recorded.position, event, key)
            case HoldPlaced():
                if not as_of or event.effective_at[:10] <= as_of:
                    _add(held, event.lines, key, 1)
                    holds[recorded.position] = event.lines
            case HoldReleased() | HoldExpired():
                if event.hold in holds and (not as_of or today <= as_of):
                    _add(held, holds.pop(event.hold), key, -1)
            case _:
                pass
    return posted, held


_TYPES = frozenset(
    cls.__name__ for cls in (EntryPosted, FactObserved, ClockMoved, HoldPlaced, HoldReleased, HoldExpired)
)


def _capture(held: list[int], holds: dict[int, tuple[Line, ...]], event: EntryPosted, key: tuple[str, str]) -> None:
    lines = holds.pop(event.hold)
    _add(held, lines, key, -1)
    left = subtract(lines, event.lines)
    if left and isinstance(event.command, Capture) and event.command.rest == "keep":
        holds[event.hold] = left
        _add(held, left, key, 1)


def _step(
    held: list[int],
    holds: dict[bytes, FactHold],
    position: int,
    event: EntryPosted | FactObserved,
    key: tuple[str, str],
) -> None:
    step = event.hold_step
    assert step is not None
    if step.late:
        return
    digest = hold_digest(event.fact.source, event.fact.account, step.name)
    hold = holds.pop(digest, None)
    new = after(hold, step, position, event.lines if isinstance(event, EntryPosted) else ())
    _add(held, left_of(hold), key, -1)
    _add(held, left_of(new), key, 1)
    if new is not None:
        holds[digest] = new


def _add(sums: list[int], lines: Sequence[Line], key: tuple[str, str], factor: int) -> None:
    for line in lines:
        if (line.account, line.currency) == key:
            sums[line.side == "credit"] += factor * int(line.amount)
