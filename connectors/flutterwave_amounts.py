"""Flutterwave's amounts: decimal major units as JSON numbers or text, with the digits of ISO 4217.

What somebody owes, gets or sends is exact or refused (law 7). What Flutterwave computes from it, a fee, the sum charged
with the fee, the sum settled without it, may have parts of the smallest unit (a transfer fee of NGN 26.875); no account
can hold those, so such a sum is rounded half to even, and the fact keeps what was told in an attribute
(`docs/adr/0032-computed-fees-are-rounded.md`).
"""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

from connectors import amounts
from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, decimal_text
from connectors.manifest import Units
from ledger.money import AMOUNT_MINOR_MAX, Money, exponent

# The digits of both versions are those of ISO 4217: XAF, XOF, UGX and RWF have none
# (https://developer.flutterwave.com/docs/multicurrency-payments).
UNITS: Final = Units("major")

_DIGITS_MAX: Final = 80


def currency_of(owner: JsonObject, *fields: str) -> str:
    """The currency in the first of `fields` that is there, as an upper-case ISO 4217 code; empty when none is."""
    for field in fields:
        if owner.get(field) not in (None, ""):
            return amounts.iso_currency(owner[field], field, UNITS)
    return ""


def exact_money(owner: JsonObject, currency: str, *fields: str) -> Money:
    """The amount in the first of `fields` that is there, at least zero; raises `TranslationError` when none is."""
    for field in fields:
        if owner.get(field) is not None:
            money = amounts.money_of(owner[field], currency, field, UNITS)
            if money.minor < 0:
                raise TranslationError("amount_malformed", f"{field} is negative")
            return money
    raise TranslationError("field_missing", f"{fields[0]} is missing")


def signed_money(owner: JsonObject, currency: str, field: str) -> Money:
    """An amount that may be negative: a settlement in which chargebacks outweigh payments."""
    if owner.get(field) is None:
        raise TranslationError("field_missing", f"{field} is missing")
    return amounts.money_of(owner[field], currency, field, UNITS)


def computed_minor(owner: JsonObject, currency: str, field: str) -> int | None:
    """What Flutterwave computed, in whole minor units, rounded where it has parts of one; None when not told."""
    value = owner.get(field)
    if value is None or value == "":
        return None
    try:
        return amounts.money_of(value, currency, field, UNITS).minor
    except TranslationError as error:
        if error.code != "amount_not_convertible":
            raise
    with localcontext() as context:
        context.prec = _DIGITS_MAX
        parts = Decimal(value).scaleb(exponent(currency))
        whole = parts.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        return amounts.money_of(whole.scaleb(-exponent(currency)), currency, field, UNITS).minor


def money(minor: int, currency: str) -> Money:
    """Money of a sum of amounts; raises `TranslationError` for one that no account holds."""
    if abs(minor) > AMOUNT_MINOR_MAX:
        raise TranslationError("amount_too_large", "a sum is larger than 2^128-1 minor units")
    return Money.of(minor, currency)


def exactly_told(owner: JsonObject, currency: str, *fields: str) -> dict[str, str]:
    """What was told of those `fields` that had to be rounded, as attributes ``<field>_told``."""
    told: dict[str, str] = {}
    for field in fields:
        minor = computed_minor(owner, currency, field)
        text = decimal_text(owner.get(field))
        if minor is not None and text and Decimal(text).scaleb(exponent(currency)) != minor:
            told[f"{field}_told"] = text
    return told
