"""How far every stream of every book was sent, and the right to send it.

The position moves only after Kafka acknowledged, so it may stand behind what was sent and never ahead of it: a crash
repeats and never skips. One process owns a stream, by a PostgreSQL advisory lock of its session; a second one stands
by. Should two believe to own it all the same (a session that died unnoticed), the update below finds another position
than it expects, and the one who comes late leaves.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
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
    with connection.transaction(), connection.cursor() as sql:
        moved = list(cursors)
        for cursor in moved:
            sql.execute(
                "INSERT INTO ledger.publications AS held (stream, book_id, position, state) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (stream, book_id) DO UPDATE SET position = excluded.position, state = excluded.state"
                " WHERE held.position = %s",
                (cursor.stream, cursor.book_id, cursor.position, Jsonb(cursor.state), cursor.stored),
            )
            if sql.rowcount != 1:
                raise PublisherSuperseded(
                    f"{cursor.stream} of book {cursor.book!r} no longer stands at {cursor.stored}: another publisher "
                    "sends it; this one starts anew and stands by"
                )
    for cursor in moved:
        cursor.stored = cursor.position


def _number(stream: str) -> int:
    return zlib.crc32(stream.encode()) - 2**31
