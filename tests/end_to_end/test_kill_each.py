"""kill -9 of each process in turn, under load: what was acknowledged is posted once, and nobody has to help.

The pipeline runs on an embedded pair of its own, because the two servers are killed as well.
"""

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest

from contraflow.embedded import EmbeddedError
from tests.end_to_end.load import Load, assert_told_once, load_on
from tests.end_to_end.published import assert_balances_published, assert_entries_complete
from tests.end_to_end.running import RunningPipeline, running, until

# On four partitions these two books fall apart.
BOOKS = ("main", "b1")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    with running(tmp_path_factory.mktemp("kill"), books=BOOKS) as pipeline:
        yield pipeline


def kill_part(site: RunningPipeline, name: str) -> None:
    """kill -9, and wait until the supervisor has started it again."""
    supervisor = site.pipeline.supervisor
    before = supervisor.pids[name]
    os.kill(before, signal.SIGKILL)
    until(lambda: supervisor.pids.get(name, before) != before, 60, f"{name} started again; said: {site.said[-5:]}")


def kill_server(site: RunningPipeline, name: str) -> None:
    """kill -9 of an embedded server, and wait until the pipeline has revived it."""
    pair = site.pipeline._pair
    assert pair is not None
    before = pair.pids[name]
    os.kill(before, signal.SIGKILL)

    def revived() -> bool:
        with contextlib.suppress(EmbeddedError):
            return not pair.dead() and pair.pids[name] != before
        return False  # it is dead, and nobody has noticed yet

    until(revived, 90, f"{name} revived; said: {site.said[-5:]}")


def assert_nothing_lost(site: RunningPipeline, loads: list[Load]) -> None:
    site.settle(120)
    for load in loads:
        assert len(load.told) > 50
        assert_told_once(site, load)
    site.assert_sound()
    for load in loads:
        assert_entries_complete(site, load.book)
    site.published("balances")
    for load in loads:
        assert_balances_published(site, load.book)


def test_every_process_killed_in_turn_under_load(site: RunningPipeline) -> None:
    before = site.pipeline.supervisor.restarts_by_part
    with load_on(site, *BOOKS) as loads:
        for name in site.pipeline.names:
            loads[0].wait_for(30)
            kill_part(site, name)
        for name in ("postgres", "kafka"):
            loads[1].wait_for(30)
            kill_server(site, name)
        for load in loads:
            load.wait_for(30, 90)
    after = site.pipeline.supervisor.restarts_by_part
    assert all(after[name] > before[name] for name in site.pipeline.names), after
    assert_nothing_lost(site, loads)
