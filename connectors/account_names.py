"""Names of a book's accounts in a plain-text journal: as they are where the format takes them, else made to fit.

No two accounts get one name, and the same accounts always get the same names. A name that had to be changed is written
with the account's own beside it, so that an import takes it back.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

from connectors.journal_rows import AccountRow

ROOTS: Final = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
_ROOT_WORDS: Final = {
    "asset": ("asset", "assets"),
    "liability": ("liability", "liabilities"),
    "equity": ("equity",),
    "income": ("income", "revenue", "revenues"),
    "expense": ("expense", "expenses"),
}
_HLEDGER: Final = re.compile(r"\w[\w.&'+/:-]*( [\w.&'+/:-]+)*")


def beancount_names(accounts: Iterable[AccountRow]) -> dict[str, str]:
    """Account of the book -> name below one of Beancount's five roots, every part with a capital or a digit first."""
    return _names(accounts, _beancount_name)


def hledger_names(accounts: Iterable[AccountRow]) -> dict[str, str]:
    """Account of the book -> name that hledger reads as one name."""
    return _names(accounts, _hledger_name)


def _names(accounts: Iterable[AccountRow], fitting: Callable[[AccountRow], str]) -> dict[str, str]:
    rows = sorted(accounts, key=lambda row: row.code)
    names = {row.code: row.code for row in rows if fitting(row) == row.code}
    taken = set(names)
    for row in rows:
        if row.code in names:
            continue
        name = first = fitting(row)
        number = 1
        while name in taken:
            number += 1
            name = f"{first}-{number}"
        names[row.code] = name
        taken.add(name)
    return names


def _beancount_name(row: AccountRow) -> str:
    parts = row.code.split(":")
    if parts[0].lower() in _ROOT_WORDS[row.type] and len(parts) > 1:
        parts = parts[1:]
    return ":".join([ROOTS[row.type], *(_beancount_part(part) for part in parts)])


def _beancount_part(part: str) -> str:
    kept = "".join(sign if _letter(sign) or sign == "-" else "-" for sign in part)
    first = kept[:1]
    if unicodedata.category(first or "-") in ("Lu", "Nd"):
        return kept
    if len(first.upper()) == 1 and unicodedata.category(first.upper()) == "Lu":
        return first.upper() + kept[1:]
    return "X" + kept


def _letter(sign: str) -> bool:
    category = unicodedata.category(sign)
    return category.startswith("L") or category == "Nd"


def _hledger_name(row: AccountRow) -> str:
    if _HLEDGER.fullmatch(row.code):
        return row.code
    name = re.sub(r"[^\w.&'+/: -]", "-", row.code)
    name = re.sub(r" {2,}", " ", name)
    return name if _HLEDGER.fullmatch(name) else "X" + name.strip()
