"""Rebuilds a projection from the event store beside the live one, compares the two, and swaps them (law 5).

The live projection keeps moving meanwhile. The shadow follows it without a lock until it is close; then advancing is
held for the moment in which the shadow takes the last steps and a snapshot of both is opened, and the rows are compared
in that snapshot while the live one moves on. The swap renames the schemas under the same short lock.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg import sql

from projections.advance import GAP_EVENTS_MAX, move
from projections.comparison import Comparison, Difference, compare_schemas
from projections.errors import JournalGap, RebuildRunning
from projections.journal_reader import JournalReader
from projections.projection import Projection, projection_named
from projections.schema import create_tables, ensure_schemas, enter_schema

# So many events may be left for the time in which live advancing is held.
CLOSE_EVENTS: Final = 1_000
# How long a swap waits for advancers and readers in flight before it fails; they hold the table for milliseconds.
LOCK_WAIT_S: Final = 30

_REBUILD_LOCK: Final = "contraflow rebuild "


class Progress(msgspec.Struct, frozen=True):
    """How far a rebuild got.

    Attributes:
        step: ``folding`` or ``comparing``.
        done, total: events when folding; rows when comparing, where the total is not known and 0.
    """

    step: str
    done: int
    total: int


class Rebuilt(msgspec.Struct, frozen=True):
    """What a rebuild or a comparison found.

    Attributes:
        positions: position of every book at which live and rebuilt were compared.
        events: events folded.
        rows: rows compared.
        equal: whether every row was equal.
        difference: the first row that was not.
        digest: BLAKE2b-128 over the rows compared.
        swapped: whether the rebuilt tables are the live ones now.
    """

    name: str
    positions: dict[str, int]
    events: int
    rows: int
    equal: bool
    difference: Difference | None
    digest: str
    swapped: bool


def ignore_progress(progress: Progress) -> None:
    """For callers that show nothing."""


def compare(dsn: str, name: str, progress: Callable[[Progress], None] = ignore_progress) -> Rebuilt:
    """Fold the journal anew and compare; the live projection is only read."""
    return rebuild(dsn, name, swap=False, progress=progress)


def rebuild(dsn: str, name: str, swap: bool = True, progress: Callable[[Progress], None] = ignore_progress) -> Rebuilt:
    """Fold the journal anew into a shadow, compare it with the live tables, and let it take their place.

    It takes their place also when they differ: the journal is the truth, and the difference is in the result.

    Raises:
        UnknownProjection: no projection has this name.
        RebuildRunning: somebody else rebuilds or compares it now.
    """
    projection = projection_named(name)
    with (
        psycopg.connect(dsn, autocommit=True, application_name="contraflow-rebuild") as holder,
        psycopg.connect(dsn, autocommit=True, application_name="contraflow-rebuild") as worker,
    ):
        taken = holder.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (_REBUILD_LOCK + name,)).fetchone()
        if taken != (True,):
            raise RebuildRunning(f"projection {name} is being rebuilt or compared by another process; try again later")
        ensure_schemas(holder, [projection])
        shadow = _Shadow(worker, projection, progress)
        try:
            shadow.follow(holder)
            with _held(holder, projection, "SHARE"):
                positions = shadow.reach(_positions(holder, name))
                worker.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                worker.execute("SELECT 1 FROM pg_class LIMIT 1")  # the snapshot is taken here, under the lock
            found = _compared(worker, projection, progress)
            if swap:
                shadow.follow(holder)
                with _held(holder, projection, "ACCESS EXCLUSIVE"):
                    shadow.reach(_positions(holder, name))
                    _rename(holder, projection)
        finally:
            for leftover in (_shadow_name(projection), _retired_name(projection)):
                _drop(worker, leftover)
            # The server learns of a closed connection a moment later, and whoever comes next would find the lock taken.
            holder.execute("SELECT pg_advisory_unlock(hashtext(%s))", (_REBUILD_LOCK + name,))
    return Rebuilt(
        name=name,
        positions=positions,
        events=shadow.events,
        rows=found.rows,
        equal=found.equal,
        difference=found.difference,
        digest=found.digest,
        swapped=swap,
    )


class _Shadow:
    """The schema that is folded anew; it never goes further than the live one, so that both can be compared."""

    def __init__(
        self, worker: psycopg.Connection[Any], projection: Projection, progress: Callable[[Progress], None]
    ) -> None:
        self.events = 0
        self._worker = worker
        self._projection = projection
        self._progress = progress
        self._schema = _shadow_name(projection)
        self._reader = JournalReader(worker)
        self._reached: dict[str, int] = {}
        # A crash of an earlier rebuild may have left these.
        _drop(worker, self._schema)
        _drop(worker, _retired_name(projection))
        with worker.transaction(), worker.cursor() as cursor:
            create_tables(cursor, projection, self._schema)

    def follow(self, live: psycopg.Connection[Any]) -> None:
        """Fold until only a few events are left to the live positions."""
        while True:
            targets = _positions(live, self._projection.name)
            if sum(targets.values()) - sum(self._reached.values()) <= CLOSE_EVENTS:
                return
            self.reach(targets)

    def reach(self, targets: dict[str, int]) -> dict[str, int]:
        """Fold every book exactly up to its target; gives the targets."""
        for book, target in sorted(targets.items()):
            while (after := self._reached.get(book, 0)) < target:
                through = min(target, after + GAP_EVENTS_MAX)
                events = self._reader(book, after, through)
                with self._worker.transaction(), self._worker.cursor() as cursor:
                    # The swap's own commit is synchronous and comes after these, so nothing is lost by a crash.
                    cursor.execute("SET LOCAL synchronous_commit TO off")
                    reached = move(cursor, self._projection, book, events, self._reader, self._schema)
                if reached != through:
                    raise JournalGap(f"book {book!r}: the live projection is at {target}, the store ends at {reached}")
                self._reached[book] = reached
                self.events += reached - after
                self._progress(Progress("folding", self.events, sum(targets.values())))
            if target == 0:
                # A book that live has seen and not moved yet has a row there, so it has one here.
                with self._worker.transaction(), self._worker.cursor() as cursor:
                    move(cursor, self._projection, book, [], self._reader, self._schema)
        return targets


@contextmanager
def _held(connection: psycopg.Connection[Any], projection: Projection, mode: LiteralString) -> Iterator[None]:
    """Hold live advancing (SHARE), or readers too (ACCESS EXCLUSIVE), for the length of a with block."""
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL lock_timeout TO {}").format(sql.Literal(f"{LOCK_WAIT_S}s")))
        table = sql.Identifier(projection.name, "position")
        connection.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(table, sql.SQL(mode)))
        yield


def _compared(
    worker: psycopg.Connection[Any], projection: Projection, progress: Callable[[Progress], None]
) -> Comparison:
    try:
        return compare_schemas(
            worker,
            projection.name,
            _shadow_name(projection),
            lambda table, rows: progress(Progress("comparing", rows, 0)),
        )
    finally:
        worker.execute("COMMIT")


def _positions(connection: psycopg.Connection[Any], schema: str) -> dict[str, int]:
    with connection.transaction(), connection.cursor() as cursor:
        enter_schema(cursor, schema)
        cursor.execute("SELECT book, position FROM position ORDER BY book")
        return dict(cursor.fetchall())


def _rename(connection: psycopg.Connection[Any], projection: Projection) -> None:
    """Every statement asks for the position's table first and waits for it, then finds the new schema."""
    for old, new in (
        (projection.name, _retired_name(projection)),
        (_shadow_name(projection), projection.name),
    ):
        connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def _drop(connection: psycopg.Connection[Any], schema: str) -> None:
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def _shadow_name(projection: Projection) -> str:
    return f"{projection.name}_shadow"


def _retired_name(projection: Projection) -> str:
    return f"{projection.name}_retired"
