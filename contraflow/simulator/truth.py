"""Truth: what the books must say once everything was told, known because the simulator made it up.

The tally is deliberately plain: one dictionary of integers, moved by the rules of the chart of accounts. It shares no
code with the ledger, so that the two agree only when both are right.
"""

import json
from collections import Counter
from dataclasses import dataclass, field

from contraflow.simulator.balance_transaction import BalanceTransaction
from contraflow.simulator.purchase import iso_minor

CLEARING = "1000"
IN_TRANSIT = "1010"
DISPUTED = "1020"
BANK = "6000"
CUSTOMERS = "7000"
FEES = "8000"
DISPUTE_LOSSES = "8100"
CONVERSION = "9000"
SUSPENSE = "9900"


class Tally:
    """Expected balances: debits minus credits in ISO minor units, by (account, currency in upper case)."""

    def __init__(self) -> None:
        self.balances: Counter[tuple[str, str]] = Counter()
        self.entries = 0

    def payment(self, amount_minor: int, currency: str) -> None:
        """A customer paid."""
        self.entry((CLEARING, CUSTOMERS, amount_minor, currency))

    def refund(self, amount_minor: int, currency: str) -> None:
        """A customer was paid back; a failed refund is the same with the sign turned."""
        self.entry((CUSTOMERS, CLEARING, amount_minor, currency))

    def withdrawal(self, amount_minor: int, currency: str) -> None:
        """A dispute took money away; a reinstatement is the same with the sign turned."""
        self.entry((DISPUTED, CLEARING, amount_minor, currency))

    def dispute_lost(self, amount_minor: int, currency: str) -> None:
        """Disputed money is gone for good."""
        self.entry((DISPUTE_LOSSES, DISPUTED, amount_minor, currency))

    def settlement(self, row: BalanceTransaction, charged_minor: int, currency: str) -> None:
        """A movement of the gateway balance: its fee, and the conversion of `charged_minor` (signed as the row is)."""
        moves = [(FEES, CLEARING, row.fee_minor, row.currency)]
        if row.rate_ppm:
            moves.append((CONVERSION, CLEARING, charged_minor, currency))
            moves.append((CLEARING, CONVERSION, row.amount_minor, row.currency))
        self.entry(*moves)

    def payout(self, amount_minor: int, currency: str) -> None:
        """Money left for the bank; a failed payout is the same with the sign turned."""
        self.entry((IN_TRANSIT, CLEARING, amount_minor, currency))

    def bank_line(self, amount_minor: int, currency: str, *, of_gateway: bool) -> None:
        """A line of a bank statement, credits above zero."""
        self.entry((BANK, IN_TRANSIT if of_gateway else SUSPENSE, amount_minor, currency))

    def entry(self, *moves: tuple[str, str, int, str]) -> None:
        """Accounts debited and credited by amounts; one journal entry, or none where nothing moves."""
        moved = False
        for debited, credited, amount, currency in moves:
            amount_minor = iso_minor(amount, currency)
            moved = moved or amount_minor != 0
            if amount_minor:
                self.balances[debited, currency.upper()] += amount_minor
                self.balances[credited, currency.upper()] -= amount_minor
        self.entries += moved


@dataclass(frozen=True, slots=True)
class Break:
    """A payout that reconciliation must find broken, and why.

    Attributes:
        reason: ``payment_missing``, ``amount_differs`` or ``payout_failed``.
        payment: for ``payment_missing`` the payment that was never told.
        difference_minor: for ``amount_differs`` the bank line minus the payout.
    """

    payout: str
    reason: str
    currency: str
    payment: str = ""
    charge: str = ""
    difference_minor: int = 0

    def as_json(self) -> dict[str, str]:
        """Only what is known, amounts as strings."""
        words = {"payout": self.payout, "reason": self.reason, "currency": self.currency}
        if self.payment:
            words |= {"payment": self.payment, "charge": self.charge}
        if self.difference_minor:
            words["difference"] = str(self.difference_minor)
        return words


@dataclass(frozen=True, slots=True)
class Truth:
    """What must be found after the whole day was told.

    Attributes:
        balances: debits minus credits in ISO minor units, by account, then currency. An account and currency that are
            absent are zero.
        payments: status by payment id; a payment that was never told is not among them.
        payouts: ``matched`` or ``broken`` by payout id.
        breaks: the broken payouts with their one reason.
        missing: ids of payments whose webhooks never come.
        entries: how many journal entries the day makes, each fact once.
        totals: counts of what was played, for people.
    """

    balances: dict[str, dict[str, int]]
    payments: dict[str, str]
    payouts: dict[str, str]
    breaks: tuple[Break, ...]
    missing: tuple[str, ...]
    entries: int
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def trial_balance(self) -> dict[str, int]:
        """Sum of all balances per currency: zero, or the simulator is wrong."""
        sums: Counter[str] = Counter()
        for by_currency in self.balances.values():
            sums.update(by_currency)
        return dict(sorted(sums.items()))

    @property
    def statuses(self) -> dict[str, int]:
        """How many payments end in each status."""
        return dict(sorted(Counter(self.payments.values()).items()))

    def as_json(self) -> bytes:
        """The truth for people and other programs; amounts are strings in minor units, keys sorted."""
        words = {
            "balances": {
                account: {currency: str(amount) for currency, amount in by_currency.items()}
                for account, by_currency in self.balances.items()
            },
            "breaks": [item.as_json() for item in self.breaks],
            "entries": self.entries,
            "missing": list(self.missing),
            "payments": self.payments,
            "payouts": self.payouts,
            "statuses": self.statuses,
            "totals": self.totals,
            "trial_balance": {currency: str(amount) for currency, amount in self.trial_balance.items()},
        }
        return json.dumps(words, indent=2, sort_keys=True).encode() + b"\n"


def by_account(balances: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """A tally's balances sorted by account, then currency."""
    sorted_balances: dict[str, dict[str, int]] = {}
    for (account, currency), amount_minor in sorted(balances.items()):
        sorted_balances.setdefault(account, {})[currency] = amount_minor
    return sorted_balances
