"""A minute of accidents at random: parts and servers killed, connections cut, the broker frozen. Nothing is lost.

The seed is printed; set `CHAOS_SEED` to see the same accidents again, and `CHAOS_SECONDS` for longer.
"""

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest

from contraflow.embedded import EmbeddedError
from tests.end_to_end.load import load_on
from tests.end_to_end.running import RunningPipeline, running
from tests.end_to_end.test_kill_each import assert_nothing_lost

BOOKS = ("main", "b1")
SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 10**6)))

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(SECONDS + 400)]


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    with running(tmp_path_factory.mktemp("chaos"), books=BOOKS) as pipeline:
        yield pipeline


def kill_part(site: RunningPipeline, rng: random.Random) -> str:
    name = rng.choice(list(site.pipeline.names))
    pid = site.pipeline.supervisor.pids.get(name)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    return f"kill {name}"


def kill_server(site: RunningPipeline, rng: random.Random) -> str:
    pair = site.pipeline._pair
    assert pair is not None
    name = rng.choice(["kafka", "postgres"])
    with contextlib.suppress(EmbeddedError, ProcessLookupError):  # it is being started right now
        os.kill(pair.pids[name], signal.SIGKILL)
    return f"kill {name}"


def kill_both_servers(site: RunningPipeline, rng: random.Random) -> str:
    pair = site.pipeline._pair
    assert pair is not None
    with contextlib.suppress(EmbeddedError, ProcessLookupError):
        for pid in pair.pids.values():
            os.kill(pid, signal.SIGKILL)
    return "kill kafka and postgres"


def cut_connections(site: RunningPipeline, rng: random.Random) -> str:
    with contextlib.suppress(psycopg.OperationalError):
        site.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND random() < %s",
            rng.choice([0.3, 1.0]),
        )
    return "cut connections"


def freeze_part(site: RunningPipeline, rng: random.Random) -> str:
    name = rng.choice(list(site.pipeline.names))
    pid = site.pipeline.supervisor.pids.get(name)
    if pid is not None:
        with frozen(pid):
            time.sleep(rng.uniform(0.5, 4))
    return f"freeze {name}"


def freeze_kafka(site: RunningPipeline, rng: random.Random) -> str:
    pair = site.pipeline._pair
    assert pair is not None
    with contextlib.suppress(EmbeddedError), frozen(pair.pids["kafka"]):
        time.sleep(rng.uniform(1, 5))
    return "freeze kafka"


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


ACCIDENTS = (
    kill_part,
    kill_part,
    kill_part,
    kill_server,
    kill_both_servers,
    cut_connections,
    freeze_part,
    freeze_kafka,
)


def test_accidents_at_random_lose_and_double_nothing(site: RunningPipeline) -> None:
    rng = random.Random(SEED)
    happened = [f"CHAOS_SEED={SEED}"]
    try:
        with load_on(site, *BOOKS) as loads:
            deadline_s = time.monotonic() + SECONDS
            while time.monotonic() < deadline_s:
                time.sleep(rng.uniform(0.5, 5))
                happened.append(rng.choice(ACCIDENTS)(site, rng))
            for load in loads:
                load.wait_for(30, 120)
        assert_nothing_lost(site, loads)
    finally:
        print(*happened, sep="\n")
        for load in loads:
            print(load.book, len(load.told), dict(load.answers))
