"""Runs one statement that answers with rows and with the position at which they are true."""

from typing import Any, Final, LiteralString

import psycopg
from psycopg import IsolationLevel

# First the position, 0 for a book never seen; then the rows, if any, beside it.
_FRAME: Final[LiteralString] = """
WITH reached AS MATERIALIZED (
    SELECT coalesce((SELECT position FROM <schema>.position WHERE book = %(book)s), 0) AS position
)
SELECT reached.position, found.* FROM reached LEFT JOIN LATERAL (<rows>) AS found ON true
"""


def statement(schema: LiteralString, *rows: LiteralString) -> LiteralString:
    """A query over the tables of `schema`; `rows`, joined, selects them, and the position comes as first column."""
    return _FRAME.replace("<schema>", schema).replace("<rows>", "".join(rows))


async def read(
    connection: psycopg.AsyncConnection[Any], query: LiteralString, parameters: dict[str, Any]
) -> tuple[list[tuple[Any, ...]], int]:
    """The rows, without the position's column, and the position."""
    # An older snapshot than the statement's own could fall between the folding and the swap of a rebuild.
    assert connection.isolation_level in (None, IsolationLevel.READ_COMMITTED), "queries run at READ COMMITTED"
    async with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        await cursor.execute(query, parameters)
        rows = await cursor.fetchall()
    # Without rows the outer join still gives the position, with nulls beside it; no row has a null first column.
    return [row[1:] for row in rows if row[1] is not None], int(rows[0][0])
