"""Postings of an account, the lines of one entry, and balances as they were (law 9)."""

from typing import Any, Final

import psycopg

from projections.answers import Balance, Posting
from projections.queries.snapshot import read, statement

POSITION_MAX: Final = 2**63 - 1
DATE_MAX: Final = "infinity"


async def account_postings(
    connection: psycopg.AsyncConnection[Any],
    book: str,
    account: str,
    *,
    cursor: tuple[int, int] | None = None,
    limit: int = 100,
    newest_first: bool = True,
    currency: str = "",
) -> tuple[list[Posting], int]:
    """One page of an account's statement.

    Args:
        connection: autocommit or READ COMMITTED.
        book: name of the book.
        account: code of the account.
        cursor: (position, line) of the last row of the page before; None for the first page.
        limit: rows of a page.
        newest_first: the order, by (position, line).
        currency: only this currency; all when empty.
    """
    if cursor is None:
        cursor = (POSITION_MAX, 0) if newest_first else (0, 0)
    parameters = {
        "book": book,
        "account": account,
        "currency": currency,
        "position": cursor[0],
        "line": cursor[1],
        "limit": limit,
    }
    rows, reached = await read(connection, _NEWEST_FIRST if newest_first else _OLDEST_FIRST, parameters)
    return [_posting(row) for row in rows], reached


async def entry_postings(
    connection: psycopg.AsyncConnection[Any], book: str, position: int
) -> tuple[list[Posting], int]:
    """The lines of the entry at a position; empty when that event is no entry."""
    rows, reached = await read(connection, _ENTRY, {"book": book, "position": position})
    return [_posting(row) for row in rows], reached


async def balances_as_of(
    connection: psycopg.AsyncConnection[Any],
    book: str,
    *,
    account: str = "",
    position: int = POSITION_MAX,
    effective_on: str = DATE_MAX,
    recorded_at_us: int = POSITION_MAX,
) -> tuple[list[Balance], int]:
    """Balances as they were: up to a position, a day on which it counts (ISO 8601), or a time at which we knew.

    Each bound includes itself and any of them may be combined; `account` limits to one account.
    """
    parameters = {
        "book": book,
        "account": account,
        "position": position,
        "effective_on": effective_on,
        "recorded_at_us": recorded_at_us,
    }
    rows, reached = await read(connection, _AS_OF, parameters)
    return [
        Balance(account, currency, int(debits), int(credits), entries, at)
        for account, currency, debits, credits, entries, at in rows
    ], reached


def _posting(row: tuple[Any, ...]) -> Posting:
    position, line, account, side, amount, *told = row
    return Posting(position, line, account, side, int(amount), *told)


_POSTINGS: Final = (
    "SELECT position, line, account, side, amount, currency, effective_at, recorded_at_us, fact_type, fact_key,"
    " source, source_account, rule FROM entries.posting WHERE book = %(book)s"
)
_OF_ACCOUNT: Final = " AND account = %(account)s AND (%(currency)s::text = '' OR currency = %(currency)s::text)"
_NEWEST_FIRST: Final = statement(
    "entries",
    _POSTINGS,
    _OF_ACCOUNT,
    " AND (position, line) < (%(position)s, %(line)s) ORDER BY position DESC, line DESC LIMIT %(limit)s",
)
_OLDEST_FIRST: Final = statement(
    "entries",
    _POSTINGS,
    _OF_ACCOUNT,
    " AND (position, line) > (%(position)s, %(line)s) ORDER BY position, line LIMIT %(limit)s",
)
_ENTRY: Final = statement("entries", _POSTINGS, " AND position = %(position)s ORDER BY line")
_AS_OF: Final = statement(
    "entries",
    "SELECT account, currency, coalesce(sum(amount) FILTER (WHERE side = 'debit'), 0) AS debits,"
    " coalesce(sum(amount) FILTER (WHERE side = 'credit'), 0) AS credits, count(DISTINCT position) AS entries,"
    " max(position) AS position"
    " FROM entries.posting WHERE book = %(book)s AND (%(account)s::text = '' OR account = %(account)s::text)"
    " AND position <= %(position)s AND effective_on <= %(effective_on)s::date"
    " AND recorded_at_us <= %(recorded_at_us)s"
    " GROUP BY account, currency ORDER BY account, currency",
)
