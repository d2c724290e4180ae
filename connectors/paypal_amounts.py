"""PayPal's amounts: decimal text in major units, ``{"value": "10.00", "currency_code": "USD"}``.

Version 1 of the interface writes ``total`` and ``currency``. HUF, JPY and TWD have no decimals there
(https://developer.paypal.com/reference/currency-codes), so that ``"1250"`` HUF are 125,000 of its ISO 4217 fillér.
"""

from decimal import Decimal
from typing import Final

from connectors import amounts
from connectors.errors import TranslationError
from connectors.json_fields import JsonObject
from connectors.manifest import Units
from ledger.money import AMOUNT_MINOR_MAX, Money, major

UNITS: Final = Units("major", digits={"HUF": 0, "JPY": 0, "TWD": 0})


def required_money(owner: JsonObject, field: str) -> Money:
    """An amount that must be there."""
    found = optional_money(owner, field)
    if found is None:
        raise TranslationError("amount_missing", f"{field} is missing")
    return found


def optional_money(owner: JsonObject, field: str, currency: str = "") -> Money | None:
    """An amount in either version's form, or None when missing; `currency` is that of one which names none itself."""
    value = owner.get(field)
    if value is None:
        return None
    if isinstance(value, str | int | Decimal) and "currency" in owner:
        value = {"value": value, "currency": owner["currency"]}
    if not isinstance(value, dict):
        raise TranslationError("amount_malformed", f"{field} is not an amount of PayPal")
    number = value.get("value") if value.get("value") is not None else value.get("total")
    code = value.get("currency_code") if value.get("currency_code") is not None else value.get("currency")
    if number is None or number == "":
        return None
    named = amounts.iso_currency(code if code is not None else currency, f"{field}.currency_code", UNITS)
    return amounts.money_of(number, named, f"{field}.value", UNITS)


def gross_of(owner: JsonObject, *breakdowns: str) -> Money:
    """The object's amount without its sign; where it is missing, the gross of the first breakdown that has one."""
    found = optional_money(owner, "amount")
    for breakdown in breakdowns if found is None else ():
        inner = owner.get(breakdown)
        if isinstance(inner, dict):
            found = found or optional_money(inner, "gross_amount")
    return size(found if found is not None else required_money(owner, "amount"))


def size(money: Money) -> Money:
    """The amount without its sign."""
    return Money(money.amount.removeprefix("-"), money.currency)


def negated(money: Money) -> Money:
    """The amount the other way round."""
    return Money(str(-int(money.amount)), money.currency)


def sum_of(first: Money, second: Money) -> Money | None:
    """The sum, or None for two currencies."""
    if first.currency != second.currency:
        return None
    amount_minor = int(first.amount) + int(second.amount)
    if abs(amount_minor) > AMOUNT_MINOR_MAX:
        raise TranslationError("amount_too_large", "a sum of amounts is larger than 2^128-1 minor units")
    return Money(str(amount_minor), first.currency)


def shown(money: Money | None) -> str:
    """An amount as people write it, for an attribute; empty for none."""
    return f"{major(int(money.amount), money.currency)} {money.currency}" if money else ""
