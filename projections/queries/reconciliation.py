"""Reconciliation items by state, and how many there are of each."""

from typing import Any, Final, LiteralString

import psycopg

from projections.answers import ReconciliationItem
from projections.queries.snapshot import read, statement

POSITION_MAX: Final = 2**63 - 1


async def reconciliation_items(
    connection: psycopg.AsyncConnection[Any],
    book: str,
    *,
    state: str = "",
    reason: str = "",
    cursor: tuple[int, str, str] | None = None,
    limit: int = 100,
) -> tuple[list[ReconciliationItem], int]:
    """Items, the one changed last first.

    Args:
        connection: autocommit or READ COMMITTED.
        book: name of the book.
        state: only this state; all but ``absorbed`` when empty.
        reason: only items broken for this reason.
        cursor: (position, kind, item) of the last row of the page before.
        limit: rows of a page.
    """
    before, kind, item = cursor if cursor is not None else (POSITION_MAX, "", "")
    parameters = {
        "book": book,
        "states": [state] if state else ["expected", "matched", "broken"],
        "reason": reason,
        "before": before,
        "kind": kind,
        "item": item,
        "limit": limit,
    }
    rows, position = await read(connection, _PAGE, parameters)
    return [item_of(row) for row in rows], position


async def reconciliation_item(
    connection: psycopg.AsyncConnection[Any], book: str, item: str
) -> tuple[ReconciliationItem | None, int]:
    """The item of one payout id or bank line key, also an absorbed one; None when there is none."""
    rows, position = await read(connection, _ONE, {"book": book, "item": item})
    return (item_of(rows[0]) if rows else None), position


async def reconciliation_counts(connection: psycopg.AsyncConnection[Any], book: str) -> tuple[dict[str, int], int]:
    """How many items are in each state, without the absorbed ones."""
    rows, position = await read(connection, _COUNTS, {"book": book})
    return dict(rows), position


def item_of(row: tuple[Any, ...]) -> ReconciliationItem:
    """A row of the columns of `SELECT_ITEMS`."""
    kind, item, payout, state, reasons, currency, amount, evidence, position = row
    return ReconciliationItem(kind, item, payout, state, reasons, currency, int(amount), evidence, position)


SELECT_ITEMS: Final[LiteralString] = (
    "SELECT i.kind, i.item, i.payout, i.state, i.reasons, i.currency, i.amount, i.evidence, i.position"
    " FROM reconciliation.item AS i WHERE i.book = %(book)s"
)
_PAGE: Final = statement(
    "reconciliation",
    SELECT_ITEMS,
    " AND i.state = ANY(%(states)s) AND (%(reason)s::text = '' OR %(reason)s::text = ANY(i.reasons))"
    " AND (i.position, i.kind, i.item) < (%(before)s, %(kind)s, %(item)s)"
    " ORDER BY i.position DESC, i.kind DESC, i.item DESC LIMIT %(limit)s",
)
_ONE: Final = statement(
    "reconciliation",
    SELECT_ITEMS,
    " AND i.item = %(item)s AND i.kind IN ('payout', 'bank_line') ORDER BY i.kind DESC",
)
_COUNTS: Final = statement(
    "reconciliation",
    "SELECT state, count(*) FROM reconciliation.item WHERE book = %(book)s AND state <> 'absorbed'"
    " GROUP BY state ORDER BY state",
)
