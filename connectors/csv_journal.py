"""CSV journals become commands of the bulk interface: one row a line of an entry, rows of one key one entry.

Columns, by their names in the first row: ``key``, ``date``, ``account``, ``currency``, ``debit`` and ``credit`` are
required; ``description``, ``reference``, ``type`` (of the account) and ``metadata.NAME`` may be there. No other column
is taken. Rows may stand in any order. What belongs to the entry stands in one of its rows or alike in several.
"""

import csv
import io
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from connectors.commodities import Commodities, decimal_text
from connectors.hledger_syntax import day_of
from connectors.journal_accounts import JournalAccounts
from connectors.journal_commands import (
    KEY_FIELD,
    REFERENCE_FIELD,
    Command,
    JournalCommands,
    LeftOut,
    open_account,
    post,
    with_keys,
)
from connectors.journal_faults import BadLine, Faults
from connectors.journal_options import JournalOptions
from connectors.journal_transaction import Quantity, minor_of

REQUIRED: Final = ("key", "date", "account", "debit", "credit", "currency")
ALLOWED: Final = (*REQUIRED, "description", "reference", "type")
METADATA: Final = "metadata."
_NUMBER: Final = re.compile(r"[0-9]{1,39}(\.[0-9]{1,30})?")


def csv_commands(text: str, options: JournalOptions | None = None) -> JournalCommands:
    """Read a journal; raises `JournalRefused` with every fault when it cannot be loaded as it stands.

    Args:
        text: comma-separated, fields in double quotes where needed, with or without a byte order mark.
    """
    return _Reader(text, options or JournalOptions()).read()


@dataclass(slots=True)
class _Entry:
    """The rows of one key so far; `told` holds what they say of the entry."""

    line: int
    told: dict[str, str] = field(default_factory=dict)
    lines: list[tuple[str, int, str]] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)


class _Reader:
    def __init__(self, text: str, options: JournalOptions) -> None:
        self.faults = Faults(options.file)
        self.options = options
        self.commodities = Commodities(options.commodities)
        self.accounts = JournalAccounts(options.account_types)
        self.text = text.removeprefix("\ufeff")
        self.entries: dict[str, _Entry] = {}
        self.lines_of: dict[str, int] = {}

    def read(self) -> JournalCommands:
        rows = csv.reader(io.StringIO(self.text, newline=""), strict=True)
        line = 1
        try:
            header = [name.strip() for name in next(rows, [])]
            with self.faults.at(1):
                _check_header(header)
            self.faults.check()
            line = rows.line_num + 1
            for row in rows:
                if any(cell.strip() for cell in row):
                    with self.faults.at(line):
                        self._row(line, header, [cell.strip() for cell in row])
                line = rows.line_num + 1
        except csv.Error as error:
            self.faults.add(line, "syntax", f"not CSV: {error}")
        self.faults.check()
        return self._commands()

    def _row(self, line: int, header: list[str], row: list[str]) -> None:
        if len(row) != len(header):
            raise BadLine("syntax", f"the row has {len(row)} fields, the first row {len(header)}")
        cells = dict(zip(header, row, strict=True))
        for name in ("key", "account", "currency"):
            if not cells[name]:
                raise BadLine("field_missing", f"{name} is empty")
        entry = self.entries.setdefault(cells["key"], _Entry(line))
        for name, value in cells.items():
            if value and (name in ("date", "description", "reference") or name.startswith(METADATA)):
                value = day_of(value, None) if name == "date" else value
                if entry.told.setdefault(name, value) != value:
                    detail = f"{name} is {value[:60]!r} here and {entry.told[name][:60]!r} in another row of the key"
                    raise BadLine("rows_contradict", detail)
        account = cells["account"]
        self.lines_of.setdefault(account, line)
        if cells.get("type"):
            self.accounts.declare_type(line, account, cells["type"])
        minor, code = self._money(line, cells)
        entry.sums[code] = entry.sums.get(code, 0) + minor
        if minor:
            entry.lines.append((account, minor, code))

    def _money(self, line: int, cells: dict[str, str]) -> tuple[int, str]:
        """Signed minor units, debits above zero, and the currency in the book."""
        sides = [(sign, cells[name]) for name, sign in (("debit", 1), ("credit", -1)) if cells[name]]
        if len(sides) != 1:
            raise BadLine("amount_malformed", "a row has a debit or a credit, and not both")
        sign, text = sides[0]
        if not _NUMBER.fullmatch(text):
            detail = f"{text[:60]!r} is no decimal number without sign and group marks, for example 1234.50"
            raise BadLine("amount_malformed", detail)
        name = self.commodities.canonical(cells["currency"])
        return sign * minor_of(Quantity(Fraction(text), name), self.commodities, line), self.commodities.of(name).code

    def _commands(self) -> JournalCommands:
        prefix = self.options.key_prefix
        opens: list[Command] = []
        for account, line in sorted(self.lines_of.items()):
            with self.faults.at(line):
                if account not in self.options.existing_accounts:
                    opens.append(open_account(prefix, account, self.accounts.type_of(account)))
        posts: list[tuple[int, Command]] = []
        left_out: list[LeftOut] = []
        for key, entry in self.entries.items():
            with self.faults.at(entry.line):
                self._check(key, entry)
                if not entry.lines:
                    left_out.append(LeftOut(entry.line, "entry that moves nothing"))
                    continue
                metadata = {n.removeprefix(METADATA): v for n, v in entry.told.items() if n.startswith(METADATA)}
                metadata |= {KEY_FIELD: key, REFERENCE_FIELD: entry.told.get("reference", "")}
                lines = sorted(entry.lines)
                command = post(entry.told["date"], lines, entry.told.get("description", ""), metadata)
                posts.append((entry.line, command))
        self.faults.check()
        return JournalCommands(self.options.file, (*opens, *with_keys(prefix, posts)), (), tuple(left_out))

    def _check(self, key: str, entry: _Entry) -> None:
        if "date" not in entry.told:
            raise BadLine("field_missing", f"no row of the key {key[:60]!r} has a date")
        for code, minor in sorted(entry.sums.items()):
            if minor:
                digits = self.commodities.name_of(code)[1]
                off = decimal_text(Fraction(minor, 10**digits))
                raise BadLine("entry_unbalanced", f"the rows of key {key[:60]!r} sum to {off} {code}, not to zero")


def _check_header(header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in ALLOWED and not re.fullmatch(r"metadata\..+", name)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing or unknown or twice:
        told = [("missing", missing), ("unknown", unknown), ("twice", twice)]
        detail = "; ".join(f"{what}: {', '.join(names)}" for what, names in told if names)
        raise BadLine("columns", f"columns {detail}")
