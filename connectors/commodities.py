"""Commodities of plain-text journals and the money they are in a book (law 7).

Journals write decimal numbers of anything; a book holds integers of minor units of three-letter codes. ISO 4217
currencies stand for themselves. Anything else (shares, loyalty points, `$` in another country) needs a mapping that
says its code in the book and its decimal digits; without one it is refused, because guessed digits move the comma.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.iso4217 import ISO_CURRENCIES
from ledger.money import AMOUNT_MINOR_MAX, check_currency, exponent, from_major


class Commodity(msgspec.Struct, frozen=True):
    """What a journal's commodity is in the book.

    Attributes:
        code: three upper-case letters, the currency of the book's lines.
        digits: decimal digits of the smallest amount; 2 for a currency in hundredths.
    """

    code: str
    digits: int


# Signs that plain-text journals use without saying more. A yen sign may be JPY or CNY, so it is not here.
SIGNS: Final[Mapping[str, Commodity]] = MappingProxyType(
    {"$": Commodity("USD", 2), "€": Commodity("EUR", 2), "£": Commodity("GBP", 2)}
)
DIGITS_MAX: Final = 30
_MAPPING: Final = re.compile(r"(?P<name>[^=]+)=(?P<code>[A-Z]{3}):(?P<digits>[0-9]{1,2})")


class CommodityUnknown(ValueError):
    """A commodity that is no ISO 4217 currency and has no mapping, or an amount that is none in it."""


class Commodities:
    """The mapping of one journal; what is given goes before the signs and the ISO currencies."""

    def __init__(self, given: Mapping[str, Commodity] = MappingProxyType({})) -> None:
        """Raises `CommodityUnknown` when two names are mapped to one code or a code has no three letters."""
        taken: dict[str, str] = {}
        for name, commodity in given.items():
            check_currency(commodity.code)
            if not 0 <= commodity.digits <= DIGITS_MAX:
                raise CommodityUnknown(f"commodity {name!r}: 0 to {DIGITS_MAX} decimal digits, not {commodity.digits}")
            if commodity.code in ISO_CURRENCIES and commodity.digits != exponent(commodity.code):
                digits = exponent(commodity.code)
                raise CommodityUnknown(f"commodity {name!r}: {commodity.code} has {digits} decimal digits in ISO 4217")
            other = taken.setdefault(commodity.code, name)
            if other != name and commodity.code not in ISO_CURRENCIES:
                raise CommodityUnknown(
                    f"commodities {other!r} and {name!r} cannot both be {commodity.code} in the book"
                )
        self._given = dict(given)

    def of(self, name: str) -> Commodity:
        """What a journal's name is in the book; raises `CommodityUnknown`."""
        if name in self._given:
            return self._given[name]
        if name in SIGNS:
            return SIGNS[name]
        taken = next((other for other, each in self._given.items() if each.code == name), None)
        if taken is not None and name not in ISO_CURRENCIES:
            raise CommodityUnknown(f"commodity {name!r} is the code that {taken!r} has in the book")
        if name in ISO_CURRENCIES:
            return Commodity(name, exponent(name))
        raise CommodityUnknown(
            f"commodity {name[:40]!r} is no ISO 4217 currency: map it to a three-letter code with its decimal digits"
        )

    def canonical(self, name: str) -> str:
        """One name for one commodity: `$` and USD are the same money; raises `CommodityUnknown`."""
        code = self.of(name).code
        return code if code in ISO_CURRENCIES else name

    def minor(self, value: Fraction, name: str) -> int:
        """Minor units of an amount in a journal's commodity; raises `CommodityUnknown` when there is no such whole."""
        commodity = self.of(name)
        if commodity.digits == exponent(commodity.code):
            try:
                return from_major(decimal_text(value), commodity.code)
            except ValueError as error:
                raise CommodityUnknown(str(error)) from error
        scale: int = 10**commodity.digits
        scaled = value * scale
        if scaled.denominator != 1:
            raise CommodityUnknown(f"amount {decimal_text(value)} has more than {commodity.digits} digits of {name}")
        if abs(scaled) > AMOUNT_MINOR_MAX:
            raise CommodityUnknown(f"amount {decimal_text(value)[:60]} {name} is larger than 2^128-1 minor units")
        return scaled.numerator

    def name_of(self, code: str) -> tuple[str, int]:
        """The journal's name of a currency of the book, and its decimal digits; raises `CommodityUnknown`."""
        for name, commodity in self._given.items():
            if commodity.code == code:
                return (code if code in ISO_CURRENCIES else name), commodity.digits
        if code in ISO_CURRENCIES:
            return code, exponent(code)
        raise CommodityUnknown(f"currency {code!r} is none of ISO 4217: map a name with its decimal digits to it")


def parse_mapping(text: str) -> tuple[str, Commodity]:
    """Read ``HOOL=XHO:4``: name in the journal, code in the book, decimal digits; raises `CommodityUnknown`."""
    match = _MAPPING.fullmatch(text)
    if match is None:
        raise CommodityUnknown(f"mapping {text[:60]!r} is not of the form NAME=COD:DIGITS, for example HOOL=XHO:4")
    return match["name"], Commodity(match["code"], int(match["digits"]))


def decimal_text(value: Fraction) -> str:
    """The decimal number without trailing zeros; what has no end is cut and marked with ``..``, for messages."""
    digits, rest = 0, value
    while rest.denominator != 1 and digits < DIGITS_MAX:
        rest *= 10
        digits += 1
    whole = abs(rest.numerator // rest.denominator if rest >= 0 else -(-rest.numerator // rest.denominator))
    text = f"{whole:0{digits + 1}d}"
    text = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return f"{'-' if value < 0 else ''}{text}{'..' if rest.denominator != 1 else ''}"


def major_text(amount_minor: int, digits: int) -> str:
    """The amount with all its decimal digits: 1250 with 2 of them is ``12.50``."""
    sign = "-" if amount_minor < 0 else ""
    text = f"{abs(amount_minor):0{digits + 1}d}"
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"
