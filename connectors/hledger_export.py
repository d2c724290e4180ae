"""A book as an hledger journal that `hledger check` accepts and `connectors.hledger_journal` reads back."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connectors.account_names import hledger_names
from connectors.commodities import Commodities, major_text
from connectors.errors import ExportRefused
from connectors.hledger_posting import STATUS
from connectors.hledger_syntax import OUR_TAGS, tag_text
from connectors.journal_commands import ACCOUNT_FIELD, REFERENCE_FIELD
from connectors.journal_options import JournalOptions
from connectors.journal_rows import (
    AccountRow,
    EntryRow,
    WrittenLine,
    book_account,
    day_after_last,
    more_field,
    name_of,
    own_fields,
    sorted_entries,
    written_lines,
)

DESCRIPTION_FIELD: Final = "contraflow-description"
CONVERSION_ACCOUNT: Final = "equity:conversion"
_TYPES: Final = {"asset": "A", "liability": "L", "equity": "E", "income": "R", "expense": "X"}
_TAG_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_TAG_VALUE: Final = re.compile(r"([^\s,;](?:[^,\n]*[^\s,])?)?")
# These tags mean something to hledger itself.
_TAKEN: Final = frozenset({"date", "date2", "type"})
_PLAIN_SYMBOL: Final = re.compile(r"[^\W\d_]+")
_DESCRIPTION: Final = re.compile(r"([^\s;(*!=](?:[^;]*[^\s;])?)?")
_CODE: Final = re.compile(r"[^()\s;](?:[^();]*[^()\s;])?")
_SIGNS: Final = {word: sign for sign, word in STATUS.items()}


def hledger_text(
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
    names = hledger_names(accounts)
    yield "decimal-mark ."
    codes = {line[3] for entry in entries for line in entry.lines} | {code for _, code in balances}
    for code in sorted(codes):
        name, digits = name_of(code, commodities)
        yield f"commodity 1000.{'0' * digits} {_symbol(name)}"
    for row in sorted(accounts, key=lambda row: row.code):
        yield f"account {names[row.code]}  ; type:{_TYPES[row.type]}"
        own = {ACCOUNT_FIELD: row.code} if names[row.code] != row.code else {}
        yield from _tags(row.metadata, own)
    conversion = book_account(options.conversion_account or CONVERSION_ACCOUNT, names)
    unseen = ""
    for entry in sorted_entries(entries):
        lines = written_lines(entry, commodities, conversion)
        if len(lines) < len(entry.lines):
            unseen = conversion
        yield ""
        yield from _transaction(entry, lines, names, commodities)
    if balances:
        yield ""
        yield f"{day_after_last(entries)} balances"
        for (account, code), minor in sorted(balances.items()):
            if account == unseen:  # with prices written, hledger moves nothing through the conversion account
                continue
            name, digits = name_of(code, commodities)
            zero, told = major_text(0, digits), major_text(minor, digits)
            yield f"    {_name(account, names)}  {zero} {_symbol(name)} = {told} {_symbol(name)}"


def _transaction(
    entry: EntryRow, lines: Sequence[WrittenLine], names: Mapping[str, str], commodities: Commodities
) -> Iterator[str]:
    rest = dict(entry.metadata)
    own = own_fields(entry)
    head = entry.day
    if re.fullmatch(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}", rest.get("date2", "")):
        head += f"={rest.pop('date2')}"
    if rest.get("status") in _SIGNS:
        head += f" {_SIGNS[rest.pop('status')]}"
    if _CODE.fullmatch(entry.reference) and entry.reference.isprintable():
        head += f" ({entry.reference})"
    else:
        own[REFERENCE_FIELD] = entry.reference
    description = entry.description
    if not (_DESCRIPTION.fullmatch(description) and description.isprintable()):
        own[DESCRIPTION_FIELD] = description
        description = re.sub(r"[^\w .,/-]+", " ", description).strip()
    yield f"{head} {description}".rstrip()
    yield from _tags(rest, {name: value for name, value in own.items() if value})
    for line in lines:
        name, digits = name_of(line.code, commodities)
        price = f" {line.price[0]} {line.price[1]} {_symbol(line.price[2])}" if line.price else ""
        yield f"    {_name(line.account, names)}  {major_text(line.minor, digits)} {_symbol(name)}{price}"


def _tags(metadata: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    plain = {
        name: value
        for name, value in metadata.items()
        if _TAG_NAME.fullmatch(name)
        and name not in _TAKEN
        and not name.startswith(OUR_TAGS)
        and _TAG_VALUE.fullmatch(value)
        and value.isprintable()
    }
    more = more_field({name: value for name, value in metadata.items() if name not in plain})
    for name, value in sorted({**plain, **own, **more}.items()):
        yield f"    ; {tag_text(name, value)}"


def _symbol(name: str) -> str:
    """A commodity as hledger writes it: in quotes unless it is letters alone."""
    if _PLAIN_SYMBOL.fullmatch(name):
        return name
    if '"' in name or not name.isprintable():
        raise ExportRefused("commodity_not_writable", f"hledger has no commodity of the name {name[:40]!r}")
    return f'"{name}"'


def _name(account: str, names: Mapping[str, str]) -> str:
    if account not in names:
        raise ExportRefused("account_unknown", f"account {account!r} is not among the accounts to export")
    return names[account]
