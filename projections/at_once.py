"""Moves a projection by a few events in one round trip, for whoever knows where the book stands.

Event by event the statements around a fold cost more than the fold: eight round trips, most of them waits. Here all of
it travels together and stands or falls with what the caller believes. Where the belief is wrong nothing has happened,
and `projections.advance` does it the ordinary way.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from ledger.events import Recorded
from projections.advance import CHANNEL
from projections.projection import Projection

# Larger batches are as fast the ordinary way, which can COPY.
AT_ONCE_EVENTS_MAX: Final = 100


def advance_at_once(
    connection: psycopg.Connection[Any], projection: Projection, book: str, expected: int, events: Sequence[Recorded]
) -> bool:
    """Fold `events` in one transaction of its own, if the book stands at `expected` and they are what follows.

    Args:
        connection: idle and in autocommit.
        projection: what to move, in its own schema.
        book: the book that all events belong to.
        expected: the position at which the caller believes the book to stand.
        events: in any number and order; only a few that follow `expected` one by one are folded.

    Returns:
        Whether they were folded. False, with nothing changed, when they do not follow, when the projection stands
        elsewhere, when the book is new to it, or when the store ends before them.
    """
    assert connection.autocommit and not _in_transaction(connection)
    if not _follow(book, expected, events):
        return False
    reached = events[-1].position
    move = {
        "book": book,
        "expected": expected,
        "reached": reached,
        "channel": CHANNEL,
        "told": f"{projection.name} {book} {reached}",
    }
    try:
        with connection.pipeline(), connection.cursor() as cursor:
            # In so many words: a pipeline that an error of ours ends would commit what it has sent until then.
            cursor.execute("BEGIN")
            cursor.execute(_move(projection.name), move)
            projection.apply(cursor, book, events)
            cursor.execute("COMMIT")
    except psycopg.errors.DivisionByZero:
        return False
    finally:
        if _in_transaction(connection):
            connection.rollback()
    return True


def _in_transaction(connection: psycopg.Connection[Any]) -> bool:
    return connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)


def _follow(book: str, expected: int, events: Sequence[Recorded]) -> bool:
    return 0 < len(events) <= AT_ONCE_EVENTS_MAX and all(
        recorded.position == position and recorded.book == book
        for position, recorded in enumerate(events, start=expected + 1)
    )


@cache
def _move(schema: str) -> sql.Composed:
    return sql.SQL(_MOVE).format(position=sql.Identifier(schema, "position"), schema=sql.Literal(schema))


# One row or an error: only an error keeps the server from carrying out the rest of the pipeline.
_MOVE: Final = """
WITH moved AS (
    UPDATE {position} AS here SET position = %(reached)s
    WHERE book = %(book)s AND position = %(expected)s
        AND EXISTS (SELECT FROM ledger.books WHERE books.book = here.book AND head >= %(reached)s)
    RETURNING position
)
SELECT 1 / count(*), set_config('search_path', quote_ident({schema}), true), pg_notify(%(channel)s, %(told)s)
FROM moved
"""
