"""Balances of one account or of many, and the trial balance."""

from typing import Any, Final

import psycopg

from projections.answers import Balance, TrialBalance
from projections.queries.snapshot import read, statement


async def account_balances(
    connection: psycopg.AsyncConnection[Any], book: str, account: str
) -> tuple[list[Balance], int]:
    """The balance of one account in every currency it has; empty when nothing was ever posted to it."""
    rows, position = await read(connection, _ONE, {"book": book, "account": account})
    return [balance_of(row) for row in rows], position


async def balances(
    connection: psycopg.AsyncConnection[Any],
    book: str,
    *,
    account: str = "",
    currency: str = "",
    after: tuple[str, str] = ("", ""),
    limit: int = 1000,
) -> tuple[list[Balance], int]:
    """Balances ordered by account and currency, from the (account, currency) after `after`.

    `account` and `currency` limit to one each; all when empty.
    """
    parameters = {
        "book": book,
        "only_account": account,
        "only_currency": currency,
        "account": after[0],
        "currency": after[1],
        "limit": limit,
    }
    rows, position = await read(connection, _MANY, parameters)
    return [balance_of(row) for row in rows], position


async def trial_balance(connection: psycopg.AsyncConnection[Any], book: str) -> tuple[list[TrialBalance], int]:
    """Debits and credits of all accounts, by currency."""
    rows, position = await read(connection, _TRIAL, {"book": book})
    return [TrialBalance(currency, int(debits), int(credits), n) for currency, debits, credits, n in rows], position


def balance_of(row: tuple[Any, ...]) -> Balance:
    """A row of (account, currency, debits, credits, entries, position)."""
    account, currency, debits, credits, entries, position = row
    return Balance(account, currency, int(debits), int(credits), entries, position)


_ONE: Final = statement(
    "balances",
    "SELECT account, currency, debits, credits, entries, position FROM balances.balance"
    " WHERE book = %(book)s AND account = %(account)s ORDER BY currency",
)
_MANY: Final = statement(
    "balances",
    "SELECT account, currency, debits, credits, entries, position FROM balances.balance"
    " WHERE book = %(book)s AND (account, currency) > (%(account)s, %(currency)s)"
    " AND (%(only_account)s::text = '' OR account = %(only_account)s::text)"
    " AND (%(only_currency)s::text = '' OR currency = %(only_currency)s::text)"
    " ORDER BY account, currency LIMIT %(limit)s",
)
_TRIAL: Final = statement(
    "balances",
    "SELECT currency, sum(debits), sum(credits), count(*) FROM balances.balance"
    " WHERE book = %(book)s GROUP BY currency ORDER BY currency",
)
