"""Stripe's amounts in ISO 4217 minor units, exactly or not at all (law 7).

Stripe's minor units differ from ISO 4217 for some currencies: MGA comes in whole units, ISK and UGX come in hundredths
(https://docs.stripe.com/currencies). Where an amount has no exact counterpart it is refused, never rounded.
"""

import re
from typing import Final

from connectors.errors import TranslationError
from ledger.money import AMOUNT_MINOR_MAX, Money, exponent

# UGX stands in both of Stripe's lists; what arrives are hundredths.
_WHOLE_UNITS: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THOUSANDTHS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# Currencies whose unit in Stripe's books nobody has documented: guessing could be wrong by a factor of ten.
_UNDOCUMENTED: Final = frozenset({"CLF", "IQD", "LYD", "UYI", "UYW"})
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")


def iso_currency(code: object, where: str) -> str:
    """The upper-case ISO 4217 code of Stripe's lower-case one; `where` names the field in errors."""
    if not isinstance(code, str) or not _CURRENCY.fullmatch(code):
        raise TranslationError("currency_malformed", f"{where} is not a three-letter currency code")
    currency = code.upper()
    if currency in _UNDOCUMENTED:
        raise TranslationError(
            "currency_not_supported", f"{where}: the minor unit of {currency} at Stripe is not known"
        )
    return currency


def iso_money(amount_stripe: int, currency: str, where: str) -> Money:
    """Money of an amount in Stripe's minor units of `currency`; refuses what does not convert exactly."""
    digits = exponent(currency) - stripe_exponent(currency)
    if digits >= 0:
        amount_minor = amount_stripe * 10**digits
    else:
        amount_minor, lost = divmod(amount_stripe, 10**-digits)
        if lost:
            raise TranslationError("amount_not_convertible", f"{where}: {currency} has no minor unit that small")
    if abs(amount_minor) > AMOUNT_MINOR_MAX:
        raise TranslationError("amount_too_large", f"{where} is larger than 2^128-1 minor units")
    return Money(str(amount_minor), currency)


def stripe_exponent(currency: str) -> int:
    """How many decimal digits Stripe's minor unit of an upper-case currency has."""
    if currency in _WHOLE_UNITS:
        return 0
    return 3 if currency in _THOUSANDTHS else 2
