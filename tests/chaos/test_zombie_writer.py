"""Two writers on one book, the older one stopped over a takeover at each stage of a batch, then woken.

Whatever the stage: the younger one can take the book and write, the older one is fenced when it wakes, what its caller
tells again counts once, and the history is sound.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import ledger.store
from contraflow.embedded import PairAddresses
from ledger.ledger import Ledger
from ledger.store import Store
from ledger.verification import verify_ledger
from tests.chaos.zombie import STAGES, TRANSACTION_TIMEOUT_MS
from tests.chaos.zombie_ledger import BATCH, batch
from tests.integration.test_posting import Site

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
BATCH_MINOR = BATCH * (BATCH + 1) // 2


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.store, "TRANSACTION_TIMEOUT_MS", TRANSACTION_TIMEOUT_MS)


@contextmanager
def zombie(module: str, stage: str, *arguments: str, stdout: int | None = None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "ZOMBIE_STAGE": stage},
        stdout=stdout,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until_stopped(process: subprocess.Popen[str], wait_s: float = 60) -> None:
    deadline_s = time.monotonic() + wait_s
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        assert process.poll() is None, "it ended instead of stopping"
        assert time.monotonic() < deadline_s, "it did not stop in time"
        time.sleep(0.02)


@pytest.mark.parametrize("stage", STAGES)
def test_a_ledger_stopped_in_a_batch_is_fenced_and_the_batch_counts_once(postgres_dsn: str, stage: str) -> None:
    with zombie("tests.chaos.zombie_ledger", stage, postgres_dsn, stdout=subprocess.PIPE) as first:
        wait_until_stopped(first)
        with Store.open(postgres_dsn) as store:
            second = Ledger.open(store, "main")
            # The caller of the stopped one heard nothing, and asks the one that has the book now.
            again = second.apply(batch(2))
            second.apply(batch(4))
            first.send_signal(signal.SIGCONT)
            told, _ = first.communicate(timeout=60)
            second.apply(batch(5))
            assert [report.findings for report in verify_ledger(store.connection)] == [()]
            assert store.load("main").seal == second.book.seal
    repeated = {answer.repeated for answer in again}
    outcome, next_outcome = told.split()
    assert repeated == {stage == "after_commit"}, "a batch is on record exactly when it was committed"
    if stage == "after_commit":
        # What it says is true: the batch is on record. Its next one is not, and it learns why.
        assert (outcome, next_outcome) == ("answered", "Fenced")
    else:
        assert outcome in ("Fenced", "TransactionTimeout", "AdminShutdown", "OperationalError")
        assert next_outcome == "StoreError", "a ledger whose append failed went on"
    assert second.book.balances["1000", "USD"] == [4 * BATCH_MINOR, 0]
    assert second.book.balances["7000", "USD"] == [0, 4 * BATCH_MINOR]
    assert second.book.version == 1 + 4 * BATCH


@pytest.mark.parametrize("stage", STAGES)
def test_posting_stopped_in_a_batch_loses_and_doubles_nothing(
    pair: PairAddresses, postgres_dsn: str, topic_prefix: str, stage: str
) -> None:
    site = Site(pair, postgres_dsn, topic_prefix)
    site.tell(range(100))
    arguments = (pair.bootstrap_servers, postgres_dsn, topic_prefix)
    with zombie("tests.chaos.zombie_posting", stage, *arguments) as first:
        site.settled(lambda: site.count() == 100)
        first.send_signal(signal.SIGUSR1)
        site.tell(range(100, 2_100))
        wait_until_stopped(first)
        assert site.count() < 2_100
        with site.posting() as second:
            site.settled(lambda: site.count() == 2_100, 90)
            first.send_signal(signal.SIGCONT)
            site.tell(range(2_100, 2_400))
            site.settled(lambda: site.count() == 2_400)
            assert second.poll() is None, "the one that has the books was disturbed"
            # Fenced it joins anew; cut off by the server it ends, for its supervisor to start again.
            assert first.poll() in (None, 1)
        site.assert_sound(2_400)
