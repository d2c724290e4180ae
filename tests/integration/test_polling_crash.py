"""Polling in processes that are killed: nothing is lost and nothing doubled, judged by the keys in the book."""

import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from contraflow.embedded import PairAddresses
from tests.integration.polling_site import BALANCES, PAYOUTS, PolledSite, balance_rows, thin_event
from tests.stand_in import Asked, StandIn, stand_in, status
from tests.unit.connectors import stripe_bodies as bodies


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with stand_in() as site:
        site.keys = {"Bearer sk_test"}
        yield site


@pytest.fixture
def site(pair: PairAddresses, postgres_dsn: str, topic_prefix: str, vendor: StandIn) -> PolledSite:
    return PolledSite(pair, postgres_dsn, topic_prefix, vendor)


def killed_after(process: subprocess.Popen[bytes], vendor: StandIn, requests: int) -> None:
    """Kill the process as soon as so many more requests were answered."""
    reached = threading.Event()
    left = [requests]

    def answered(_: Asked) -> None:
        left[0] -= 1
        if left[0] <= 0:
            reached.set()

    vendor.answered = answered
    assert reached.wait(60), "the process asked for nothing"
    process.kill()
    process.wait()


def test_killed_after_every_page_nothing_is_lost_or_doubled(site: PolledSite, vendor: StandIn) -> None:
    vendor.lists[BALANCES] = balance_rows(75)
    for _ in range(8):
        with site.polling("balance_transactions") as process:
            killed_after(process, vendor, 1)
    for _ in range(4):
        with site.polling("balance_transactions") as process:
            killed_after(process, vendor, 2)
    with site.posting(), site.polling("balance_transactions"):
        site.settled(lambda: len(site.fact_keys()) == 75)
    keys = site.fact_keys()
    assert len(keys) == len(set(keys)) == 75, "doubled"
    assert {key.split("/")[2] for key in keys} == {f"txn_{n}" for n in range(75)}
    assert site.ask("SELECT count(*) FROM ledger.dead_letters") == [(0,)]


def test_what_pages_and_thin_webhooks_make_us_fetch_survives_kills(site: PolledSite, vendor: StandIn) -> None:
    vendor.lists[PAYOUTS] = [
        bodies.payout(id=f"po_{n}", status="paid", automatic=True, created=bodies.AT_S + n * 60) for n in range(3)
    ]
    vendor.lists[BALANCES] = [
        bodies.row(id=f"txn_{payout}_{n}", created=bodies.AT_S) | {"_payout": f"po_{payout}"}
        for payout in range(3)
        for n in range(25)
    ]
    for n in range(6):
        vendor.objects[f"/v1/payment_intents/pi_{n}"] = bodies.intent(
            id=f"pi_{n}", status="succeeded", amount_received=2000, latest_charge=None
        )
        site.send(thin_event(n, "payment_intent", f"pi_{n}"), source="stripe", account="acct_1")
    assert site.producer.flush(30) == 0
    vendor.fault("/v1/payment_intents/pi_3", status(503), status(503))
    for _ in range(10):
        with site.polling("payouts") as process:
            killed_after(process, vendor, 2)
    with site.posting(), site.polling("payouts"):
        site.settled(
            lambda: (
                site.ask("SELECT count(*) FROM gateways.fetches WHERE wanted > fetched") == [(0,)]
                and sum("/txn_" in key for key in site.fact_keys()) == 75
                and sum("/pi_" in key and key.endswith("/succeeded") for key in site.fact_keys()) == 6
            )
        )
    keys = site.fact_keys()
    assert len(keys) == len(set(keys)), "doubled"
    assert {f"stripe/acct_1/pi_{n}/succeeded" for n in range(6)} <= set(keys)
    assert site.ask("SELECT count(*) FROM gateways.skipped") == [(0,)]


def test_a_second_process_stands_by_and_takes_over(site: PolledSite, vendor: StandIn) -> None:
    vendor.lists[BALANCES] = balance_rows(5)
    with site.posting(), site.polling("balance_transactions") as first:
        site.settled(lambda: len(site.fact_keys()) == 5)
        with site.polling("balance_transactions"):
            first.kill()
            first.wait()
            late = [bodies.row(id=f"txn_late_{n}", created=int(time.time()) - 60) for n in range(20)]
            vendor.lists[BALANCES] = vendor.lists[BALANCES] + late
            site.settled(lambda: len(site.fact_keys()) == 25)
