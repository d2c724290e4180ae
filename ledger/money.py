"""Money: an integer number of minor units with an ISO 4217 currency, never a float (law 7).

On the wire and in the store an amount is a decimal string, because JSON numbers lose precision past 2^53 and balances
may reach 2^128-1. Exponents are those of ISO 4217; a vendor's exceptions are converted by its connector.
"""

import re
from typing import Final

import msgspec

from ledger.errors import MoneyError

AMOUNT_MINOR_MAX: Final = 2**128 - 1

_EXPONENTS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_AMOUNT: Final = re.compile(r"-?(0|[1-9][0-9]{0,38})")


class Money(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An amount of one currency; the wire form is ``["1250","USD"]``.

    Attributes:
        amount: signed integer in minor units, as a decimal string.
        currency: ISO 4217 code, upper case.
    """

    amount: str
    currency: str

    @classmethod
    def of(cls, amount_minor: int, currency: str) -> "Money":
        """Make money from an integer; raises `MoneyError` when it is not money."""
        money = cls(str(amount_minor), currency)
        money.check()
        return money

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return int(self.amount)

    def check(self) -> None:
        """Raise `MoneyError` unless the amount is an integer within 2^128-1 and the currency a code."""
        if not _AMOUNT.fullmatch(self.amount) or abs(int(self.amount)) > AMOUNT_MINOR_MAX or self.amount == "-0":
            raise MoneyError(f"amount {self.amount[:60]!r} is not an integer of minor units within ±(2^128-1)")
        check_currency(self.currency)


def check_currency(currency: str) -> None:
    """Raise `MoneyError` unless `currency` has the form of an ISO 4217 code."""
    if not _CURRENCY.fullmatch(currency):
        raise MoneyError(f"currency {currency[:60]!r} is not a three-letter upper-case ISO 4217 code")


def exponent(currency: str) -> int:
    """How many decimal digits the minor unit of `currency` has: 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def major(amount_minor: int, currency: str) -> str:
    """The amount as people write it: ``1250`` of USD is ``12.50``."""
    digits = exponent(currency)
    sign = "-" if amount_minor < 0 else ""
    if digits == 0:
        return f"{amount_minor}"
    whole, rest = divmod(abs(amount_minor), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"


def from_major(text: str, currency: str) -> int:
    """Minor units of a decimal text such as ``12.50``; raises `MoneyError` when digits would be lost."""
    check_currency(currency)
    match = re.fullmatch(r"([+-]?)([0-9]{1,39})(?:\.([0-9]{0,30}))?", text.strip())
    if match is None:
        raise MoneyError(f"amount {text[:60]!r} is not a decimal number")
    digits = exponent(currency)
    fraction = (match[3] or "").rstrip("0")
    if len(fraction) > digits:
        raise MoneyError(f"amount {text[:60]!r} has more than the {digits} decimal digits of {currency}")
    scale: int = 10**digits
    value = int(match[2]) * scale + int(fraction.ljust(digits, "0") or "0")
    if value > AMOUNT_MINOR_MAX:
        raise MoneyError(f"amount {text[:60]!r} is larger than 2^128-1 minor units")
    return -value if match[1] == "-" else value
