"""The schemas of the projections: one each, made when missing.

Several processes start at once, so the making is guarded by an advisory lock; whoever comes second finds everything
there.
"""

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from psycopg import sql

from projections.projection import PROJECTIONS, Projection

# Every process that makes schemas takes this lock first; the number only has to be the same everywhere.
_SCHEMA_LOCK: Final = 0x636F6E7472610001

_POSITION_TABLE: Final = """
CREATE TABLE position (
    book text PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0)
)
"""


def ensure_schemas(
    connection: psycopg.Connection[Any], projections: Iterable[Projection] = tuple(PROJECTIONS.values())
) -> None:
    """Make the schemas and tables that are missing, in one transaction; safe when many processes do it at once."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
        for projection in projections:
            cursor.execute("SELECT to_regclass(%s)", (f"{projection.name}.position",))
            row = cursor.fetchone()
            if row is None or row[0] is None:
                create_tables(cursor, projection, projection.name)


def create_tables(cursor: psycopg.Cursor[Any], projection: Projection, schema: str) -> None:
    """Make `schema` with the projection's tables, empty; the schema must not hold them yet."""
    cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    enter_schema(cursor, schema)
    cursor.execute(_POSITION_TABLE)
    cursor.execute(projection.tables_sql())


def enter_schema(cursor: psycopg.Cursor[Any], schema: str) -> None:
    """Let unqualified names mean the tables of `schema` until the transaction ends."""
    cursor.execute("SELECT set_config('search_path', quote_ident(%s), true)", (schema,))
