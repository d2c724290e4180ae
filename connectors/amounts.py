"""A vendor's amounts in ISO 4217 minor units, exactly or not at all (law 7).

Whole minor units and decimal major units both come here, with the vendor's own digits where they differ from ISO 4217
(`connectors.manifest.Units`). Where an amount has no exact counterpart it is refused, never rounded.
"""

import re
from decimal import Decimal
from typing import Final

from connectors.errors import TranslationError
from connectors.manifest import Units
from ledger.money import AMOUNT_MINOR_MAX, Money, exponent

_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
_MAJOR: Final = re.compile(r"(-?)([0-9]{1,45})(?:\.([0-9]{1,20}))?")


def iso_currency(code: object, where: str, units: Units) -> str:
    """The upper-case ISO 4217 code; `where` names the field in errors."""
    if not isinstance(code, str) or not _CURRENCY.fullmatch(code):
        raise TranslationError("currency_malformed", f"{where} is not a three-letter currency code")
    currency = code.upper()
    if currency in units.refused:
        raise TranslationError("currency_not_supported", f"{where}: the minor unit of {currency} there is not known")
    return currency


def vendor_digits(currency: str, units: Units) -> int:
    """How many decimal digits the vendor gives an upper-case currency."""
    digits = units.digits.get(currency)
    return exponent(currency) if digits is None else digits


def money_of(value: object, currency: str, where: str, units: Units) -> Money:
    """Money of one amount as the vendor writes it, in an upper-case currency; raises `TranslationError`.

    Args:
        value: a whole number of the vendor's minor units, or major units as text, whole number or decimal.
    """
    if units.style == "minor":
        if not isinstance(value, int) or isinstance(value, bool):
            raise TranslationError("amount_malformed", f"{where} is not a whole number")
        return _scaled(value, exponent(currency) - vendor_digits(currency, units), currency, where)
    sign, whole, fraction = _major_parts(value, where)
    return _scaled(int(sign + whole + fraction), exponent(currency) - len(fraction), currency, where)


def _major_parts(value: object, where: str) -> tuple[str, str, str]:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TranslationError("amount_malformed", f"{where} is not an amount")
    if isinstance(value, Decimal) and not -20 <= value.adjusted() <= 45:
        value = Decimal(0) if not value else "out of bounds"
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    parts = _MAJOR.fullmatch(text)
    if parts is None:
        raise TranslationError("amount_malformed", f"{where} is not a decimal amount")
    return parts[1], parts[2], (parts[3] or "").rstrip("0")


def _scaled(amount: int, digits: int, currency: str, where: str) -> Money:
    """Money of `amount` times ten to the power of `digits`, where that is whole."""
    if digits >= 0:
        amount_minor = amount * 10**digits
    else:
        amount_minor, lost = divmod(amount, 10**-digits)
        if lost:
            raise TranslationError("amount_not_convertible", f"{where}: {currency} has no minor unit that small")
    if abs(amount_minor) > AMOUNT_MINOR_MAX:
        raise TranslationError("amount_too_large", f"{where} is larger than 2^128-1 minor units")
    return Money(str(amount_minor), currency)
