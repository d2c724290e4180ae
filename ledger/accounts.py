"""Accounts and the chart they stand in.

A chart is a JSON file of the shape ``{"accounts": [{"code": "1000", "name": "Stripe", "type": "asset",
"normal_side": "debit"}, ...]}``. Codes 1000, 2000, ... are the clearing accounts of the gateways: money that a gateway
holds for us. They return to zero when everything has arrived (law 10).
"""

from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec

from ledger.errors import ChartError

AccountType = Literal["asset", "liability", "equity", "income", "expense"]
Side = Literal["debit", "credit"]

NORMAL_SIDES: Final[dict[str, Side]] = {
    "asset": "debit",
    "expense": "debit",
    "liability": "credit",
    "equity": "credit",
    "income": "credit",
}


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One account of the chart.

    Attributes:
        code: the name postings use, for example ``1000``.
        name: what people call it.
        type: asset, liability, equity, income or expense.
        normal_side: the side on which its balance usually stands; differs from the type's for contra accounts.
        clearing: true when the account must return to zero.
    """

    code: str
    name: str
    type: AccountType
    normal_side: Side
    clearing: bool = False


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
        if not account.code or account.code != account.code.strip():
            raise ChartError(f"chart of accounts: code {account.code!r} is empty or has blanks around it")
        if account.code in seen:
            raise ChartError(f"chart of accounts: code {account.code!r} stands in it twice")
        seen.add(account.code)
    return chart


def load_chart(path: Path | None = None) -> Chart:
    """The chart in `path`, or the one that ships with the ledger."""
    source = path if path is not None else files("ledger").joinpath("chart_of_accounts.json")
    return parse_chart(source.read_bytes())
