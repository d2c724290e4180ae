"""Stripe's amounts: whole minor units, whose digits differ from ISO 4217 for some currencies.

MGA comes in whole units, ISK and UGX come in hundredths (https://docs.stripe.com/currencies); UGX stands in both of
Stripe's lists, and what arrives are hundredths.
"""

from typing import Final

from connectors import amounts
from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, whole
from connectors.manifest import Units
from ledger.money import Money

UNITS: Final = Units(
    "minor", digits={"MGA": 0, "ISK": 2, "UGX": 2}, refused=frozenset({"CLF", "IQD", "LYD", "UYI", "UYW"})
)


def iso_currency(code: object, where: str) -> str:
    """The upper-case ISO 4217 code of Stripe's lower-case one; `where` names the field in errors."""
    return amounts.iso_currency(code, where, UNITS)


def iso_money(amount_stripe: int, currency: str, where: str) -> Money:
    """Money of an amount in Stripe's minor units of `currency`; refuses what does not convert exactly."""
    return amounts.money_of(amount_stripe, currency, where, UNITS)


def currency(owner: JsonObject) -> str:
    """The object's currency as an upper-case ISO 4217 code."""
    return iso_currency(owner.get("currency"), "currency")


def money(owner: JsonObject, field: str) -> Money:
    """An amount field in the object's own currency, in ISO 4217 minor units; never below zero."""
    return not_negative(signed_money(owner, field), field)


def signed_money(owner: JsonObject, field: str) -> Money:
    """As `money`, for amounts whose sign says which way they go: those of payouts."""
    return iso_money(whole(owner, field), currency(owner), field)


def not_negative(money: Money, where: str) -> Money:
    """The same money; raises `TranslationError` when it is below zero."""
    if money.minor < 0:
        raise TranslationError("amount_negative", f"{where} is below zero")
    return money
