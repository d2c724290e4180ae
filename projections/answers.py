"""The rows of the projections as answers: typed, amounts as integers in minor units, for the API and for publishing."""

from typing import Any

import msgspec


class Balance(msgspec.Struct, frozen=True):
    """One account in one currency.

    Attributes:
        debits_minor, credits_minor: posted sums in minor units.
        entries: how many entries touch it.
        position: the last entry that did.
    """

    account: str
    currency: str
    debits_minor: int
    credits_minor: int
    entries: int
    position: int

    @property
    def net_minor(self) -> int:
        """Debits minus credits."""
        return self.debits_minor - self.credits_minor


class TrialBalance(msgspec.Struct, frozen=True):
    """All accounts of one currency; the two sums are equal, or something is very wrong."""

    currency: str
    debits_minor: int
    credits_minor: int
    accounts: int

    @property
    def balanced(self) -> bool:
        """Whether debits equal credits."""
        return self.debits_minor == self.credits_minor


class Posting(msgspec.Struct, frozen=True):
    """One line of one entry.

    Attributes:
        position, line: the entry, and the line in it from 1; together the cursor for paging.
        side: ``debit`` or ``credit``.
        effective_at: when it counts, as told.
        recorded_at_us: when we knew, microseconds since 1970.
    """

    position: int
    line: int
    account: str
    side: str
    amount_minor: int
    currency: str
    effective_at: str
    recorded_at_us: int
    fact_type: str
    fact_key: str
    source: str
    source_account: str
    rule: str


class Payment(msgspec.Struct, frozen=True):
    """One payment; `sightings` counts everything told about it."""

    payment: str
    source: str
    account: str
    status: str
    currency: str
    amount_minor: int
    refunded_minor: int
    effective_at: str
    sightings: int
    position: int


class TimelineEntry(msgspec.Struct, frozen=True):
    """One telling about a payment; `kind` is posted, observed, repeated, parked or refused.

    Attributes:
        amount: minor units as text; empty where none was told.
        object: id of the refund or dispute it speaks of, empty for the payment itself.
    """

    position: int
    kind: str
    type: str
    key: str
    effective_at: str
    recorded_at_us: int
    amount: str
    currency: str
    status: str
    delivery: str
    object: str


class PaymentDetail(msgspec.Struct, frozen=True):
    """A payment with its timeline, in the order in which we learned it.

    Attributes:
        references: the provider's ids, beside its own, that lead to it.
    """

    payment: Payment
    timeline: list[TimelineEntry]
    references: list[str]


class ReconciliationItem(msgspec.Struct, frozen=True):
    """One reconciliation item.

    Attributes:
        kind: ``payout`` or ``bank_line``.
        item: payout id, or the key of the bank line.
        state: ``expected``, ``matched`` or ``broken``; ``absorbed`` for a line that its payout's item speaks of.
        reasons: why it is broken.
        evidence: the bank lines, the contents and their differences; amounts as text in minor units.
    """

    kind: str
    item: str
    payout: str
    state: str
    reasons: list[str]
    currency: str
    amount_minor: int
    evidence: dict[str, Any]
    position: int
