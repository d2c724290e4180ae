"""Vendors behind WireMock that tell everything several times over: by signed webhooks, doubled and in any order, while
the running pipeline polls their lists. The book holds each fact once.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors import CONNECTORS
from connectors.connector import Telling
from connectors.signatures import hmac_text
from contraflow.embedded import PairAddresses
from contraflow.gateway_settings import GatewayAccount
from tests.end_to_end.running import SECRET, RunningPipeline, running_beside, until
from tests.stand_ins.asking import ACCOUNT
from tests.stand_ins.listed import LISTS, TOKEN_PATH, Listed, Row, granted
from tests.stand_ins.reading import inbound_ends
from tests.stand_ins.wiremock import WireMock, asking, telling, wiremock
from tests.unit.connectors import flutterwave_bodies as flutterwave
from tests.unit.connectors import modern_treasury_bodies as treasury
from tests.unit.connectors import paystack_bodies as paystack

pytestmark = pytest.mark.stand_ins

ROWS = 9


def hook(source: str, number: int, row: Row) -> tuple[Row, dict[str, str]]:
    """The webhook about a row of a list, and its headers without the signature."""
    match source:
        case "paystack":
            return paystack.event("charge.success", row), {}
        case "flutterwave_v4":
            return flutterwave.event("charge.completed", row, webhook_id=f"wbk_{number}"), {}
    headers = {"x-topic": "transaction", "x-webhook-id": f"0f000000-0000-4000-8000-{number:012}"}
    return treasury.hook("created", row), headers


HOOKED = [listed for listed in LISTS if listed.source != "paypal"]  # PayPal's are signed by certificates of its own


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireMock]:
    with wiremock(tmp_path_factory.mktemp("wiremock")) as running:
        yield running


def credentials(listed: Listed) -> dict[str, Any]:
    return {name: SecretStr(value) for name, value in vars(listed.credentials).items() if name in NAMES and value}


NAMES = ("api_key", "username", "password", "client_id", "client_secret")


@pytest.mark.parametrize("listed", HOOKED, ids=lambda listed: listed.source)
def test_webhooks_and_pages_that_repeat_each_other_tell_each_fact_once(
    server: WireMock, pair: PairAddresses, tmp_path: Path, listed: Listed
) -> None:
    server.reset()
    rows = listed.rows(ROWS)
    shop = GatewayAccount(
        gateway=listed.source,
        account=ACCOUNT,
        environment="sandbox",
        base_url=server.url,
        token_url=f"{server.url}{TOKEN_PATH}",
        streams=[listed.stream],
        every_s={listed.stream: 1},
        since=(datetime.now(UTC) - timedelta(days=1)).date(),
        **credentials(listed),
    )
    connector = CONNECTORS[listed.source]
    assert connector.manifest is not None
    [scheme] = connector.manifest.signatures
    hooks = []
    for number, row in enumerate(rows, start=1):
        body, headers = hook(listed.source, number, row)
        raw = json.dumps(body).encode()
        hooks.append((raw, {**headers, scheme.header: hmac_text(scheme, SECRET, raw)}))
    expected = listed.keys(rows) | {
        fact.key
        for raw, headers in hooks
        for fact in connector.translate(raw, Telling(listed.source, ACCOUNT, "", {"topic": headers.get("x-topic", "")}))
    }
    # Until the pipeline's address is known there is nothing to tell.
    body, headers = listed.page([], 1, 1)
    server.answers(asking(listed.path), telling(body, headers), priority=9)
    server.answers(asking(TOKEN_PATH, method="POST"), telling(granted(1)))
    with running_beside(pair, tmp_path, account=ACCOUNT, gateway=listed.source, gateways={"shop": shop}) as site:
        url = f"{site.url}/webhooks/{listed.source}/main"
        pages = [rows[6:], rows[3:7], [*rows[:3], rows[8]]]
        for number, page in enumerate(pages, start=1):
            body, headers = listed.page(page, number, len(pages))
            # Each page that is asked for makes the vendor tell all of it twice, the last first.
            sent = [
                {"name": "webhook", "parameters": sending(url, raw, signed, delay_ms=40 * place)}
                for place, (raw, signed) in enumerate([*reversed(hooks), *hooks])
            ]
            server.answers(listed.asking(number), telling(body, headers), serveEventListeners=sent)
        until(lambda: set(keys(site)) >= expected, 60, "every fact in the book")
        until(lambda: server.count(listed.path) >= 2 * len(pages), 60, "polled again")
        # Two rounds of pages, and for each page that was asked for every webhook twice.
        records = 2 * sum(len(page) for page in pages) + 2 * len(pages) * 2 * ROWS
        until(lambda: sum(inbound_ends(site.kafka).values()) >= records, 60, "every webhook recorded")
        server.reset()
        site.settle()
        assert sorted(keys(site)) == sorted(expected)
        assert site.dead_letters() == []
        assert site.query("SELECT count(*) FROM gateways.untold") == [(0,)], "no gaps: webhooks told everything"
        assert site.query("SELECT coalesce(sum(refused), 0) FROM gateways.refused_signatures") == [(0,)]
        site.assert_sound()


def sending(url: str, raw: bytes, headers: dict[str, str], delay_ms: int) -> dict[str, Any]:
    """A webhook in WireMock's own words."""
    kind = {"content-type": "application/json"}
    delay = {"type": "fixed", "milliseconds": delay_ms}
    return {"method": "POST", "url": url, "headers": {**kind, **headers}, "body": raw.decode(), "delay": delay}


def keys(site: RunningPipeline) -> list[str]:
    found = site.query(
        "SELECT body::json #>> '{fact,key}' FROM ledger.events"
        " WHERE type IN ('EntryPosted', 'FactObserved', 'FactParked')"
    )
    return [row[0] for row in found]
