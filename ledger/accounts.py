"""Accounts and the chart they stand in.

A chart is a JSON file of the shape ``{"accounts": [{"code": "1000", "name": "Stripe", "type": "asset",
"normal_side": "debit"}, ...]}``. Codes 1000, 2000, ... are the clearing accounts of the gateways: money that a gateway
holds for us. They return to zero when everything has arrived (law 10).
"""

from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec

from ledger.errors import ChartError, MoneyError
from ledger.limits import EVERY_CURRENCY, Limit, limit_fault
from ledger.money import check_currency

AccountType = Literal["asset", "liability", "equity", "income", "expense"]
Side = Literal["debit", "credit"]

CODE_CHARS_MAX: Final = 128
NORMAL_SIDES: Final[dict[str, Side]] = {
    "asset": "debit",
    "expense": "debit",
    "liability": "credit",
    "equity": "credit",
    "income": "credit",
}


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One account of the chart.

    Attributes:
        code: the name postings use, for example ``1000``.
        name: what people call it.
        type: asset, liability, equity, income or expense.
        normal_side: the side on which its balance usually stands; differs from the type's for contra accounts.
        clearing: true when the account must return to zero.
        currencies: the only ones it takes; any when empty.
        limits: by currency, ``*`` for every currency without one of its own.
        closed: true when commands no longer post to it.
        metadata: the caller's own; its history is in the events.
    """

    code: str
    name: str
    type: AccountType
    normal_side: Side
    clearing: bool = False
    currencies: tuple[str, ...] = ()
    limits: dict[str, Limit] = {}
    closed: bool = False
    metadata: dict[str, str] = {}

    @property
    def restricted(self) -> bool:
        """True when a posting to it may break something: a limit, its currencies, its being closed."""
        return bool(self.limits or self.currencies or self.closed)

    def limit(self, currency: str) -> Limit | None:
        """Its limit in a currency."""
        return self.limits.get(currency) or self.limits.get(EVERY_CURRENCY)


class Chart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chart of accounts."""

    accounts: tuple[Account, ...]


def parse_chart(raw: bytes) -> Chart:
    """Read a chart from JSON; raises `ChartError` naming the account at fault."""
    try:
        chart = msgspec.json.decode(raw, type=Chart)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ChartError(f"chart of accounts: {error}") from error
    seen: set[str] = set()
    for account in chart.accounts:
        fault = account_fault(account)
        if fault:
            raise ChartError(f"chart of accounts: {fault[2]}")
        if account.code in seen:
            raise ChartError(f"chart of accounts: code {account.code!r} stands in it twice")
        seen.add(account.code)
    return chart


def load_chart(path: Path | None = None) -> Chart:
    """The chart in `path`, or the one that ships with the ledger."""
    source = path if path is not None else files("ledger").joinpath("chart_of_accounts.json")
    return parse_chart(source.read_bytes())


def account_fault(account: Account) -> tuple[str, str, str] | None:
    """Field, value and sentence of what is wrong with an account; None when nothing is."""
    code = account.code
    if not code or code != code.strip() or not code.isprintable() or len(code) > CODE_CHARS_MAX:
        return "account", code, f"code {code[:80]!r} is empty, has blanks around it, or is longer than {CODE_CHARS_MAX}"
    if ":" in code and not all(part and part == part.strip() for part in code.split(":")):
        return "account", code, f"code {code!r} has an empty part between its colons"
    for currency in (*account.currencies, *(name for name in account.limits if name != EVERY_CURRENCY)):
        try:
            check_currency(currency)
        except MoneyError as error:
            return "currencies" if currency in account.currencies else "limits", currency, f"account {code!r}: {error}"
    for currency, limit in account.limits.items():
        fault = limit_fault(limit)
        if fault:
            return "limits", currency, f"account {code!r}: {fault}"
    return None
