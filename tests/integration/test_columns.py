"""Arrays as literals and rows as COPY's text: whatever stands in a field arrives as it was, on both ways."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projections.appended import Appended, Row
from projections.columns import numbers, texts
from projections.entries import joined_postings, postings
from tests.unit.projections.stories import history, telling

ON_ONE_DATABASE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# What any text may hold in PostgreSQL, the characters that mean something to either form more often than chance.
FIELD = st.text(
    st.one_of(st.sampled_from('\\\t\n\r"{},N. '), st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    max_size=8,
)
ODD = ["", "NULL", "\\N", "\\.", '"', '","', "{}", "\t", "\n", "a\r\nb", "\\\\", " x ", "é漢"]


@pytest.fixture
def connection(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE told (line bigint, name text NOT NULL, amount numeric, note text)")
        yield connection


@ON_ONE_DATABASE
@given(values=st.lists(st.none() | FIELD, max_size=6))
@example(values=[])
@example(values=list(ODD))
@example(values=[None, *ODD])
def test_texts_arrive_as_they_were(connection, values: list[str | None]) -> None:
    assert connection.execute("SELECT %s::text[]", (texts(values),)).fetchone() == (values,)


@ON_ONE_DATABASE
@given(values=st.lists(st.integers(-(2**128), 2**128), max_size=6))
def test_numbers_of_any_size_arrive_as_they_were(connection, values: list[int]) -> None:
    assert connection.execute("SELECT %s::numeric[]", (numbers(values),)).fetchone() == (values,)


TOLD = Appended("told", {"line": "bigint", "name": "text", "amount": "numeric", "note": "text"})
ROWS = st.lists(st.tuples(FIELD, st.none() | st.integers(-(2**128), 2**128).map(str), st.none() | FIELD), max_size=5)


@ON_ONE_DATABASE
@given(rows=ROWS)
@example(rows=[(odd, None, odd) for odd in ODD])
@example(rows=[("plain", "1", "plain")])
@example(rows=[("plain", None, "\\N"), ("\\N", "1", None)])
def test_rows_arrive_as_they_were_by_copy_and_in_a_pipeline(connection, rows: list[Row]) -> None:
    lined = [(str(line), *row) for line, row in enumerate(rows)]
    due = [(line, row[0], None if row[1] is None else int(row[1]), row[2]) for line, row in enumerate(rows)]
    with connection.cursor() as cursor:
        TOLD.write(cursor, lined)
        assert _taken(connection) == due
        with connection.pipeline():
            TOLD.write(cursor, iter(lined))
        assert _taken(connection) == due


@pytest.mark.parametrize("name", ["plain", *ODD])
def test_rows_joined_beforehand_are_taken_only_where_nothing_needs_escaping(connection, name: str) -> None:
    rows = [("1", name, "5", "note"), ("2", "plain", "6", name)]
    with connection.cursor() as cursor:
        TOLD.write(cursor, rows, lambda: ["\t".join(map(str, row)) for row in rows])
    assert _taken(connection) == [(1, name, 5, "note"), (2, "plain", 6, name)]


@given(facts=telling())
def test_postings_joined_are_the_postings(facts: Sequence[Any]) -> None:
    events = history(facts)
    assert joined_postings(events) == ["\t".join(map(str, row)) for row in postings(events)]


def _taken(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute("WITH taken AS (DELETE FROM told RETURNING *) SELECT * FROM taken ORDER BY 1").fetchall()
