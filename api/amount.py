"""Amounts as the API shows them: an integer of minor units in a string, with its currency and exponent (law 7)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ledger.accounts import Side
from ledger.money import exponent


@dataclass(frozen=True, slots=True)
class Amount:
    """Money: `{"amount": "1250", "currency": "USD", "exponent": 2}` is 12.50 US dollars."""

    amount: Annotated[str, Field(description="integer of minor units, at most 2^128-1 on either side of zero")]
    currency: Annotated[str, Field(description="ISO 4217 code")]
    exponent: Annotated[int, Field(description="decimal digits of the minor unit (ISO 4217)")]


def amount_of(amount_minor: int, currency: str) -> Amount:
    """`amount_minor` of `currency`."""
    return Amount(str(amount_minor), currency, exponent(currency))


def on_side(debits_minor: int, credits_minor: int, side: Side) -> int:
    """The balance on an account's normal side: below zero when it stands on the other one."""
    return debits_minor - credits_minor if side == "debit" else credits_minor - debits_minor
