"""The trial balance: debits and credits of every account and currency, as of a date, as known at a position.

An entry counts on its effective date, or on the day it was recorded when that is no date. This is the plain fold of the
journal that says what is right; `day_sums` keeps parts of it so that not every question folds everything.
"""

from collections.abc import Iterable

import msgspec

from ledger.command_events import TrialLine
from ledger.entries import Line
from ledger.errors import BrokenLaw
from ledger.events import Recorded
from ledger.times import day_of, is_day
from ledger.upcasting import upcast

Key = tuple[str, str]
Sums = dict[Key, list[int]]


class _When(msgspec.Struct, frozen=True, gc=False):
    effective_at: str


class Posted(msgspec.Struct, frozen=True, gc=False):
    """The part of an `EntryPosted` that a sum needs; `moves_hold` when it does something to a hold."""

    fact: _When
    lines: tuple[Line, ...]
    hold: int = 0
    hold_step: msgspec.Raw = msgspec.Raw(b"")

    @property
    def moves_hold(self) -> bool:
        """True for a capture, whether of a command or of a fact."""
        return bool(self.hold or self.hold_step)


_decoder = msgspec.json.Decoder(Posted)


def trial_balance(events: Iterable[Recorded], *, as_of: str = "", at_position: int = 0) -> tuple[TrialLine, ...]:
    """Rows sorted by account and currency; debits and credits are equal in sum in every currency (law 1).

    Args:
        events: the book's events from the first one.
        as_of: only entries that count on this date or before; all when empty.
        at_position: only events up to this position; all when 0.
    """
    sums: Sums = {}
    for recorded in events:
        if at_position and recorded.position > at_position:
            break
        add_entry(sums, recorded, as_of)
    return trial_lines(sums)


def add_entry(sums: Sums, recorded: Recorded, as_of: str = "", key: Key | None = None) -> None:
    """Add the lines of an event to sums: of an entry that counts on `as_of` or before, and of `key` alone if given."""
    if recorded.type != "EntryPosted":
        return
    posted = posted_of(recorded)
    if as_of and effective_day(posted.fact.effective_at, recorded.recorded_at_us) > as_of:
        return
    for line in posted.lines:
        mine = (line.account, line.currency)
        if key is None or mine == key:
            both = sums.setdefault(mine, [0, 0])
            both[line.side == "credit"] += int(line.amount)


def posted_of(recorded: Recorded) -> Posted:
    """The part of an entry that a sum needs, of an `EntryPosted`; raises `BrokenLaw`."""
    try:
        return _decoder.decode(upcast(recorded.type, recorded.body))
    except msgspec.DecodeError as error:
        raise BrokenLaw(f"the body of the entry at position {recorded.position} cannot be read: {error}") from error


def trial_lines(sums: Sums) -> tuple[TrialLine, ...]:
    """Sums as rows, sorted."""
    return tuple(
        TrialLine(account, currency, str(debits), str(credits))
        for (account, currency), (debits, credits) in sorted(sums.items())
    )


def effective_day(effective_at: str, recorded_at_us: int) -> str:
    """The day on which an entry counts."""
    day = effective_at[:10]
    return day if is_day(day) else day_of(recorded_at_us)
