"""Four vendors behind WireMock misbehave, and polling is killed: nothing is lost, nothing is doubled.

Judged by the keys of the facts in the book, which have to be those that the rows tell by themselves.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from contraflow.embedded import PairAddresses
from streams.gateway import Credentials
from tests.integration.polling_site import PolledSite
from tests.integration.test_posting import ROOT
from tests.stand_ins.listed import LISTS, TOKEN_PATH, Listed, Row, granted
from tests.stand_ins.reading import behind, read_all
from tests.stand_ins.wiremock import WireMock, asking, fault, telling, wiremock

pytestmark = pytest.mark.stand_ins

SINCE_S = 1_767_571_200  # 2026-01-05
ROWS, PAGES = 12, 4
KILLED_ROWS, KILLED_PAGES = 20, 10
EVERY_LIST = pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.source)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireMock]:
    with wiremock(tmp_path_factory.mktemp("wiremock")) as running:
        yield running


@pytest.fixture
def vendor(server: WireMock) -> WireMock:
    server.reset()
    return server


@pytest.fixture
def site(pair: PairAddresses, postgres_dsn: str, topic_prefix: str) -> PolledSite:
    polled = PolledSite(pair, postgres_dsn, topic_prefix, None)  # type: ignore[arg-type] - the vendor is WireMock
    polled.clock.time_s = SINCE_S + 43_200.0
    return polled


def paged(rows: Sequence[Row], pages: int = PAGES) -> list[Sequence[Row]]:
    size = -(-len(rows) // pages)
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]


def poll(site: PolledSite, listed: Listed, vendor: WireMock, *, answer_wait_s: float = 10.0, **more: Any) -> None:
    """Read the list to the present, sleeping as polling says, on the site's clock."""

    async def run() -> None:
        gateway = listed.gateway(vendor.url, SINCE_S, **more)
        async with site.account(gateway, answer_wait_s=answer_wait_s) as (_, polling):
            await read_all(site, polling)

    asyncio.run(run())


def judged(site: PolledSite, listed: Listed, rows: Sequence[Row]) -> None:
    """Post everything; the book holds what the rows tell, each fact once, and nothing else."""
    expected = listed.keys(rows)
    assert len(expected) >= len(rows)
    with site.posting():
        site.settled(lambda: len(site.fact_keys()) >= len(expected))
        site.settled(lambda: behind(site) == 0)
    keys = site.fact_keys()
    assert sorted(keys) == sorted(expected)
    assert site.ask("SELECT count(*) FROM ledger.dead_letters") == [(0,)]


@EVERY_LIST
def test_a_list_is_read_page_by_page(site: PolledSite, vendor: WireMock, listed: Listed) -> None:
    rows = listed.rows(ROWS)
    listed.tell(vendor, paged(rows))
    poll(site, listed, vendor)
    assert vendor.count(listed.path) == PAGES
    assert vendor.unexpected() == []
    judged(site, listed, rows)


@EVERY_LIST
def test_429_and_503_are_waited_out_for_as_long_as_the_vendor_says(
    site: PolledSite, vendor: WireMock, listed: Listed
) -> None:
    rows = listed.rows(ROWS)
    listed.tell(vendor, paged(rows))
    vendor.answers_first(listed.asking(2), [telling({}, {"Retry-After": "7"}, 429)])
    vendor.answers_first(listed.asking(3), [telling({}, {"Retry-After": "11"}, 503)])
    vendor.answers_first(listed.asking(4), [telling("<html>gateway</html>", {"Retry-After": "900"}, 503)])
    began_s = site.clock.time_s
    poll(site, listed, vendor)
    assert site.clock.time_s - began_s >= 7 + 11 + 900
    assert vendor.count(listed.path) == PAGES + 3
    judged(site, listed, rows)


@EVERY_LIST
def test_answers_that_are_cut_off_are_asked_for_again(site: PolledSite, vendor: WireMock, listed: Listed) -> None:
    rows = listed.rows(ROWS)
    pages = paged(rows)
    listed.tell(vendor, pages)
    body, headers = listed.page(pages[1], 2, PAGES)
    half = str(telling(body)["body"])[:-40]
    broken = [
        [fault("EMPTY_RESPONSE"), fault("CONNECTION_RESET_BY_PEER")],
        [telling(half, headers), fault("MALFORMED_RESPONSE_CHUNK")],
        [fault("RANDOM_DATA_THEN_CLOSE")],
        [telling("", headers)],
    ]
    for number, faults in enumerate(broken, start=1):
        vendor.answers_first(listed.asking(number), faults)
    poll(site, listed, vendor)
    assert vendor.count(listed.path) == PAGES + 6
    judged(site, listed, rows)


@EVERY_LIST
def test_silence_is_given_up_and_asked_again(site: PolledSite, vendor: WireMock, listed: Listed) -> None:
    rows = listed.rows(ROWS)
    pages = paged(rows)
    listed.tell(vendor, pages)
    body, headers = listed.page(pages[2], 3, PAGES)
    vendor.answers_first(listed.asking(3), [telling(body, headers, fixedDelayMilliseconds=3000)])
    poll(site, listed, vendor, answer_wait_s=0.7)
    assert vendor.count(listed.path) == PAGES + 1
    judged(site, listed, rows)


@EVERY_LIST
def test_pages_that_repeat_rows_in_any_order_tell_each_once(site: PolledSite, vendor: WireMock, listed: Listed) -> None:
    rows = listed.rows(ROWS)
    # Newest first and shifted by new rows in front, some of them twice; then all of it again the other way round.
    listed.tell(vendor, [rows[8:], rows[6:10], [*rows[:7], rows[3]], rows[:2]])
    poll(site, listed, vendor)
    vendor.reset()
    listed.tell(vendor, paged([*rows[::-1], *rows[:4]], 3))
    site.clock.time_s += 90_000
    poll(site, listed, vendor)
    # A list whose window may span a day is asked for two windows behind the first.
    assert vendor.count(listed.path) >= 3
    judged(site, listed, rows)


@EVERY_LIST
def test_a_list_whose_end_is_told_twice_ends_without_loss(site: PolledSite, vendor: WireMock, listed: Listed) -> None:
    rows = listed.rows(ROWS)
    pages = paged(rows)
    listed.tell(vendor, pages)
    if listed.source == "modern_treasury":
        # The cursor that we came with, as a vendor gives it whose last page is full.
        body, _ = listed.page(pages[3], 4, PAGES)
        vendor.answers(listed.asking(4), telling(body, {"X-After-Cursor": "cursor_3"}))
    else:
        # A page behind the last one, empty.
        body, headers = listed.page(pages[3], 4, PAGES + 1)
        vendor.answers(listed.asking(4), telling(body, headers))
        body, headers = listed.page([], PAGES + 1, PAGES + 1)
        vendor.answers(listed.asking(PAGES + 1), telling(body, headers))
    poll(site, listed, vendor)
    assert vendor.unexpected() == []
    judged(site, listed, rows)


@pytest.mark.parametrize("listed", [each for each in LISTS if each.hands_out_tokens], ids=lambda listed: listed.source)
def test_a_token_that_ends_in_the_middle_is_renewed_and_nothing_is_lost(
    site: PolledSite, vendor: WireMock, listed: Listed
) -> None:
    rows = listed.rows(ROWS)
    pages = paged(rows)
    vendor.answers(asking(TOKEN_PATH, method="POST"), telling(granted(2)))
    vendor.answers_first(asking(TOKEN_PATH, method="POST"), [telling(granted(1))])
    for number, page in enumerate(pages, start=1):
        body, headers = listed.page(page, number, PAGES)
        good = "Bearer access_1" if number < 3 else "Bearer access_2"
        vendor.answers(listed.asking(number, authorization=good), telling(body, headers))
        vendor.answers(listed.asking(number), telling(listed.refusal, status=401), priority=9)
    poll(site, listed, vendor)
    assert vendor.count(TOKEN_PATH) == 2
    assert vendor.count(listed.path) == PAGES + 1
    assert site.ask("SELECT count(*) FROM gateways.pauses") == [(0,)]
    judged(site, listed, rows)


@EVERY_LIST
def test_credentials_that_end_in_the_middle_pause_and_reading_goes_on_where_it_stood(
    site: PolledSite, vendor: WireMock, listed: Listed
) -> None:
    rows = listed.rows(ROWS)
    listed.tell(vendor, paged(rows))
    refused = [telling(listed.refusal, status=401)] * (2 if listed.hands_out_tokens else 1)
    vendor.answers_first(listed.asking(3), refused)
    poll(site, listed, vendor)
    [(reason,)] = site.ask("SELECT reason FROM gateways.pauses WHERE stream = ''")
    assert reason.startswith("credentials_expired")
    asked = vendor.count(listed.path)
    poll(site, listed, vendor)
    assert vendor.count(listed.path) == asked, "a paused account asks nobody"

    async def renewed() -> None:
        gateway = listed.gateway(vendor.url, SINCE_S, credentials=changed(listed.credentials))
        async with site.account(gateway) as (opened, polling):
            assert await opened.store.resume_changed()
            await read_all(site, polling)

    asyncio.run(renewed())
    assert vendor.count(listed.path) == asked + 2, "pages 3 and 4, and not those before again"
    judged(site, listed, rows)


@EVERY_LIST
def test_killed_after_every_page_nothing_is_lost_or_doubled(site: PolledSite, vendor: WireMock, listed: Listed) -> None:
    rows = listed.rows(KILLED_ROWS)
    listed.tell(vendor, paged(rows, KILLED_PAGES), fixedDelayMilliseconds=120)
    since_s = int(time.time()) - 3600
    killed = 0
    while not finished(site):
        assert killed < 60, "it does not get on"
        answered = vendor.count(listed.path)
        with polling_process(site, listed, vendor, since_s) as process:
            deadline_s = time.monotonic() + 60
            while vendor.count(listed.path) == answered:
                assert time.monotonic() < deadline_s and process.poll() is None, "it asks for nothing"
                time.sleep(0.002)
            # From before the page arrives to after its place is saved: WireMock counts when it is asked.
            time.sleep(0.05 * (killed % 8))
            process.kill()
        killed += 1
    print(f"{listed.source}: killed {killed} times over {KILLED_PAGES} pages, {vendor.count(listed.path)} requests")
    assert killed >= KILLED_PAGES
    judged(site, listed, rows)


def changed(credentials: Credentials) -> Credentials:
    told = {name: value for name, value in vars(credentials).items() if isinstance(value, str) and value}
    return Credentials(**{name: f"{value}_new" for name, value in told.items()})


@contextmanager
def polling_process(
    site: PolledSite, listed: Listed, vendor: WireMock, since_s: int
) -> Iterator[subprocess.Popen[bytes]]:
    where = [site.kafka.bootstrap_servers, site.dsn, site.kafka.topic_prefix]
    order = [sys.executable, "-m", "tests.stand_ins.listed_process", listed.source, vendor.url, str(since_s), *where]
    process = subprocess.Popen(order, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finished(site: PolledSite) -> bool:
    """Whether the window was read to its end; each page is counted once, with the move of the place behind it."""
    read = site.ask("SELECT items FROM gateways.readings")
    return read == [(KILLED_ROWS,)] and site.ask("SELECT place ? 'until_s' FROM gateways.places") == [(False,)]
