"""Hindsight: what was held on one account as of a date. A fold over the events that move holds.

A hold counts from its effective date on until it ends: by a capture on the
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
from ledger.trial_balance import Key, effective_day, posted_of


def held_at(events: Iterable[Recorded], key: Key, as_of: str = "") -> tuple[int, int]:
    """Held debits and credits of an account and currency, in minor units.

    Args:
        events: those that move a hold or the clock, from the book's first one; others are passed over.
        as_of: only what counts on this date or before; everything when empty.
    """
    held = [0, 0]
    holds: dict[int, tuple[Line, ...]] = {}
    fact_holds: dict[bytes, FactHold] = {}
    clock_us = 0
    for recorded in events:
        if not moves_hold(recorded):
            continue
        event = recorded.event()
        today = day_of(clock_us or recorded.recorded_at_us)
        match event:
            case ClockMoved():
                clock_us = event.at_us
            case EntryPosted() | FactObserved():
                if as_of and effective_day(event.fact.effective_at, recorded.recorded_at_us) > as_of:
                    continue
                if event.hold_step is not None:
                    _step(held, fact_holds, recorded.position, event, key)
                elif isinstance(event, EntryPosted) and event.hold in holds:
                    _capture(held, holds, event, key)
            case HoldPlaced():
                if not as_of or event.effective_at[:10] <= as_of:
                    _add(held, event.lines, key, 1)
                    holds[recorded.position] = event.lines
            case HoldReleased() | HoldExpired():
                if event.hold in holds and (not as_of or today <= as_of):
                    _add(held, holds.pop(event.hold), key, -1)
            case _:
                pass
    return held[0], held[1]


def moves_hold(recorded: Recorded) -> bool:
    """True for an event that places, captures or ends a hold, or moves the clock, on whose day others end."""
    if recorded.type == "EntryPosted":
        return posted_of(recorded).moves_hold
    if recorded.type == "FactObserved":
        return b'"hold_step":' in recorded.body  # true of a text that says so as well: one more is passed over
    return recorded.type in _TYPES


_TYPES = frozenset(cls.__name__ for cls in (ClockMoved, HoldPlaced, HoldReleased, HoldExpired))


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
