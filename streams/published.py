"""How far every stream of every book was sent, and the right to send it.

The position moves only after Kafka acknowledged, so it may stand behind what was sent and never ahead of it: a crash
repeats and never skips. One process owns a stream, by a PostgreSQL advisory lock of its session; a second one stands
by. Should two believe to own it all the same (a session that died unnoticed), the update below finds another position
than it expects, and the one who comes late leaves.
"""

import zlib
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from msgspec import json
from psycopg.types.json import Jsonb

from streams.errors import PublisherSuperseded
from streams.publication import State

_LOCK_CLASS: Final = 0x636F6E70  # ours among the advisory locks; the stream is the second number


@dataclass(slots=True)
class Cursor:
    """Where a stream of a book stands.

    Attributes:
        position: the last one sent and acknowledged; 0 before the first.
        state: what the stream needs besides, see `EventStream`.
        stored: the position in the database, None when there is no row yet.
    """

    stream: str
    book: str
    book_id: int
    position: int = 0
    state: State = field(default_factory=dict)
    stored: int | None = None


def own(connection: psycopg.Connection[Any], streams: Iterable[str]) -> bool:
    """Become the only publisher of all `streams` until the session ends, or of none of them."""
    taken: list[str] = []
    for stream in sorted(streams):
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (_LOCK_CLASS, _number(stream))).fetchone()
        assert row is not None
        if not row[0]:
            for other in taken:
                connection.execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCK_CLASS, _number(other)))
            return False
        taken.append(stream)
    return True


def load_cursors(connection: psycopg.Connection[Any], streams: Sequence[str]) -> dict[tuple[str, str], Cursor]:
    """(stream, book) -> where it stands, for every book there is."""
    rows = connection.execute(
        "SELECT name, book, books.book_id, position, state FROM unnest(%s::text[]) AS name CROSS JOIN ledger.books"
        " LEFT JOIN ledger.publications ON stream = name AND publications.book_id = books.book_id",
        (list(streams),),
    )
    return {
        (stream, book): Cursor(stream, book, book_id, position or 0, state or {}, position)
        for stream, book, book_id, position, state in rows
    }


def store_cursors(connection: psycopg.Connection[Any], cursors: Iterable[Cursor]) -> None:
    """Store what was acknowledged, in one transaction.

    Raises:
        PublisherSuperseded: another publisher moved a stream in the meantime.
    """
    moved = list(cursors)
    further = [cursor for cursor in moved if cursor.stored is not None]
    with connection.transaction() if len(further) < len(moved) else nullcontext():
        for cursor in moved:
            if cursor.stored is None:
                _begin(connection, cursor)
        if further:
            _move(connection, further)
    for cursor in moved:
        cursor.stored = cursor.position


def _begin(connection: psycopg.Connection[Any], cursor: Cursor) -> None:
    made = connection.execute(
        "INSERT INTO ledger.publications (stream, book_id, position, state) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (stream, book_id) DO NOTHING",
        (cursor.stream, cursor.book_id, cursor.position, Jsonb(cursor.state)),
    )
    if made.rowcount != 1:
        raise _superseded([cursor])


def _move(connection: psycopg.Connection[Any], cursors: Sequence[Cursor]) -> None:
    """All of them or none, by one statement: the division by zero rolls it back."""
    columns = {
        "streams": [cursor.stream for cursor in cursors],
        "book_ids": [cursor.book_id for cursor in cursors],
        "positions": [cursor.position for cursor in cursors],
        "states": [json.encode(cursor.state).decode() for cursor in cursors],
        "stored": [cursor.stored for cursor in cursors],
        "count": len(cursors),
    }
    try:
        connection.execute(_MOVE, columns)
    except psycopg.errors.DivisionByZero as error:
        raise _superseded(cursors) from error


def _superseded(cursors: Sequence[Cursor]) -> PublisherSuperseded:
    stood = ", ".join(f"{cursor.stream} of book {cursor.book!r} at {cursor.stored}" for cursor in cursors[:5])
    return PublisherSuperseded(
        f"not every stream stands where this process left it ({stood}): another publisher sends them; this one starts "
        "anew and stands by"
    )


def _number(stream: str) -> int:
    return zlib.crc32(stream.encode()) - 2**31


_MOVE: Final = """
WITH moved AS (
    UPDATE ledger.publications AS held SET position = reached.position, state = reached.state
    FROM unnest(
        %(streams)s::text[], %(book_ids)s::int[], %(positions)s::bigint[], %(states)s::jsonb[], %(stored)s::bigint[]
    ) AS reached (stream, book_id, position, state, stored)
    WHERE held.stream = reached.stream AND held.book_id = reached.book_id AND held.position = reached.stored
    RETURNING 1
)
SELECT 1 / (count(*) = %(count)s)::int FROM moved
"""
