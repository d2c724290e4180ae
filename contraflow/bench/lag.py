"""Lag: how far everything behind the book stands from its head, so that no figure hides it."""

from typing import Final

import psycopg
from psycopg import sql

from projections.projection import PROJECTIONS
from streams.publishing import EVENT_STREAMS
from streams.row_publication import ROW_STREAMS


def lags(connection: psycopg.Connection, book: str) -> dict[str, int]:
    """Events of `book` that each projection has not folded and each stream has not sent (acknowledged and stored).

    A stream of rows ends where its projection has come to, so its lag is counted from there.
    """
    row = connection.execute("SELECT book_id, head FROM ledger.books WHERE book = %s", (book,)).fetchone()
    if row is None:
        return {}
    book_id, head = row
    sent: dict[str, int] = dict(
        connection.execute("SELECT stream, position FROM ledger.publications WHERE book_id = %s", (book_id,)).fetchall()
    )
    folded = {name: _folded(connection, name, book) for name in PROJECTIONS}
    return (
        {name: head - position for name, position in folded.items()}
        | {f"{_TOPIC}{stream.name}": head - sent.get(stream.name, 0) for stream in EVENT_STREAMS}
        | {f"{_TOPIC}{rows.name}": folded[rows.projection] - sent.get(rows.name, 0) for rows in ROW_STREAMS}
    )


_TOPIC: Final = "topic "


def _folded(connection: psycopg.Connection, projection: str, book: str) -> int:
    query = sql.SQL("SELECT position FROM {} WHERE book = %s").format(sql.Identifier(projection, "position"))
    row = connection.execute(query, (book,)).fetchone()
    return int(row[0]) if row is not None else 0
