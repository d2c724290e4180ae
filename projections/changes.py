"""Rows changed since a position, for publishing to the compacted topics.

Every row carries the position of the last event that touched it, so "what changed after 1200" needs no log of changes
and can be asked again after a crash.
"""

from typing import Any, Final, LiteralString

import psycopg

from projections.answers import Balance, Payment, ReconciliationItem
from projections.queries.balances import balance_of
from projections.queries.payments import SELECT_PAYMENTS, payment_of
from projections.queries.reconciliation import SELECT_ITEMS, item_of
from projections.queries.snapshot import statement


def changed_balances(
    connection: psycopg.Connection[Any], book: str, after: int, rows_max: int
) -> tuple[list[Balance], int]:
    """Balances touched after position `after`, and the position up to which these are all; see `_changed`."""
    rows, reached = _changed(connection, _BALANCES, book, after, rows_max)
    return [balance_of(row) for row in rows], reached


def changed_payments(
    connection: psycopg.Connection[Any], book: str, after: int, rows_max: int
) -> tuple[list[Payment], int]:
    """Payments touched after position `after`, and the position up to which these are all."""
    rows, reached = _changed(connection, _PAYMENTS, book, after, rows_max)
    return [payment_of(row) for row in rows], reached


def changed_items(
    connection: psycopg.Connection[Any], book: str, after: int, rows_max: int
) -> tuple[list[ReconciliationItem], int]:
    """Reconciliation items touched after position `after`, and the position up to which these are all.

    An ``absorbed`` item is no item of its own any more; a compacted topic gets a tombstone for it.
    """
    rows, reached = _changed(connection, _ITEMS, book, after, rows_max)
    return [item_of(row) for row in rows], reached


def _changed(
    connection: psycopg.Connection[Any], query: LiteralString, book: str, after: int, rows_max: int
) -> tuple[list[tuple[Any, ...]], int]:
    """Rows in the order of their positions, and the position from which to ask on.

    About `rows_max` rows: all that share the last position come along, so that asking on from it skips none.
    """
    parameters = {"book": book, "after": after, "rows_max": rows_max}
    found = connection.execute(query, parameters).fetchall()
    rows = [row[1:] for row in found if row[1] is not None]
    return rows, max(after, int(rows[-1][-1] if len(rows) >= rows_max else found[0][0]))


_SINCE: Final = " AND position > %(after)s ORDER BY position FETCH FIRST (%(rows_max)s) ROWS WITH TIES"
_BALANCES: Final = statement(
    "balances",
    "SELECT account, currency, debits, credits, entries, position FROM balances.balance WHERE book = %(book)s",
    _SINCE,
)
_PAYMENTS: Final = statement("payments", SELECT_PAYMENTS, _SINCE)
_ITEMS: Final = statement("reconciliation", SELECT_ITEMS, _SINCE)
