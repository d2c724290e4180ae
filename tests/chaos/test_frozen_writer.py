"""Two writers of one book, one stopped with SIGSTOP over a takeover, at many moments: the woken one is fenced."""

import random
import signal
import time

import psycopg
import pytest

from contraflow.embedded import PairAddresses
from tests.integration.test_posting import Site

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(500)]
ROUNDS = 6
BATCH = 400


def test_the_woken_writer_is_fenced_at_every_moment(pair: PairAddresses, postgres_dsn: str, topic_prefix: str) -> None:
    site = Site(pair, postgres_dsn, topic_prefix)
    rng = random.Random(20261120)
    told = 0

    def tell(count: int) -> None:
        nonlocal told
        site.tell(range(told, told + count))
        told += count

    tell(50)
    for round_number in range(ROUNDS):
        with site.posting() as first:
            site.settled(lambda: site.count() == told, 90)
            under_load = round_number % 2 == 1
            if under_load:
                tell(5 * BATCH)
                # Somewhere in the middle of reading, deciding or committing.
                before = site.count()
                site.settled(lambda before=before: site.count() > before, 60)  # type: ignore[misc]
                time.sleep(rng.uniform(0, 0.05))
            first.send_signal(signal.SIGSTOP)
            tell(BATCH)
            with site.posting() as second:
                site.settled(lambda: site.count() == told, 120)
                epochs = site_epoch(site)
                first.send_signal(signal.SIGCONT)
                tell(BATCH)
                site.settled(lambda: site.count() == told, 120)
                assert second.poll() is None
                assert site_epoch(site) >= epochs
        site.assert_sound(told)


def site_epoch(site: Site) -> int:
    with psycopg.connect(site.dsn) as connection:
        row = connection.execute("SELECT epoch FROM ledger.books WHERE book = 'main'").fetchone()
    assert row is not None
    return int(row[0])
