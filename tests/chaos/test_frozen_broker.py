"""The broker stands still for some seconds: webhooks wait or are sent away with a 503, and what got a 200 is posted."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.load import load_on
from tests.end_to_end.running import RunningPipeline, running
from tests.end_to_end.test_kill_each import assert_nothing_lost

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
FROZEN_S = (2.0, 9.0, 4.0)


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    with running(tmp_path_factory.mktemp("frozen")) as pipeline:
        yield pipeline


def test_what_was_acknowledged_around_a_frozen_broker_is_posted_once(site: RunningPipeline) -> None:
    pair = site.pipeline._pair
    assert pair is not None
    with load_on(site, "main") as loads:
        for frozen_s in FROZEN_S:
            loads[0].wait_for(30, 60)
            kafka = pair.pids["kafka"]
            os.kill(kafka, signal.SIGSTOP)
            try:
                time.sleep(frozen_s)
                started_s = time.monotonic()
                assert site.http.get("/books/main/balances").status_code == 200, "reading needs no Kafka"
                assert time.monotonic() - started_s < 5
            finally:
                os.kill(kafka, signal.SIGCONT)
        loads[0].wait_for(30, 60)
    # The longest stop is longer than intake waits.
    assert loads[0].answers["503"] >= 1, loads[0].answers
    assert_nothing_lost(site, loads)
