"""Closed periods: up to which date a book is closed, and by which event.

Closings are kept by date; a date belongs to the first closing that covers it.
"""

from bisect import bisect_left

import msgspec

from ledger.events import EntryPosted, FactObserved, FactParked
from ledger.facts import Fact
from ledger.times import day_after, day_before, is_day


class Closing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A date up to which the book is closed, that day included, and the position of the event that closed it."""

    through: str
    position: int


def closing_of(closings: tuple[Closing, ...], day: str) -> Closing | None:
    """The closing that covers `day`; None when the day is open."""
    at = bisect_left(closings, day, key=lambda closing: closing.through)
    return closings[at] if at < len(closings) else None


def first_open_day(closings: tuple[Closing, ...]) -> str:
    """The day after the last closed one; empty when nothing is closed."""
    return day_after(closings[-1].through) if closings else ""


def reopened(closings: tuple[Closing, ...], since: str) -> tuple[Closing, ...]:
    """The closings that stay when the book is open again from `since` on."""
    kept = [closing for closing in closings if closing.through < since]
    cut = next((closing for closing in closings if closing.through >= since), None)
    before = day_before(since)
    if cut is not None and before > (kept[-1].through if kept else ""):
        kept.append(Closing(before, cut.position))
    return tuple(kept)


def in_open_period(event: EntryPosted, closings: tuple[Closing, ...]) -> EntryPosted:
    """The entry of a fact, on the first open day when its own lies in a closed period; it then points to the closing.

    A date that is none stays as it was told: outside input is not refused for it (law 6).
    """
    told = event.fact.effective_at
    if not is_day(told[:10]):
        return event
    closing = closing_of(closings, told[:10])
    if closing is None:
        return event
    fact = msgspec.structs.replace(event.fact, effective_at=first_open_day(closings))
    return msgspec.structs.replace(event, fact=fact, original_effective_at=told, closed_by=closing.position)


def told_fact(event: EntryPosted | FactObserved | FactParked) -> Fact:
    """The fact as it was told, with its own date even when it counts on another."""
    if isinstance(event, EntryPosted) and event.original_effective_at:
        return msgspec.structs.replace(event.fact, effective_at=event.original_effective_at)
    return event.fact
