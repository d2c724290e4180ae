"""kill -9 of the whole embedded PostgreSQL while projections commit asynchronously under load.

What such a commit wrote last may be gone, rows and position together; the event store has everything it acknowledged.
A server of one's own writes its log every 0.2 s; here it is told to take its time, so that a kill does take something.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import psutil
import psycopg
import pytest

from contraflow.embedded import EmbeddedError
from tests.end_to_end.load import load_on
from tests.end_to_end.running import RunningPipeline, running, until
from tests.end_to_end.test_kill_each import assert_nothing_lost

BOOKS = ("main", "b1")
KILLS = 5
PROJECTIONS = ("balances", "entries", "payments", "reconciliation")

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    with running(tmp_path_factory.mktemp("database"), books=BOOKS) as pipeline:
        with psycopg.connect(pipeline.dsn, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            connection.execute("ALTER SYSTEM SET wal_writer_flush_after = '1GB'")
            connection.execute("SELECT pg_reload_conf()")
        yield pipeline


def reached(connection: psycopg.Connection) -> dict[tuple[str, str], int]:
    """How far every projection of every book says to be."""
    found = {}
    for name in PROJECTIONS:
        for book, position in connection.execute(f"SELECT book, position FROM {name}.position"):
            found[name, book] = position
    return found


def heads(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT book, head FROM ledger.books").fetchall())


def kill_database(site: RunningPipeline) -> None:
    """Every process of the server at once, and wait until the pipeline has revived it."""
    pair = site.pipeline._pair
    assert pair is not None
    before = pair.pids["postgres"]
    server = psutil.Process(before)
    for process in [server, *server.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)

    def revived() -> bool:
        with contextlib.suppress(EmbeddedError):
            return not pair.dead() and pair.pids["postgres"] != before
        return False

    until(revived, 90, f"PostgreSQL revived; said: {site.said[-5:]}")


def first_look(site: RunningPipeline) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """What the server says as soon as it answers again."""
    deadline_s = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(site.dsn, autocommit=True) as connection:
                return reached(connection), heads(connection)
        except psycopg.OperationalError:
            assert time.monotonic() < deadline_s, "PostgreSQL does not answer"
            time.sleep(0.005)


def freeze_posting(site: RunningPipeline) -> int:
    """Nothing flushes the log any more; returns the process to be woken."""
    supervisor = site.pipeline.supervisor
    until(lambda: "posting" in supervisor.pids, 60, "posting runs")
    posting: int = supervisor.pids["posting"]
    os.kill(posting, signal.SIGSTOP)
    return posting


def at_the_heads(site: RunningPipeline) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Every projection at the heads of the books, while nobody posts."""
    with psycopg.connect(site.dsn, autocommit=True) as connection:

        def folded() -> bool:
            now = heads(connection)
            return all(reached(connection).get((name, book)) == now[book] for name in PROJECTIONS for book in BOOKS)

        until(folded, 30, "projections at the heads")
        return reached(connection), heads(connection)


def test_projections_forget_and_fold_again_and_the_store_forgets_nothing(site: RunningPipeline) -> None:
    went_back = 0
    with load_on(site, *BOOKS) as loads:
        for number in range(KILLS):
            for load in loads:
                load.wait_for(30, 90)
            posting = 0
            if number % 2:
                posting = freeze_posting(site)
                before, stored = at_the_heads(site)
            else:
                with psycopg.connect(site.dsn, autocommit=True) as connection:
                    before, stored = reached(connection), heads(connection)
            kill_database(site)
            after, found = first_look(site)
            if posting:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(posting, signal.SIGCONT)
            assert all(found[book] >= head for book, head in stored.items()), "an acknowledged append is gone"
            assert all(after[name, book] <= found[book] for name, book in after), "folded past the store"
            went_back += sum(after[place] < position for place, position in before.items())
        for load in loads:
            load.wait_for(30, 90)
    assert went_back, "no kill took anything: nothing was tried"
    assert_nothing_lost(site, loads)
