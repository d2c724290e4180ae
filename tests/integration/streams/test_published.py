"""Positions of streams: all of a round are stored or none, and whoever comes late notices."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ledger.schema import migrate
from streams.errors import PublisherSuperseded
from streams.published import Cursor, load_cursors, store_cursors

STREAMS = ("ledger.entries", "ledger.journal")


@pytest.fixture
def connection(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        migrate(connection)
        connection.execute("INSERT INTO ledger.books (book, head, seal) VALUES ('main', 9, ''), ('other \"b\"', 9, '')")
        yield connection


def loaded(connection: psycopg.Connection[Any]) -> list[Cursor]:
    return [cursor for _, cursor in sorted(load_cursors(connection, STREAMS).items())]


def stored(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT stream, book, position, state FROM ledger.publications JOIN ledger.books USING (book_id) ORDER BY 1, 2"
    ).fetchall()


def test_new_and_further_positions_are_stored_with_their_states(connection) -> None:
    first, second, third, fourth = loaded(connection)
    first.position, first.state = 3, {"previous": 3, "hash": 'a\\"é'}
    store_cursors(connection, [first])
    first.position, second.position, third.position = 5, 4, 2
    store_cursors(connection, [first, second, third, fourth])
    store_cursors(connection, [])
    assert stored(connection) == [
        ("ledger.entries", "main", 5, {"previous": 3, "hash": 'a\\"é'}),
        ("ledger.entries", 'other "b"', 4, {}),
        ("ledger.journal", "main", 2, {}),
        ("ledger.journal", 'other "b"', 0, {}),
    ]
    assert loaded(connection) == [first, second, third, fourth]


def test_whoever_comes_late_stores_nothing_of_its_round(connection) -> None:
    first, second, third, _ = loaded(connection)
    store_cursors(connection, [first, second])
    late = loaded(connection)
    second.position = 7
    store_cursors(connection, [second])
    before = stored(connection)
    for cursor in late:
        cursor.position = 8
    for batch in (late[:2], [late[1]], late, [late[2], late[1]]):
        with pytest.raises(PublisherSuperseded, match=r"ledger\.entries of book 'other"):
            store_cursors(connection, batch)
        assert stored(connection) == before
    assert [cursor.stored for cursor in late] == [0, 0, None, None]
    store_cursors(connection, [third])
    with pytest.raises(PublisherSuperseded, match=r"ledger\.journal of book 'main' at None"):
        store_cursors(connection, [late[3], late[2]])
    assert stored(connection)[-1][:2] == ("ledger.journal", "main"), "the fourth was stored without the third"
    store_cursors(connection, [late[0]])
    assert stored(connection)[0][2] == 8
