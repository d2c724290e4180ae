"""Allocation: an amount is split into parts, and not a unit is lost or gained.

Parts are taken in this order: fixed parts and percentages of the whole, each with its cap; then shares of what is left,
each with its cap; then the remainder. Percentages are decimal texts, shares whole numbers; nothing is ever a binary
fraction. Units that division leaves over go, one each,

``largest_remainder``
    to the parts whose exact value was cut most, at a tie to the earlier one;
``first_portion``
    all to the first part that was divided and has room below its cap.

A negative amount is split as its positive one, with the sign put back.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal

import msgspec

from ledger.errors import AllocationError
from ledger.money import AMOUNT_MINOR_MAX

Rounding = Literal["largest_remainder", "first_portion"]
PARTS_MAX: Final = 1_000
_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,12})?")
_AMOUNT: Final = re.compile(r"0|[1-9][0-9]{0,38}")


class Part(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """One part: exactly one of `fixed`, `percent`, `share` and `remainder`.

    Attributes:
        fixed: minor units, as a decimal string; it must be there whole.
        percent: of the whole amount, such as ``2.9``.
        share: of what fixed parts and percentages leave, in proportion to the other shares.
        remainder: all that nobody else takes; at most one part.
        cap: at most this many minor units, for a percentage or a share.
    """

    fixed: str = ""
    percent: str = ""
    share: int = 0
    remainder: bool = False
    cap: str = ""


def allocate(amount_minor: int, parts: Sequence[Part], rounding: Rounding = "largest_remainder") -> list[int]:
    """Minor units of each part, in their order; they sum to `amount_minor`.

    Raises:
        AllocationError: a part is none, the parts take more than there is, or leave something that no part takes.
    """
    check_parts(parts)
    if abs(amount_minor) > AMOUNT_MINOR_MAX:
        raise AllocationError("an amount is at most 2^128-1 minor units")
    whole = abs(amount_minor)
    taken = [0] * len(parts)
    for number, part in enumerate(parts):
        if part.fixed:
            taken[number] = int(part.fixed)
    percents = [number for number, part in enumerate(parts) if part.percent]
    if percents:
        exact = {number: whole * Fraction(parts[number].percent) / 100 for number in percents}
        # Percentages are rounded together: their sum is cut to whole units once, not each for itself.
        _share_out(taken, parts, exact, sum(exact.values()).__floor__(), rounding)
    left = whole - sum(taken)
    if left < 0:
        raise AllocationError(f"the parts take {sum(taken)} of {whole} minor units")
    left = _shares(taken, parts, left, rounding)
    for number, part in enumerate(parts):
        if part.remainder:
            taken[number], left = left, 0
    if left:
        raise AllocationError(f"{left} of {whole} minor units are left, and no part takes the remainder")
    return [-each for each in taken] if amount_minor < 0 else taken


def check_parts(parts: Sequence[Part]) -> None:
    """Raise `AllocationError` unless every part is one and they can be read together."""
    if not 1 <= len(parts) <= PARTS_MAX:
        raise AllocationError(f"an amount is split into 1 to {PARTS_MAX} parts, these are {len(parts)}")
    for number, part in enumerate(parts):
        said = [name for name in ("fixed", "percent", "share", "remainder") if getattr(part, name)]
        if len(said) != 1:
            raise AllocationError(f"part {number}: needs one of fixed, percent, share and remainder, has {said}")
        if part.fixed and (not _AMOUNT.fullmatch(part.fixed) or int(part.fixed) > AMOUNT_MINOR_MAX):
            raise AllocationError(f"part {number}: fixed {part.fixed[:60]!r} is not an amount in minor units")
        if part.percent and (not _PERCENT.fullmatch(part.percent) or Fraction(part.percent) > 100):
            raise AllocationError(f"part {number}: percent {part.percent[:60]!r} is not a decimal from 0 to 100")
        if not 0 <= part.share < 2**63:
            raise AllocationError(f"part {number}: share {part.share} is not a whole number above zero")
        if part.cap and (part.fixed or part.remainder):
            raise AllocationError(f"part {number}: only a percentage or a share has a cap")
        if part.cap and (not _AMOUNT.fullmatch(part.cap) or int(part.cap) > AMOUNT_MINOR_MAX):
            raise AllocationError(f"part {number}: cap {part.cap[:60]!r} is not an amount in minor units")
    if sum(part.remainder for part in parts) > 1:
        raise AllocationError("only one part takes the remainder")


def _shares(taken: list[int], parts: Sequence[Part], left: int, rounding: Rounding) -> int:
    """Share out what is left; what a cap keeps from one share goes to the others. Returns what nobody took."""
    open_ = [number for number, part in enumerate(parts) if part.share]
    while open_ and left:
        weight = sum(parts[number].share for number in open_)
        exact = {number: Fraction(left * parts[number].share, weight) for number in open_}
        full = [number for number in open_ if parts[number].cap and exact[number] >= int(parts[number].cap)]
        if not full:
            return left - _share_out(taken, parts, exact, left, rounding)
        for number in full:
            taken[number] = int(parts[number].cap)
            left -= taken[number]
            open_.remove(number)
    return left


def _share_out(
    taken: list[int], parts: Sequence[Part], exact: dict[int, Fraction], total: int, rounding: Rounding
) -> int:
    """Give each part its exact value cut to whole units, then the units left over; returns what was given."""
    room = {}
    for number, value in exact.items():
        cap = int(parts[number].cap) if parts[number].cap else total
        taken[number] = min(value.__floor__(), cap)
        room[number] = cap - taken[number]
    # A part that reached its cap gives nothing back to the others: only what the cutting left over is shared.
    over = total - sum(value.__floor__() for value in exact.values())
    if rounding == "first_portion":
        for number in exact:
            given = min(over, room[number])
            taken[number] += given
            over -= given
    else:
        for number in sorted(exact, key=lambda number: (exact[number].__floor__() - exact[number], number)):
            if over and room[number] and exact[number].denominator > 1:
                taken[number] += 1
                over -= 1
    return sum(taken[number] for number in exact)
