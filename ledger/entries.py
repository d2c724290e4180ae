"""Journal entries: two or more lines whose debits and credits are equal in every currency (law 1)."""

from collections.abc import Sequence

import msgspec

from ledger.accounts import Side
from ledger.errors import BrokenLaw


class Line(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One posting of an entry; the wire form is ``["1000","debit","1250","USD"]``.

    Attributes:
        account: code in the chart.
        side: ``debit`` or ``credit``.
        amount: minor units as a decimal string, always above zero.
        currency: ISO 4217 code.
    """

    account: str
    side: Side
    amount: str
    currency: str

    @property
    def signed_minor(self) -> int:
        """The amount in minor units, debits above and credits below zero."""
        return int(self.amount) if self.side == "debit" else -int(self.amount)


def imbalance(lines: Sequence[Line]) -> dict[str, int]:
    """Debits minus credits for each currency in which they differ; empty for an entry that balances."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.signed_minor
    return {currency: amount_minor for currency, amount_minor in sums.items() if amount_minor}


def balanced_amounts(lines: Sequence[Line]) -> list[int]:
    """The amounts of an entry's lines in minor units, debits above and credits below zero.

    Raises:
        BrokenLaw: the lines are no entry, which is two or more, each above zero, zero in sum per currency.
    """
    if len(lines) < 2:
        raise BrokenLaw(f"an entry has two or more lines, this one has {len(lines)}")
    signed = []
    sums: dict[str, int] = {}
    for line in lines:
        amount_minor = int(line.amount)
        if amount_minor <= 0:
            raise BrokenLaw(f"every line of an entry is above zero: {lines}")
        if line.side != "debit":
            amount_minor = -amount_minor
        signed.append(amount_minor)
        currency = line.currency
        sums[currency] = sums.get(currency, 0) + amount_minor
    if any(sums.values()):
        raise BrokenLaw(f"an entry sums to zero per currency, this one is off by {imbalance(lines)} minor units")
    return signed
