"""Polling against a gateway that misbehaves, by a clock that moves when it is slept on: what follows each fault."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from connectors import CONNECTORS
from connectors.manifest import Auth, BaseUrls
from contraflow.embedded import PairAddresses
from streams.gateway import Credentials, Gateway
from streams.polling_account import AccountPolling
from tests.integration.polling_site import BALANCES, EVENTS, PolledSite, balance_rows
from tests.stand_in import Fault, StandIn, cut_off, half_a_page, silence, stand_in, status
from tests.unit.connectors import stripe_bodies as bodies

STREAM = "balance_transactions"


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with stand_in() as site:
        site.keys = {"Bearer sk_test"}
        site.lists[BALANCES] = balance_rows(25)
        yield site


@pytest.fixture
def site(pair: PairAddresses, postgres_dsn: str, topic_prefix: str, vendor: StandIn) -> PolledSite:
    return PolledSite(pair, postgres_dsn, topic_prefix, vendor)


async def read_all(site: PolledSite, polling: AccountPolling, name: str = STREAM, turns: int = 40) -> None:
    """Turns of one stream until it is read to the present, sleeping as it says."""
    stream = next(each for each in polling._gateway.streams if each.name == name)
    failures = 0
    for _ in range(turns):
        wait_s = await polling.turn(stream, failures)
        failures = failures + 1 if wait_s < 0 else 0
        if wait_s > 0:
            return
        await site.clock.sleep(abs(wait_s))


def posted(site: PolledSite, count: int) -> None:
    """Let posting run until the book holds so many facts, each of them once."""
    with site.posting():
        site.settled(lambda: len(site.fact_keys()) >= count)
    assert len(site.fact_keys()) == len(set(site.fact_keys())) == count


def poll(site: PolledSite, gateway: Gateway | None = None, **more: Any) -> None:
    async def run() -> None:
        async with site.account(gateway or site.gateway(STREAM), **more) as (_, polling):
            await read_all(site, polling)

    asyncio.run(run())


def test_too_many_requests_are_waited_out_for_as_long_as_the_vendor_says(site: PolledSite, vendor: StandIn) -> None:
    vendor.fault(BALANCES, status(429, Retry_After="7"))
    began_s = site.clock.time_s
    poll(site)
    assert site.clock.time_s - began_s >= 7
    assert vendor.count(BALANCES) == 4, "three pages, and the one that was refused"
    posted(site, 25)


def test_a_wait_too_long_for_a_call_is_left_to_the_schedule(site: PolledSite, vendor: StandIn) -> None:
    vendor.fault(BALANCES, status(503, Retry_After="600"))
    began_s = site.clock.time_s
    poll(site)
    assert site.clock.time_s - began_s >= 600
    assert vendor.count(BALANCES) == 4
    posted(site, 25)


@pytest.mark.parametrize("fault", [cut_off, half_a_page, status(500), status(503), status(408)])
def test_what_is_safe_to_repeat_is_repeated(site: PolledSite, vendor: StandIn, fault: Fault) -> None:
    vendor.fault(BALANCES, fault, fault)
    poll(site)
    assert vendor.count(BALANCES) == 5
    posted(site, 25)


def test_silence_is_given_up_and_asked_again(site: PolledSite, vendor: StandIn) -> None:
    over = threading.Event()
    vendor.fault(BALANCES, silence(over))
    try:
        poll(site, answer_wait_s=0.5)
    finally:
        over.set()
    posted(site, 25)


def test_a_page_that_stays_unreadable_keeps_the_place_and_says_so(site: PolledSite, vendor: StandIn) -> None:
    stream = site.gateway(STREAM).streams[0]

    async def run() -> None:
        async with site.account(site.gateway(STREAM)) as (opened, polling):
            assert await polling.turn(stream) == 0  # the first page
            place = await opened.store.place(STREAM)
            vendor.fault(BALANCES, *[half_a_page] * 3)
            assert await polling.turn(stream) < 0
            assert await opened.store.place(STREAM) == place
            assert site.ask("SELECT failure FROM gateways.readings") == [("page_unreadable: json_malformed",)]
            await read_all(site, polling)
            assert site.ask("SELECT failure FROM gateways.readings") == [("",)]

    asyncio.run(run())
    posted(site, 25)


def test_one_item_that_nobody_can_translate_is_one_dead_letter(site: PolledSite, vendor: StandIn) -> None:
    vendor.lists[BALANCES][12]["amount"] = "not a number"
    poll(site)
    posted(site, 24)
    assert site.ask("SELECT code, source FROM ledger.dead_letters") == [("amount_malformed", "stripe")]


def test_an_item_too_large_for_a_record_is_passed_over_and_said(site: PolledSite, vendor: StandIn) -> None:
    vendor.lists[BALANCES][12]["description"] = "x" * (1 << 20)
    poll(site)
    posted(site, 24)
    assert site.ask("SELECT name, stream, code FROM gateways.skipped") == [("shop", STREAM, "body_too_large")]


def test_expired_credentials_pause_the_account_until_they_change(site: PolledSite, vendor: StandIn) -> None:
    vendor.keys = {"Bearer sk_new"}
    poll(site)
    [(stream, reason)] = site.ask("SELECT stream, reason FROM gateways.pauses")
    assert (stream, reason) == ("", "credentials_expired: balance_transactions: api_key_expired")
    asked = vendor.count(BALANCES)
    poll(site)
    assert vendor.count(BALANCES) == asked, "a paused account asks nobody"

    async def renewed() -> None:
        gateway = site.gateway(STREAM, credentials=Credentials(api_key="sk_new"))
        async with site.account(gateway) as (opened, polling):
            assert await opened.store.resume_changed()
            await read_all(site, polling)

    asyncio.run(renewed())
    posted(site, 25)


def test_a_request_that_is_refused_pauses_its_stream_and_no_other(site: PolledSite, vendor: StandIn) -> None:
    vendor.lists[EVENTS] = []
    vendor.fault(BALANCES, status(403))

    async def run() -> None:
        async with site.account(site.gateway(STREAM, "events")) as (_, polling):
            await read_all(site, polling)
            await read_all(site, polling, "events")

    asyncio.run(run())
    assert site.ask("SELECT stream FROM gateways.pauses") == [(STREAM,)]
    assert vendor.count(EVENTS) == 1
    site.ask("DELETE FROM gateways.pauses RETURNING 1")  # as an operator resumes it
    poll(site)
    posted(site, 25)


def test_the_breaker_opens_is_known_after_a_restart_and_closes_by_a_trial(site: PolledSite, vendor: StandIn) -> None:
    stream = site.gateway(STREAM).streams[0]

    async def fail() -> None:
        async with site.account(site.gateway(STREAM)) as (_, polling):
            # The machine's own minute must not pass between the calls: waiting moves the clock by seconds.
            for _ in range(4):
                vendor.fault(BALANCES, *[status(500)] * 4)
                await polling.turn(stream, 0)

    asyncio.run(fail())
    assert site.ask("SELECT name, operation FROM gateways.breakers") == [("shop", STREAM)]
    asked = vendor.count(BALANCES)
    vendor.faults.clear()

    async def after_a_restart() -> None:
        async with site.account(site.gateway(STREAM)) as (_, polling):
            wait_s = await polling.turn(stream)
            assert vendor.count(BALANCES) == asked, "an open breaker lets nobody through"
            assert -300 <= wait_s < -200
            await site.clock.sleep(-wait_s)
            await read_all(site, polling)

    asyncio.run(after_a_restart())
    assert site.ask("SELECT * FROM gateways.breakers") == []
    posted(site, 25)


def test_an_object_that_is_not_there_is_asked_for_again_and_then_passed_over(site: PolledSite, vendor: StandIn) -> None:
    vendor.objects["/v1/charges/ch_2"] = bodies.charge(id="ch_2")

    async def run() -> None:
        from connectors.exchange import Want

        async with site.account(site.gateway()) as (opened, polling):
            await opened.store.want([Want("charge", "ch_1"), Want("charge", "ch_2"), Want("unheard_of", "x")])
            for _ in range(12):
                await site.clock.sleep(await polling.fetch_turn())

    asyncio.run(run())
    assert vendor.count("/v1/charges/ch_1") == 3
    assert {row[0] for row in site.ask("SELECT stream || ' ' || id FROM gateways.skipped")} == {
        "charge ch_1",
        "unheard_of x",
    }
    assert site.ask("SELECT count(*) FROM gateways.fetches WHERE wanted > fetched") == [(0,)]


class TokenEndpoint:
    """Hands out tokens; a refresh token is good once."""

    def __init__(self, vendor: StandIn, lifetime_s: int = 3600) -> None:
        self.vendor = vendor
        self.good = "refresh_0"
        self.used_twice = 0
        self.handed_out = 0
        self.lifetime_s = lifetime_s
        vendor.tokens = self.answer
        vendor.keys = {"Bearer nobody's"}

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.good:
                self.used_twice += 1
                return 400, {"error": "invalid_grant"}
            self.good = f"refresh_{self.handed_out + 1}"
        self.handed_out += 1
        token = f"access_{self.handed_out}"
        self.vendor.keys = {f"Bearer {token}"}
        return 200, {"access_token": token, "expires_in": self.lifetime_s, "refresh_token": self.good}


def oauth(site: PolledSite, kind: str, **more: Any) -> Gateway:
    connector = CONNECTORS["stripe"]
    assert connector.manifest is not None
    auth = Auth(kind, token_urls=BaseUrls("https://unused.example", "https://unused.example"), rotates=True)  # type: ignore[arg-type]
    asking = replace(connector, manifest=replace(connector.manifest, auth=auth))
    credentials = Credentials(client_id="id", client_secret="hush", refresh_token="refresh_0")
    return site.gateway(STREAM, connector=asking, credentials=credentials, token_url=f"{site.vendor.url}/token", **more)


@pytest.mark.parametrize("kind", ["client_credentials", "refresh_token"])
def test_a_token_that_the_vendor_ends_in_the_middle_is_renewed_once(
    site: PolledSite, vendor: StandIn, kind: str
) -> None:
    endpoint = TokenEndpoint(vendor)
    vendor.fault(BALANCES, lambda handler: handler.stand_in.keys.clear() or status(401)(handler))  # type: ignore[func-returns-value]
    poll(site, oauth(site, kind))
    assert endpoint.handed_out == 2 and endpoint.used_twice == 0
    posted(site, 25)


def test_a_token_is_renewed_before_it_ends(site: PolledSite, vendor: StandIn) -> None:
    endpoint = TokenEndpoint(vendor, lifetime_s=100)
    stream = site.gateway(STREAM).streams[0]

    async def run() -> None:
        async with site.account(oauth(site, "client_credentials")) as (_, polling):
            for _ in range(3):
                await polling.turn(stream)
                await site.clock.sleep(51)  # half of its life, which is shorter than the margin

    asyncio.run(run())
    assert endpoint.handed_out == 3
    assert all(
        asked.path != BALANCES or asked.headers["authorization"].startswith("Bearer access_") for asked in vendor.asked
    )


def test_two_pollers_never_use_one_refresh_token_twice(site: PolledSite, vendor: StandIn) -> None:
    endpoint = TokenEndpoint(vendor)

    async def run() -> None:
        gateway = oauth(site, "refresh_token")
        async with site.account(gateway) as (one, _), site.account(gateway) as (other, _):
            for _ in range(5):
                headers = await asyncio.gather(
                    *(opened.calls._authorization.headers() for opened in (one, other) for _ in range(3))
                )
                assert len({each["authorization"] for each in headers}) == 1
                await site.clock.sleep(3600)

    asyncio.run(run())
    assert endpoint.used_twice == 0
    assert endpoint.handed_out == 5


def test_a_refresh_token_that_is_refused_pauses_the_account_and_no_secret_is_shown(
    site: PolledSite, vendor: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    endpoint = TokenEndpoint(vendor)
    endpoint.good = "another"
    poll(site, oauth(site, "refresh_token"))
    assert site.ask("SELECT stream, reason FROM gateways.pauses") == [
        ("", "credentials_expired: token: token_http_400")
    ]
    told = capfd.readouterr()
    assert "hush" not in told.out + told.err and "refresh_0" not in told.out + told.err


def test_credentials_go_out_as_the_manifest_says(site: PolledSite, vendor: StandIn) -> None:
    connector = CONNECTORS["stripe"]
    assert connector.manifest is not None
    vendor.keys = set()
    for auth, credentials, header, value in [
        (Auth("basic"), Credentials(username="org", password="key"), "authorization", "Basic b3JnOmtleQ=="),
        (Auth("api_key", header="X-Api-Key"), Credentials(api_key="k"), "x-api-key", "k"),
        (Auth("none"), Credentials(headers={"X-Tenant": "t"}), "x-tenant", "t"),
    ]:
        asking = replace(connector, manifest=replace(connector.manifest, auth=auth))
        poll(site, site.gateway(STREAM, connector=asking, credentials=credentials))
        assert vendor.asked[-1].headers[header] == value
        site.ask("DELETE FROM gateways.places RETURNING 1")
