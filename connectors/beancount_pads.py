"""Pads and balance assertions of a Beancount journal.

A pad fills an account up to its next assertion from another account, once for each currency. An assertion tells the
balance of an account and everything below it at the beginning of its day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.journal_faults import BadLine, Faults

Lines = tuple[tuple[str, int, str], ...]
Moves = dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Assertion:
    """A balance in minor units, at the beginning of `day`.

    Attributes:
        low, high: least and greatest balance that the assertion takes.
        minor: the balance it names.
    """

    day: str
    line: int
    account: str
    code: str
    minor: int
    low: int
    high: int


@dataclass(slots=True)
class Pad:
    """Fill `account` from `source` on `day`."""

    day: str
    line: int
    account: str
    source: str
    filled: list[tuple[str, int]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)

    @property
    def lines(self) -> Iterable[Lines]:
        """The lines of one entry for each currency that it fills."""
        return [((self.account, minor, code), (self.source, -minor, code)) for code, minor in self.filled]


def padded(
    posted: Iterable[tuple[str, int, Lines]], assertions: Sequence[Assertion], pads: Sequence[Pad], faults: Faults
) -> list[tuple[Pad, Lines]]:
    """The entries that the pads become.

    Args:
        posted: day, line and lines of every transaction.
    """
    by_account = {pad.account for pad in pads}
    for pad in pads:
        others = [a for a in by_account if related(a, pad.source)] + [
            a for a in by_account if a != pad.account and related(a, pad.account)
        ]
        if others:
            with faults.at(pad.line):
                raise BadLine("pad_nested", f"pads of {pad.account!r} and {others[0]!r} depend on each other")
    steps: list[tuple[str, int, int, Lines | Assertion | Pad]] = []
    steps += [(day, 1, line, lines) for day, line, lines in posted]
    steps += [(each.day, 0, each.line, each) for each in assertions if each.account in by_account]
    steps += [(pad.day, 1, pad.line, pad) for pad in pads]
    balances: Moves = {}
    active: dict[str, Pad] = {}
    for _, _, _, step in sorted(steps, key=lambda step: step[:3]):
        match step:
            case Pad():
                active[step.account] = step
            case Assertion():
                found = sum(m for (a, code), m in balances.items() if code == step.code and under(a, step.account))
                pad_now = active.get(step.account)
                if pad_now is None or step.code in pad_now.codes:
                    continue
                pad_now.codes.add(step.code)
                if not step.low <= found <= step.high:
                    pad_now.filled.append((step.code, step.minor - found))
                    _move(balances, ((step.account, step.minor - found, step.code),))
            case _:
                _move(balances, step)
    for pad in pads:
        if not pad.filled:
            faults.add(pad.line, "pad_unused", f"the pad of {pad.account!r} has nothing to fill before an assertion")
    return [(pad, lines) for pad in pads for lines in pad.lines]


def under(account: str, parent: str) -> bool:
    """True for the account itself and every account below it."""
    return account == parent or account.startswith(parent + ":")


def related(first: str, second: str) -> bool:
    """True when one of two accounts is, or stands below, the other."""
    return under(first, second) or under(second, first)


def _move(balances: Moves, lines: Iterable[tuple[str, int, str]]) -> None:
    for account, minor, code in lines:
        balances[account, code] = balances.get((account, code), 0) + minor
