"""Polling fed with garbage: what a vendor says that nobody can keep or send stops one stream, never the process."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from connectors import CONNECTORS
from connectors.exchange import Answer, Item, Page, Place, Want
from streams.gateway import Gateway
from tests.integration.polling_site import BALANCES, PolledSite, balance_rows
from tests.integration.test_polling_faults import STREAM, TokenEndpoint, oauth, poll, posted, read_all, site, vendor
from tests.stand_in import StandIn

__all__ = ["site", "vendor"]  # the fixtures

MARKS = ("\0", "\ud800", "a\nb", "\u202e", "x" * 20_000)


def reading(site: PolledSite, **changes: Any) -> Gateway:
    """Stripe, but for how it asks or reads."""
    return site.gateway(STREAM, connector=replace(CONNECTORS["stripe"], **changes))


@pytest.mark.parametrize("mark", MARKS, ids=ascii)
def test_a_page_mark_that_nobody_can_keep_leaves_the_place(site: PolledSite, mark: str) -> None:
    gateway = reading(site, read_page=lambda _place, _answer: Page((), next=mark))

    async def run() -> None:
        async with site.account(gateway) as (opened, polling):
            assert await polling.turn(gateway.streams[0]) < 0
            place = await opened.store.place(STREAM)
            assert place is not None and not place.page

    asyncio.run(run())
    assert site.ask("SELECT failure FROM gateways.readings") == [("page_unreadable: page_mark_malformed",)]


def test_a_mark_that_its_connector_cannot_ask_with_stops_its_stream_alone(site: PolledSite) -> None:
    def page_call(_: Place) -> Any:
        raise ValueError("not a number")

    gateway = reading(site, page_call=page_call)

    async def run() -> None:
        async with site.account(gateway) as (_, polling):
            assert await polling.turn(gateway.streams[0]) < 0

    asyncio.run(run())
    assert site.ask("SELECT failure FROM gateways.readings") == [("page_unreadable: page_not_askable",)]


def test_wants_and_deliveries_that_nobody_can_keep_are_passed_over(site: PolledSite, vendor: StandIn) -> None:
    row = b'{"object":"balance_transaction"}'

    def read_page(place: Place, _: Answer) -> Page:
        wants = tuple(Want("charge", each) for each in (*MARKS, "", "ch_1"))
        return Page((Item(row, delivery="\0"), Item(row, delivery="x" * 5_000)), wants=wants)

    gateway = reading(site, read_page=read_page)

    async def run() -> None:
        async with site.account(gateway) as (_, polling):
            await read_all(site, polling)

    asyncio.run(run())
    assert site.ask("SELECT id FROM gateways.fetches") == [("ch_1",)]


@pytest.mark.parametrize(
    "granted",
    [
        {"access_token": ""},
        {"access_token": "a\u0000b"},
        {"access_token": "a\r\nx: y"},
        {"access_token": "ключ"},
        {"access_token": "x" * 20_000},
        {"access_token": "good", "refresh_token": "\u0000"},
    ],
    ids=ascii,
)
def test_a_token_that_no_header_can_carry_is_not_taken(
    site: PolledSite, vendor: StandIn, granted: dict[str, Any]
) -> None:
    endpoint = oauth(site, "refresh_token")
    vendor.tokens = lambda _form: (200, granted)

    async def run() -> None:
        async with site.account(endpoint) as (_, polling):
            assert await polling.turn(endpoint.streams[0]) < 0

    asyncio.run(run())
    assert site.ask("SELECT failure FROM gateways.readings") == [("retry: token: token_malformed",)]


@pytest.mark.parametrize("told", ["inf", "nan", "-5", 0, 1e300, "soon", None])
def test_a_lifetime_that_is_none_counts_as_not_told(site: PolledSite, vendor: StandIn, told: Any) -> None:
    endpoint = TokenEndpoint(vendor)
    answer = endpoint.answer
    vendor.tokens = lambda form: (
        answer(form)[0],
        {"access_token": f"access_{endpoint.handed_out}", "expires_in": told},
    )
    vendor.lists[BALANCES] = balance_rows(3)
    poll(site, oauth(site, "client_credentials"))
    posted(site, 3)
    [(expires_at_us,)] = site.ask("SELECT expires_at_us FROM gateways.tokens")
    assert 3_000 < expires_at_us / 1_000_000 - site.clock.time_s < 3_700
