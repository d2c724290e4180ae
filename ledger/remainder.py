"""What is left of lines after a part of them: of a hold after a capture, of an entry after a reversal."""

from collections.abc import Sequence

from ledger.entries import Line


def part_of(lines: Sequence[Line], amount: str) -> tuple[Line, ...] | None:
    """Two lines with another amount; None when there are more lines, so that an amount alone does not say which."""
    if len(lines) != 2 or lines[0].currency != lines[1].currency:
        return None
    return tuple(Line(line.account, line.side, amount, line.currency) for line in lines)


def subtract(lines: Sequence[Line], part: Sequence[Line]) -> tuple[Line, ...] | None:
    """The lines without `part`, lines of zero left out; None when `part` holds more than there is."""
    left = [int(line.amount) for line in lines]
    for wanted in part:
        minor = int(wanted.amount)
        for number, line in enumerate(lines):
            if (line.account, line.side, line.currency) == (wanted.account, wanted.side, wanted.currency):
                taken = min(minor, left[number])
                left[number] -= taken
                minor -= taken
        if minor:
            return None
    return tuple(
        Line(line.account, line.side, str(minor), line.currency)
        for line, minor in zip(lines, left, strict=True)
        if minor
    )


def opposite(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with debit and credit exchanged."""
    return tuple(
        Line(line.account, "credit" if line.side == "debit" else "debit", line.amount, line.currency) for line in lines
    )
