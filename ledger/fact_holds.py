"""Holds that facts place, capture and release: an authorization at a gateway, its capture, its end.

What is held under a name is a function of the set of facts told about it, never of their order or how often each was
told: the largest authorization less all captures that keep the rest, and nothing once a fact has ended the hold. So a
fact moves a hold in one of three ways:

- *place*: at least these lines are held. A second, larger one replaces the first: gateways tell the new total.
- *capture*: its entry is posted in full, whatever was held. Unless it keeps the rest, it ends the hold.
- *release*: the hold ends.

An ended hold is out of memory; its end is one key on record (law 3), so that it never ends twice and an authorization
that is told after its capture places nothing. The outside world is not refused: what does not fit is a flag.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from ledger.entries import Line
from ledger.remainder import part_of, subtract

Step = Literal["place", "capture", "release"]
Sums = dict[tuple[str, str, str], int]

EXCEEDED: Final = "capture_exceeds_hold"
ENDED: Final = "hold_ended"
UNNAMED: Final = "hold_unnamed"


class HoldStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a fact did to a hold; it stands in the event of the fact.

    Attributes:
        step: place, capture or release.
        name: what the rule's link says, such as ``pi_1``; with the fact's source and account it names the hold.
        rule: name and version of the rule that says so.
        lines: of a place, what it holds at least.
        left: what is held under the name from here on.
        kept: of a capture, that the rest stays held.
        late: the hold had ended before, and this changed nothing of it.
    """

    step: Step
    name: str
    rule: str
    lines: tuple[Line, ...] = ()
    left: tuple[Line, ...] = ()
    kept: bool = False
    late: bool = False


class FactHold(msgspec.Struct, frozen=True, gc=False):
    """An open hold of facts.

    Attributes:
        position: of the event that placed it; 0 while only captures that keep the rest were told.
        authorized: the largest that was told.
        captured: the sum of the captures that kept the rest, sorted, one line for each account, side and currency.
    """

    position: int = 0
    authorized: tuple[Line, ...] = ()
    captured: tuple[Line, ...] = ()


def hold_digest(source: str, account: str, name: str) -> bytes:
    """Names a hold of facts: in memory while it is open, and for ever on record as its one end."""
    told = msgspec.json.encode((source, account, name))  # unlike joined text, no two names make the same bytes
    return blake2b(told, digest_size=16, person=b"fact hold").digest()


def after(hold: FactHold | None, step: HoldStep, position: int, posted: Sequence[Line]) -> FactHold | None:
    """The hold after a step that is not late; None when the step ends it.

    Args:
        hold: as it stood; None when nothing was told of it.
        position: of the event that has the step.
        posted: the lines of its entry.
    """
    before = hold if hold is not None else FactHold()
    if step.step == "place":
        authorized = max(before.authorized, step.lines, key=_size)
        return FactHold(before.position or position, authorized, before.captured)
    if step.kept:
        return FactHold(before.position, before.authorized, _added(before.captured, posted))
    return None


def left_of(hold: FactHold | None) -> tuple[Line, ...]:
    """What is held: authorized less captured, balanced.

    A capture whose lines are other than those of the hold (it may know fees) lowers a hold of two lines by its amount;
    of a hold of more lines, an amount does not say which, and nothing stays held.
    """
    if hold is None or not hold.authorized:
        return ()
    exact = subtract(hold.authorized, hold.captured)
    if exact is not None:
        return exact
    currency = hold.authorized[0].currency
    left_minor = _debits(hold.authorized).get(currency, 0) - _debits(hold.captured).get(currency, 0)
    return (part_of(hold.authorized, str(left_minor)) or ()) if left_minor > 0 else ()


def exceeds(hold: FactHold, posted: Sequence[Line]) -> bool:
    """True when these lines, after what was captured before, are more than what was authorized."""
    authorized, captured = _debits(hold.authorized), _debits((*hold.captured, *posted))
    return any(minor > authorized.get(currency, 0) for currency, minor in captured.items())


def _debits(lines: Sequence[Line]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        if line.side == "debit":
            sums[line.currency] = sums.get(line.currency, 0) + int(line.amount)
    return sums


def _size(lines: Sequence[Line]) -> tuple[int, list[tuple[str, ...]]]:
    """A total order, so that the largest of several authorizations is the same in whatever order they were told."""
    told: list[tuple[str, ...]] = sorted((line.account, line.side, line.amount, line.currency) for line in lines)
    return sum(_debits(lines).values()), told


def _added(captured: Sequence[Line], posted: Sequence[Line]) -> tuple[Line, ...]:
    sums: Sums = {}
    for line in (*captured, *posted):
        key = (line.account, line.side, line.currency)
        sums[key] = sums.get(key, 0) + int(line.amount)
    return tuple(Line(account, side, str(minor), currency) for (account, side, currency), minor in sorted(sums.items()))  # type: ignore[arg-type]
