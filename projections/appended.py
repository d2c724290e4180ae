"""A table to which rows are only ever added: a large batch by COPY, a small one as part of a pipeline.

COPY costs the server least by far, and cannot travel together with other statements; what comes event by event is
better off in one round trip (`projections.advance`). Rows are tuples of texts, as PostgreSQL reads each column's type.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString

import psycopg
from psycopg.pq import PipelineStatus

from projections.columns import texts

Row = tuple[str | None, ...]

_NULL: Final = "\\N"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Appended:
    """One table; its rows have a field for every column, in this order."""

    def __init__(self, table: LiteralString, columns: Mapping[LiteralString, LiteralString]) -> None:
        """`columns`: name -> type."""
        names = ", ".join(columns)
        # In the list of targets and not in FROM: there the server would store all rows away before the first is used.
        arrays = ", ".join([f"unnest(%s::{type_name}[])" for type_name in columns.values()])
        self._tabs = len(columns) - 1
        self._copy: LiteralString = f"COPY {table} ({names}) FROM STDIN"
        self._insert: LiteralString = f"INSERT INTO {table} ({names}) SELECT {arrays}"

    def write(
        self, cursor: psycopg.Cursor[Any], rows: Iterable[Row], joined: Callable[[], list[str]] | None = None
    ) -> None:
        """Add all rows in one statement, so that a trigger sees them together; none is fine.

        Args:
            rows: what to add.
            joined: gives the same rows, their fields joined by tabs as they are, where that is cheaper to make.
                Asked for COPY only; `rows` is used there when some field must be escaped.
        """
        alone = cursor.connection.pgconn.pipeline_status == PipelineStatus.OFF
        text = _joined(joined(), self._tabs, 0) if alone and joined is not None else ""
        if not text:
            rows = list(rows)
            if not rows:
                return
            if not alone:
                cursor.execute(self._insert, [texts(column) for column in zip(*rows, strict=True)])
                return
            text = copy_text(rows)
        with cursor.copy(self._copy) as copy:
            copy.write(text)


def copy_text(rows: Sequence[Row]) -> str:
    """Rows, one or more, in COPY's text form; fields are escaped only when a count shows that one of them needs it."""
    nulls = 0
    lines = []
    for row in rows:
        try:
            lines.append("\t".join(row))  # type: ignore[arg-type]
        except TypeError:  # a None in it
            nulls += row.count(None)
            lines.append("\t".join([_NULL if field is None else field for field in row]))
    if text := _joined(lines, len(rows[0]) - 1, nulls):
        return text
    escaped = [[_NULL if field is None else field.translate(_ESCAPES) for field in row] for row in rows]
    return "\n".join(map("\t".join, escaped)) + "\n"


def _joined(lines: list[str], tabs: int, nulls: int) -> str:
    """The lines as one text; empty when there are none, or when there is more in them than joints and NULLs."""
    text = "\n".join(lines) + "\n"
    plain = (
        text.count("\\") == nulls
        and text.count("\n") == len(lines)
        and text.count("\t") == len(lines) * tabs
        and "\r" not in text
    )
    return text if plain else ""
