"""Accounts of a journal that names them freely: their types by declaration, by the caller, or by their names.

The declarations are those of hledger, and so are the English names that tell a type by themselves.
"""

import re
from collections.abc import Mapping
from typing import Final

from connectors.hledger_syntax import tags_of
from connectors.journal_commands import ACCOUNT_FIELD
from connectors.journal_faults import BadLine

_TYPES: Final = {
    **dict.fromkeys(("a", "asset", "assets", "c", "cash"), "asset"),
    **dict.fromkeys(("l", "liability", "liabilities"), "liability"),
    **dict.fromkeys(("e", "equity", "v", "conversion"), "equity"),
    **dict.fromkeys(("r", "revenue", "revenues", "income"), "income"),
    **dict.fromkeys(("x", "expense", "expenses"), "expense"),
}
_NAMES: Final = (
    ("asset", re.compile(r"assets?(:|$)", re.IGNORECASE)),
    ("liability", re.compile(r"(debts?|liabilit(y|ies))(:|$)", re.IGNORECASE)),
    ("equity", re.compile(r"equity(:|$)", re.IGNORECASE)),
    ("income", re.compile(r"(income|revenues?)(:|$)", re.IGNORECASE)),
    ("expense", re.compile(r"expenses?(:|$)", re.IGNORECASE)),
)


class JournalAccounts:
    """What one journal and its caller say of its accounts.

    Attributes:
        declared: account -> line of its directive.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        """`given` holds types by account, for it and those below; they go behind the journal's own."""
        self._given = dict(given)
        self._types: dict[str, str] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self.declared: dict[str, int] = {}

    def declare(self, line: int, text: str, below: list[str]) -> None:
        """Take an ``account`` directive; raises `BadLine`."""
        match = re.fullmatch(r"\s*(.+?)(?:(?:[ \t]{2,}|\t)\s*(?:;(.*))?)?", text)
        if match is None or match[1].startswith((";", "(", "[")):
            raise BadLine("account_name", f"{text.strip()[:60]!r} is not the name of an account")
        name = match[1].strip()
        if name in self.declared:
            raise BadLine("account_twice", f"account {name!r} is declared in line {self.declared[name]} already")
        self.declared[name] = line
        tags = dict(tags_of(match[2] or ""))
        for row in below:
            tags |= dict(tags_of(row.lstrip(";")))
        if kind := tags.pop("type", ""):
            self.declare_type(line, name, kind)
        self._tags[name] = tags

    def declare_type(self, line: int, account: str, kind: str) -> None:
        """Take a type that stands beside an account; raises `BadLine` when it is none or contradicts another."""
        found = _TYPES.get(kind.lower())
        if found is None:
            raise BadLine("account_type_unknown", f"account {account!r}: {kind[:40]!r} is no type of account")
        if self._types.setdefault(account, found) != found:
            detail = f"account {account!r} is {found} here and {self._types[account]} in line {self.declared[account]}"
            raise BadLine("account_type_contradicted", detail)
        self.declared.setdefault(account, line)

    def type_of(self, account: str, otherwise: str = "") -> str:
        """The type of an account, of its own or from above; raises `BadLine` when nothing tells it."""
        parts = account.split(":")
        above = [":".join(parts[:n]) for n in range(len(parts), 0, -1)]
        for types in (self._types, self._given):
            for name in above:
                if name in types:
                    return types[name]
        for kind, pattern in _NAMES:
            if pattern.match(account):
                return kind
        if otherwise:
            return otherwise
        detail = f"nothing tells the type of account {account!r}: declare it with the tag type, or give it by option"
        raise BadLine("account_type_unknown", detail)

    def book_name(self, account: str) -> str:
        """What the account is called in the book."""
        return self._tags.get(account, {}).get(ACCOUNT_FIELD, account)

    def metadata_of(self, account: str) -> dict[str, str]:
        """The tags of its directive."""
        return {name: value for name, value in self._tags.get(account, {}).items() if name != ACCOUNT_FIELD}

    def line_of(self, account: str) -> int:
        """Line of its directive, 0 when it has none."""
        return self.declared.get(account, 0)
