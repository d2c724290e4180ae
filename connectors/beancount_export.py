"""A book as a Beancount journal that `bean-check` accepts and `connectors.beancount_journal` reads back."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connectors.account_names import beancount_names
from connectors.beancount_posting import FLAGS, LETTER_FLAGS
from connectors.beancount_syntax import quoted
from connectors.commodities import Commodities, major_text
from connectors.errors import ExportRefused
from connectors.journal_commands import ACCOUNT_FIELD, REFERENCE_FIELD
from connectors.journal_options import JournalOptions
from connectors.journal_rows import (
    AccountRow,
    EntryRow,
    WrittenLine,
    book_account,
    day_after_last,
    first_day,
    more_field,
    name_of,
    own_fields,
    sorted_entries,
    written_lines,
)

_COMMODITY: Final = re.compile(r"[A-Z]([A-Z0-9'._-]{0,22}[A-Z0-9])?")
_KEY: Final = re.compile(r"[a-z][A-Za-z0-9_-]+")
_MARK: Final = re.compile(r"[A-Za-z0-9_/.-]+")
# Beancount keeps two names in the metadata of everything for itself; the rest are ours.
_TAKEN: Final = re.compile(r"(filename|lineno)$|contraflow-")
CONVERSION_ACCOUNT: Final = "Equity:Conversions"


def beancount_text(
    accounts: Sequence[AccountRow],
    entries: Sequence[EntryRow],
    balances: Mapping[tuple[str, str], int] | None = None,
    options: JournalOptions | None = None,
) -> str:
    """Write a journal.

    Args:
        entries: in the order of the book; they are written by date.
        balances: debits less credits in minor units by account and currency, written as assertions of the day after
            the last entry.
        options: commodities that are no ISO 4217 currencies, and the conversion account.

    Raises:
        ExportRefused: an account or currency cannot be written.
    """
    return "\n".join(_lines(accounts, entries, balances or {}, options or JournalOptions())) + "\n"


def _lines(
    accounts: Sequence[AccountRow],
    entries: Sequence[EntryRow],
    balances: Mapping[tuple[str, str], int],
    options: JournalOptions,
) -> Iterator[str]:
    commodities = Commodities(options.commodities)
    names = beancount_names(accounts)
    opened, last = first_day(entries), day_after_last(entries)
    for row in sorted(accounts, key=lambda row: row.code):
        currencies = ",".join(_name(code, commodities)[0] for code in row.currencies)
        yield f"{opened} open {names[row.code]} {currencies}".rstrip()
        own = {ACCOUNT_FIELD: row.code} if names[row.code] != row.code else {}
        yield from _metadata(row.metadata, own)
    conversion = book_account(options.conversion_account or CONVERSION_ACCOUNT, names)
    unseen: set[str] = set()
    for entry in sorted_entries(entries):
        lines = written_lines(entry, commodities, conversion)
        if len(lines) < len(entry.lines):
            unseen.update(_upwards(names[conversion]))
        yield ""
        yield from _transaction(entry, lines, names, commodities)
    yield ""
    sums: dict[tuple[str, str], int] = {}
    for (account, code), minor in balances.items():
        for name in _upwards(_account(account, names)):
            sums[name, code] = sums.get((name, code), 0) + minor
    for account, code in sorted(balances):
        if names[account] in unseen:  # with prices written, Beancount moves nothing through the conversion account
            continue
        name, digits = _name(code, commodities)
        yield f"{last} balance {names[account]}  {major_text(sums[names[account], code], digits)} {name}"
    for row in accounts:
        if row.closed:
            yield f"{last} close {names[row.code]}"


def _transaction(
    entry: EntryRow, lines: Sequence[WrittenLine], names: Mapping[str, str], commodities: Commodities
) -> Iterator[str]:
    if not 1700 <= int(entry.day[:4]) <= 2099:
        raise ExportRefused("date_not_writable", f"Beancount has no date {entry.day}: only the years 1700 to 2099")
    rest = dict(entry.metadata)
    head = [entry.day, _flag(rest)]
    if rest.get("payee"):
        head.append(quoted(rest.pop("payee")))
    head.append(quoted(entry.description))
    for name, sign in (("tags", "#"), ("links", "^")):
        words = rest.get(name, "").split(" ")
        if all(_MARK.fullmatch(word) for word in words) and len(set(words)) == len(words):
            head += [sign + word for word in words]
            rest.pop(name)
    yield " ".join(head)
    own = {REFERENCE_FIELD: entry.reference, **own_fields(entry)}
    yield from _metadata(rest, {name: value for name, value in own.items() if value})
    for line in lines:
        name, digits = _name(line.code, commodities)
        price = f" {line.price[0]} {line.price[1]} {line.price[2]}" if line.price else ""
        yield f"  {_account(line.account, names)}  {major_text(line.minor, digits)} {name}{price}"


def _flag(rest: dict[str, str]) -> str:
    """The transaction's flag; what it says leaves the metadata."""
    flag = rest.get("flag", "")
    if rest.get("status") == "pending" and not flag:
        del rest["status"]
        return "!"
    if (flag in FLAGS and flag not in ("*", "!")) or flag in LETTER_FLAGS:
        return rest.pop("flag")
    return "*"


def _metadata(metadata: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    plain = {name: value for name, value in metadata.items() if _KEY.fullmatch(name) and not _TAKEN.match(name)}
    more = more_field({name: value for name, value in metadata.items() if name not in plain})
    for name, value in sorted({**plain, **own, **more}.items()):
        yield f"  {name}: {quoted(value)}"


def _name(code: str, commodities: Commodities) -> tuple[str, int]:
    name, digits = name_of(code, commodities)
    if not _COMMODITY.fullmatch(name):
        raise ExportRefused("commodity_not_writable", f"Beancount has no commodity of the name {name[:40]!r}")
    return name, digits


def _account(account: str, names: Mapping[str, str]) -> str:
    if account not in names:
        raise ExportRefused("account_unknown", f"account {account!r} is not among the accounts to export")
    return names[account]


def _upwards(name: str) -> list[str]:
    """The name and all above it: an assertion counts what stands below its account."""
    parts = name.split(":")
    return [":".join(parts[:count]) for count in range(len(parts), 0, -1)]
