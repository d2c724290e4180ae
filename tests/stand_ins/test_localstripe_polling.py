"""Somebody else's Stripe whose webhooks all get lost: its events are polled, its objects fetched, each told once.

Of its lists, only that of events can be asked by time; the others answer our requests with a refusal.
"""

import asyncio
import json
import time
from collections.abc import Iterator

import pytest

from connectors import CONNECTORS, Telling
from connectors.exchange import Want
from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from streams.gateway import Credentials, Gateway
from tests.end_to_end.localstripe import CARD_DECLINED, CARD_GOOD, Localstripe, localstripe
from tests.integration.polling_process import stripe_gateway
from tests.integration.polling_site import PolledSite
from tests.stand_ins.reading import read_all

pytestmark = pytest.mark.stand_ins

PAYMENTS = 110  # more than a page of events
ACCOUNT = "acct_1"


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localstripe]:
    with localstripe(free_ports(1)[0], tmp_path_factory.mktemp("localstripe")) as server:
        yield server


@pytest.fixture
def site(pair: PairAddresses, postgres_dsn: str, topic_prefix: str) -> PolledSite:
    return PolledSite(pair, postgres_dsn, topic_prefix, None)  # type: ignore[arg-type] - the vendor is localstripe


def account(stripe: Localstripe, *streams: str, since_s: int = 0) -> Gateway:
    key = Credentials(api_key="sk_test_of_nobody")
    return stripe_gateway(str(stripe.http.base_url).rstrip("/"), *streams, credentials=key, since_s=since_s)


def test_lost_webhooks_are_made_good_by_polling(stripe: Localstripe, site: PolledSite) -> None:
    began_s = int(time.time()) - 60
    good, declined = stripe.card(CARD_GOOD), stripe.card(CARD_DECLINED)
    refused = stripe.intent(4321, "usd", declined)
    taken = [stripe.intent(1000 + number, "usd", good) for number in range(PAYMENTS)]
    paid_out = stripe.payout(60_000, "paid")
    site.clock.time_s = time.time() + 2

    async def poll_and_fetch() -> None:
        async with site.account(account(stripe, "events", since_s=began_s)) as (opened, polling):
            await read_all(site, polling)
            charge, balance = taken[0]["latest_charge"]["id"], taken[0]["latest_charge"]["balance_transaction"]
            wanted = [("payment_intent", refused["id"]), ("charge", charge), ("balance_transaction", balance)]
            await opened.store.want([Want(stream, each) for stream, each in [*wanted, ("payout", paid_out["id"])]])
            await opened.store.want([Want("payment_intent", "pi_of_nobody")])
            for _ in range(12):
                await site.clock.sleep(await polling.fetch_turn())

    asyncio.run(poll_and_fetch())
    assert site.ask("SELECT count(*) FROM gateways.fetches WHERE wanted > fetched") == [(0,)]
    assert site.ask("SELECT stream, id FROM gateways.skipped") == [("payment_intent", "pi_of_nobody")]

    # The webhooks come after all, each twice and in the wrong order.
    events = stripe.http.get("/v1/events", params={"limit": "1000"}).json()["data"]
    assert len(events) > 100, "more than a page"
    for event in [*reversed(events), *events]:
        site.send(json.dumps(event).encode(), source="stripe", account=ACCOUNT)
    assert site.producer.flush(30) == 0
    expected = {
        fact.key
        for event in events
        for fact in CONNECTORS["stripe"].translate(json.dumps(event).encode(), Telling("stripe", ACCOUNT))
    }
    with site.posting():
        site.settled(lambda: expected <= set(site.fact_keys()))
    keys = site.fact_keys()
    assert len(keys) == len(set(keys)), "doubled"
    told = {key.split("/")[2]: key for key in keys if key.endswith("/succeeded") or "/succeeded/" in key}
    assert {intent["id"] for intent in taken} <= set(told)
    assert any(refused["id"] in key and "/failed" in key for key in keys)
    assert any(paid_out["id"] in key and "/paid" in key for key in keys)
    assert site.ask("SELECT count(*) FROM ledger.dead_letters") == [(0,)]


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("balance_transactions", "rejected"),
        ("payouts", "rejected"),
        ("charges", "rejected"),
        ("payment_intents", "rejected"),
        ("refunds", "retry"),  # its server fails over the parameter
    ],
)
def test_a_list_that_it_cannot_answer_stands_still_and_holds_up_no_other(
    stripe: Localstripe, site: PolledSite, stream: str, reason: str
) -> None:
    site.clock.time_s = time.time()

    async def run() -> None:
        async with site.account(account(stripe, stream, "events", since_s=int(time.time()) - 60)) as (_, polling):
            first, events = polling._gateway.streams
            assert await polling.turn(first) < 0
            assert await polling.turn(events) == 0, "the other stream goes on"

    asyncio.run(run())
    assert site.ask("SELECT stream FROM gateways.pauses") == ([(stream,)] if reason == "rejected" else [])
    [(failure,)] = site.ask("SELECT failure FROM gateways.readings WHERE stream = %s", stream)
    assert failure.startswith(f"{reason}: {stream}: ")
    [(place,)] = site.ask("SELECT place FROM gateways.places WHERE stream = %s", stream)
    assert "page" not in place and "ended_s" not in place
