"""Compares two schemas of one projection row by row, in the order of their keys (law 5)."""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, Final

import msgspec
import psycopg
from psycopg import sql

FETCH_ROWS: Final = 5_000

# table, rows compared so far
CompareProgress = Callable[[str, int], None]


class Difference(msgspec.Struct, frozen=True):
    """The first row in which two schemas differ, as PostgreSQL writes rows; None where a row is missing."""

    table: str
    live: str | None
    rebuilt: str | None


class Comparison(msgspec.Struct, frozen=True):
    """What comparing found.

    Attributes:
        rows: rows compared, up to and without the first difference.
        digest: BLAKE2b-128 over the live rows compared, for people to compare across machines.
        difference: None when everything is equal.
    """

    rows: int
    digest: str
    difference: Difference | None

    @property
    def equal(self) -> bool:
        """Whether no row differs."""
        return self.difference is None


def compare_schemas(
    connection: psycopg.Connection[Any], live: str, rebuilt: str, progress: CompareProgress
) -> Comparison:
    """Compare all tables of two schemas; the connection is in one snapshot already."""
    digest = blake2b(digest_size=16)
    total = 0
    for table, key in _tables(connection, live):
        with (
            _rows(connection, "compare_live", live, table, key) as ours,
            _rows(connection, "compare_rebuilt", rebuilt, table, key) as theirs,
        ):
            while True:
                left, right = _page(ours), _page(theirs)
                if left != right:
                    same, difference = _first_difference(table, left, right)
                    return Comparison(total + same, digest.hexdigest(), difference)
                if not left:
                    break
                digest.update("\n".join(left).encode())
                total += len(left)
                progress(table, total)
    return Comparison(total, digest.hexdigest(), None)


def _tables(connection: psycopg.Connection[Any], schema: str) -> Iterator[tuple[str, list[str]]]:
    """Every table of the schema with the columns of its primary key, by name."""
    yield from connection.execute(_TABLES, (schema,)).fetchall()


def _rows(
    connection: psycopg.Connection[Any], name: str, schema: str, table: str, key: list[str]
) -> "psycopg.ServerCursor[tuple[str]]":
    cursor: psycopg.ServerCursor[Any] = connection.cursor(name=name)
    order = sql.SQL(", ").join(sql.Identifier(column) for column in key)
    statement = sql.SQL("SELECT t::text FROM {} AS t ORDER BY {}").format(sql.Identifier(schema, table), order)
    cursor.execute(statement)
    return cursor


def _page(cursor: "psycopg.ServerCursor[tuple[str]]") -> list[str]:
    return [row[0] for row in cursor.fetchmany(FETCH_ROWS)]


def _first_difference(table: str, live: list[str], rebuilt: list[str]) -> tuple[int, Difference]:
    """How many rows are equal before it, and the difference."""
    for same, (ours, theirs) in enumerate(zip(live, rebuilt, strict=False)):
        if ours != theirs:
            return same, Difference(table, ours, theirs)
    same = min(len(live), len(rebuilt))
    return same, Difference(
        table, live[same] if same < len(live) else None, rebuilt[same] if same < len(rebuilt) else None
    )


_TABLES: Final = """
SELECT c.relname, array_agg(a.attname::text ORDER BY k.place)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE n.nspname = %s AND c.relkind = 'r'
GROUP BY c.relname
ORDER BY c.relname
"""
