"""What an export is written from: the accounts and entries of a book, as plain rows.

An entry whose metadata hold prices (``line-1-price``) or costs is written with them and without its conversion lines,
when that says exactly the same; otherwise line by line.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

import msgspec

from connectors.commodities import Commodities, CommodityUnknown
from connectors.errors import ExportRefused
from connectors.journal_commands import EFFECTIVE_FIELD, KEY_FIELD, MORE_FIELD, NAME_CHARS_MAX

_PRICE: Final = re.compile(r"(@@?) ([0-9]+(?:\.[0-9]+)?) (\S+)")
_COST: Final = re.compile(r"(\{\{?)([0-9]+(?:\.[0-9]+)?) ([^\s,{}]+)(?:, .*)?\}\}?")
NO_ENTRIES_DAY: Final = "1970-01-01"


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the book.

    Attributes:
        code: its name in the book.
        type: asset, liability, equity, income or expense.
        currencies: the only ones it takes; any when empty.
    """

    code: str
    type: str
    currencies: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    closed: bool = False


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the book.

    Attributes:
        effective_at: a date or an RFC 3339 time in UTC.
        lines: account, ``debit`` or ``credit``, minor units as a decimal string, currency.
        key: of the command or fact that posted it.
    """

    effective_at: str
    lines: tuple[tuple[str, str, str, str], ...]
    description: str = ""
    key: str = ""
    reference: str = ""
    metadata: dict[str, str] = {}

    @property
    def day(self) -> str:
        """The date on which it counts."""
        return self.effective_at[:10]


class WrittenLine(msgspec.Struct, frozen=True):
    """One posting of an export: price sign, number and commodity where it has a price."""

    account: str
    minor: int
    code: str
    price: tuple[str, str, str] | None = None


def written_lines(entry: EntryRow, commodities: Commodities, conversion_account: str) -> list[WrittenLine]:
    """The postings to write, signed, debits above zero; raises `ExportRefused` for a currency without a name."""
    plain = [WrittenLine(a, int(m) if side == "debit" else -int(m), code) for a, side, m, code in entry.lines]
    for line in plain:
        name_of(line.code, commodities)
    priced = _priced(plain, entry.metadata)
    while priced and priced[-1].account == conversion_account and priced[-1].price is None:
        priced.pop()
    if not any(line.price for line in priced):
        return plain
    try:
        same = _says_the_same(plain, priced, commodities, conversion_account)
    except CommodityUnknown:
        same = False
    return priced if same else plain


def name_of(code: str, commodities: Commodities) -> tuple[str, int]:
    """The commodity's name and decimal digits; raises `ExportRefused`."""
    try:
        return commodities.name_of(code)
    except CommodityUnknown as error:
        raise ExportRefused("commodity_unknown", str(error)) from error


def book_account(name: str, names: Mapping[str, str]) -> str:
    """The account of the book that a journal knows as `name`; empty when there is none."""
    return next((code for code, each in names.items() if each == name), "")


def sorted_entries(entries: Sequence[EntryRow]) -> list[EntryRow]:
    """By date; entries of one day stay as they are given."""
    return sorted(entries, key=lambda entry: entry.day)


def first_day(entries: Sequence[EntryRow]) -> str:
    """The day of the earliest entry."""
    return min((entry.day for entry in entries), default=NO_ENTRIES_DAY)


def day_after_last(entries: Sequence[EntryRow]) -> str:
    """The day after the latest entry."""
    last = max((entry.day for entry in entries), default=NO_ENTRIES_DAY)
    return (date.fromisoformat(last) + timedelta(days=1)).isoformat()


def own_fields(entry: EntryRow) -> dict[str, str]:
    """What no format has a place for, by the names that an import knows.

    A key longer than a command's (facts may have such) is left out: the import makes its own.
    """
    key = entry.key if len(entry.key) <= NAME_CHARS_MAX else ""
    return {KEY_FIELD: key, EFFECTIVE_FIELD: entry.effective_at if entry.effective_at != entry.day else ""}


def more_field(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata that a format cannot hold by their own names, as one field of JSON in ASCII."""
    return {MORE_FIELD: json.dumps(metadata, sort_keys=True, separators=(",", ":"))} if metadata else {}


def _priced(plain: Sequence[WrittenLine], metadata: Mapping[str, str]) -> list[WrittenLine]:
    found = []
    for number, line in enumerate(plain, start=1):
        cost = _COST.fullmatch(metadata.get(f"line-{number}-cost", ""))
        price = _PRICE.fullmatch(metadata.get(f"line-{number}-price", ""))
        told: tuple[str, str, str] | None = None
        if cost:
            told = ("@" if cost[1] == "{" else "@@", cost[2], cost[3])
        elif price and f"line-{number}-cost" not in metadata:
            told = (price[1], price[2], price[3])
        found.append(WrittenLine(line.account, line.minor, line.code, told))
    return found


def _says_the_same(
    plain: Sequence[WrittenLine], priced: Sequence[WrittenLine], commodities: Commodities, conversion_account: str
) -> bool:
    """True when the weights balance within half of the last digit, and the conversion lines are what they leave."""
    weights: dict[str, Fraction] = {}
    left: dict[str, int] = {}
    tolerances: dict[str, Fraction] = {}
    turned: set[str] = set()
    for line in priced:
        name, digits = commodities.name_of(line.code)
        units = Fraction(line.minor, 10**digits)
        weight, of = units, name
        if line.price:
            sign, number, of = line.price
            weight = Fraction(number) * (units if sign == "@" else (1 if units > 0 else -1))
            turned |= {line.code, commodities.of(of).code}
        tolerances[name] = Fraction(1, 2 * 10**digits) if digits else Fraction(0)
        weights[of] = weights.get(of, Fraction(0)) + weight
        left[line.code] = left.get(line.code, 0) - line.minor
    if any(abs(weight) > tolerances.get(of, Fraction(0)) for of, weight in weights.items()):
        return False
    dropped: dict[str, int] = {}
    for line in plain[len(priced) :]:
        dropped[line.code] = dropped.get(line.code, 0) + line.minor
    left = {code: minor for code, minor in left.items() if minor}
    return left == {code: minor for code, minor in dropped.items() if minor} and left.keys() <= turned
