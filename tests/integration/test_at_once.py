"""A few events in one round trip: the same rows as the ordinary way, and nothing where the caller is mistaken."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.events import Recorded
from ledger.facts import Fact
from ledger.schema import migrate
from projections.advance import advance, position_of
from projections.at_once import AT_ONCE_EVENTS_MAX, advance_at_once
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS, Projection
from projections.rebuild import compare, rebuild
from projections.schema import ensure_schemas
from tests.integration.test_projections import a_book, advance_all, nothing_missing, rows, store
from tests.unit.projections.stories import cut, history, payment, refund, telling

ON_ONE_DATABASE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def connection(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        migrate(connection)
        ensure_schemas(connection)
        yield connection


@ON_ONE_DATABASE
@given(facts=telling(), places=st.lists(st.integers(0, 1000), max_size=6))
def test_the_rows_are_those_of_the_ordinary_way(connection, facts: list[Fact], places: list[int]) -> None:
    whole, singly, pieces = a_book(), a_book(), a_book()
    advance_all(connection, whole, [history(facts, whole)])
    for book, cuts in ((singly, list(range(1000))), (pieces, places)):
        events = history(facts, book)
        store(connection, events)
        first, *rest = cut(events, cuts) if cuts else [events]
        advance_all(connection, book, [first])
        for batch in rest:
            for projection in PROJECTIONS.values():
                assert advance_at_once(connection, projection, book, batch[0].position - 1, batch)
        for name in PROJECTIONS:
            assert rows(connection, name, book) == rows(connection, name, whole), name
            assert position_of(connection, name, book) == len(events)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_whoever_is_mistaken_changes_nothing(connection, postgres_dsn: str, name: str) -> None:
    events = history([payment(n, "succeeded") for n in range(AT_ONCE_EVENTS_MAX + 50)])
    stored = events[:-10]
    store(connection, stored)
    projection = PROJECTIONS[name]
    assert not advance_at_once(connection, projection, "main", 0, events[:5]), "the book is new here"
    advance(connection, projection, "main", events[:20], nothing_missing)
    before = rows(connection, name, "main")
    at = len(stored)
    for _ in range(7):  # psycopg prepares what it has sent five times
        for expected, batch in (
            (19, events[19:25]),  # stands further
            (21, events[21:25]),  # stands not so far
            (20, events[21:25]),  # a gap
            (20, [events[20], events[22]]),
            (20, [events[20], events[20]]),  # a repeat
            (20, events[20 : 21 + AT_ONCE_EVENTS_MAX]),  # too many
            (20, []),
            (20, history([payment(n, "succeeded") for n in range(40)], "other")[20:22]),
            (at, events[at:]),
        ):
            assert not advance_at_once(connection, projection, "main", expected, batch)
    assert rows(connection, name, "main") == before
    advance(connection, projection, "main", events[20:at], nothing_missing)
    assert not advance_at_once(connection, projection, "main", at, events[at:]), "the store ends before them"
    assert not advance_at_once(connection, projection, "main", at - 1, events[at - 1 : at + 1])
    assert position_of(connection, name, "main") == at
    assert compare(postgres_dsn, name).equal


class Killed(Exception):
    pass


@pytest.mark.parametrize("name", PROJECTIONS)
def test_an_error_in_the_fold_changes_nothing_and_leaves_the_connection_as_it_was(
    connection, postgres_dsn: str, name: str
) -> None:
    class Failing:
        def __init__(self, projection: Projection, statement: str) -> None:
            self.name = projection.name
            self._projection = projection
            self._statement = statement

        def tables_sql(self) -> Any:
            return self._projection.tables_sql()

        def apply(self, cursor: psycopg.Cursor[Any], book: str, batch: Sequence[Recorded]) -> None:
            self._projection.apply(cursor, book, batch)
            if self._statement:
                cursor.execute(self._statement.encode())
            else:
                cursor.execute("SELECT 1").fetchone()  # everything before it was carried out
                raise Killed

    events = history([payment(n, "succeeded") for n in range(40)])
    store(connection, events)
    projection = PROJECTIONS[name]
    advance(connection, projection, "main", events[:5], nothing_missing)
    before = rows(connection, name, "main")
    for _ in range(7):
        with pytest.raises(Killed):
            advance_at_once(connection, Failing(projection, ""), "main", 5, events[5:9])
        with pytest.raises(psycopg.errors.UndefinedTable):
            advance_at_once(connection, Failing(projection, "SELECT FROM nowhere"), "main", 5, events[5:9])
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert rows(connection, name, "main") == before
        assert position_of(connection, name, "main") == 5
    for event in events[5:]:
        assert advance_at_once(connection, projection, "main", event.position - 1, [event])
    assert compare(postgres_dsn, name).equal


def test_rivals_lose_and_double_nothing_while_the_tables_are_rebuilt(connection, postgres_dsn: str) -> None:
    events = history(
        [payment(n, "succeeded") for n in range(200)] + [refund(n, "succeeded", 300, n) for n in range(99)]
    )
    store(connection, events)
    start = threading.Barrier(3)
    failed: list[BaseException] = []
    at_once = [0]

    def run(step: int) -> None:
        try:
            with psycopg.connect(postgres_dsn, autocommit=True) as mine:
                reader = JournalReader(mine)
                start.wait()
                for batch in cut(events, range(0, len(events), step)):
                    for projection in PROJECTIONS.values():
                        if advance_at_once(mine, projection, "main", batch[0].position - 1, batch):
                            at_once[0] += 1
                        else:
                            advance(mine, projection, "main", batch, reader)
        except Exception as error:  # noqa: BLE001  # shown by the main thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(step,)) for step in (1, 2, 5)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for name in PROJECTIONS:
            assert rebuild(postgres_dsn, name).equal
    assert not failed
    assert at_once[0] > 100, "hardly anything went at once"
    for name in PROJECTIONS:
        assert position_of(connection, name, "main") == len(events)
        assert compare(postgres_dsn, name).equal


def test_readers_are_notified_once_for_every_move(connection, postgres_dsn: str) -> None:
    events = history([payment(n, "succeeded") for n in range(5)])
    store(connection, events)
    projection = PROJECTIONS["balances"]
    advance(connection, projection, "main", events[:2], nothing_missing)
    with psycopg.connect(postgres_dsn, autocommit=True) as listener:
        listener.execute("LISTEN contraflow_projection")
        assert advance_at_once(connection, projection, "main", 2, events[2:4])
        assert not advance_at_once(connection, projection, "main", 2, events[2:4])
        assert advance_at_once(connection, projection, "main", 4, events[4:5])
        told = [note.payload for note in listener.notifies(timeout=2, stop_after=2)]
    assert told == ["balances main 4", "balances main 5"]
