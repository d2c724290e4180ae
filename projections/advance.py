"""Moves a projection forward: the one transaction in which rows and the position reached change together.

Whoever tells the events may repeat and may skip: positions already folded are passed over, missing ones are read from
the store (law 2). The position's row is locked first, so two processes that move the same book go one after the other
and nothing is folded twice.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from ledger.events import Recorded
from projections.errors import JournalGap, ProjectionError
from projections.journal_reader import JournalReader, ReadGap
from projections.projection import Projection
from projections.schema import enter_schema

# A gap larger than this is folded in pieces, still within the one transaction, to bound memory.
GAP_EVENTS_MAX: Final = 5_000

CHANNEL: Final = "contraflow_projection"


def advance(
    connection: psycopg.Connection[Any],
    projection: Projection,
    book: str,
    events: Sequence[Recorded],
    read_gap: ReadGap,
    schema: str = "",
) -> int:
    """Fold `events` of `book` in one transaction of its own and return the position reached.

    Args:
        connection: idle; it is committed on success and rolled back on any error.
        projection: what to move.
        book: the book that all events belong to.
        events: in any cut: repeats are skipped, gaps healed, order does not matter.
        read_gap: gives the events with ``after < position <= through`` from the store, in order.
        schema: where the tables are; the projection's own schema when empty.

    Raises:
        JournalGap: when the store does not have a position that must exist.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ProjectionError(f"{projection.name} moves in a transaction of its own; this connection is in another one")
    with connection.transaction(), connection.cursor() as cursor:
        return move(cursor, projection, book, events, read_gap, schema or projection.name)


def catch_up(
    connection: psycopg.Connection[Any],
    projection: Projection,
    book: str,
    reader: JournalReader,
    batch_events_max: int = GAP_EVENTS_MAX,
) -> int:
    """Fold everything the store has for `book`, one transaction a batch; returns the position reached."""
    reached = position_of(connection, projection.name, book)
    while events := reader.read(book, reached, batch_events_max):
        reached = advance(connection, projection, book, events, reader)
    return reached


def position_of(connection: psycopg.Connection[Any], schema: str, book: str) -> int:
    """The position up to which `book` has been folded in `schema`; 0 when never."""
    with connection.transaction(), connection.cursor() as cursor:
        enter_schema(cursor, schema)
        cursor.execute("SELECT position FROM position WHERE book = %s", (book,))
        row = cursor.fetchone()
        return int(row[0]) if row is not None else 0


def move(
    cursor: psycopg.Cursor[Any],
    projection: Projection,
    book: str,
    events: Sequence[Recorded],
    read_gap: ReadGap,
    schema: str,
) -> int:
    """As `advance`, within the caller's transaction; leaves the search path at `schema`."""
    enter_schema(cursor, schema)
    start = _lock_position(cursor, book)
    reached = start
    for batch in _contiguous(book, start, events, read_gap):
        assert batch[0].position == reached + 1 and batch[-1].position == reached + len(batch)
        projection.apply(cursor, book, batch)
        reached = batch[-1].position
    if reached > start:
        cursor.execute("UPDATE position SET position = %s WHERE book = %s", (reached, book))
        if schema == projection.name:
            cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{projection.name} {book} {reached}"))
    return reached


def _lock_position(cursor: psycopg.Cursor[Any], book: str) -> int:
    cursor.execute("SELECT position FROM position WHERE book = %s FOR UPDATE", (book,))
    row = cursor.fetchone()
    if row is None:
        # Two processes may meet here for a new book: the second waits in the INSERT, then locks what the first made.
        cursor.execute("INSERT INTO position (book, position) VALUES (%s, 0) ON CONFLICT (book) DO NOTHING", (book,))
        cursor.execute("SELECT position FROM position WHERE book = %s FOR UPDATE", (book,))
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _contiguous(book: str, start: int, events: Sequence[Recorded], read_gap: ReadGap) -> Iterator[list[Recorded]]:
    """Batches that follow `start` without a gap or a repeat; a whole call without a gap stays one batch."""
    run: list[Recorded] = []
    at = start
    for recorded in sorted(events, key=lambda recorded: recorded.position):
        if recorded.book != book:
            raise ProjectionError(f"an event of book {recorded.book!r} was told as one of {book!r}")
        if recorded.position <= at:
            continue
        if recorded.position > at + 1:
            if run:
                yield run
                run = []
            yield from _gap(book, at, recorded.position - 1, read_gap)
        run.append(recorded)
        at = recorded.position
    if run:
        yield run


def _gap(book: str, after: int, through: int, read_gap: ReadGap) -> Iterator[list[Recorded]]:
    while after < through:
        upto = min(through, after + GAP_EVENTS_MAX)
        found = read_gap(book, after, upto)
        if [recorded.position for recorded in found] != list(range(after + 1, upto + 1)):
            raise JournalGap(
                f"book {book!r}: positions {after + 1} to {upto} are needed, the store gave {len(found)} events;"
                " check the store with `contraflow verify` before this projection goes on"
            )
        yield found
        after = upto
