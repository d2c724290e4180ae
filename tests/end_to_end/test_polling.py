"""The whole of it with polling: a thin webhook becomes a fact, accounts are tested and looked after by command."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contraflow.embedded import PairAddresses
from contraflow.simulator.signing import sign
from tests.end_to_end.command_line import ACCOUNT, SECRET, CommandLine, eventually
from tests.infra import fresh_database
from tests.integration.polling_site import BALANCES, EVENTS, PAYOUTS, thin_event
from tests.stand_in import StandIn, stand_in, status
from tests.unit.connectors import stripe_bodies as bodies

KEY = "sk_test_hush"


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with stand_in() as site:
        now_s = int(time.time())
        site.keys = {f"Bearer {KEY}"}
        site.lists = {
            BALANCES: [bodies.row(id=f"txn_{n}", created=now_s - 600) for n in range(12)],
            PAYOUTS: [],
            **{f"/v1/{name}": [] for name in ("payment_intents", "charges", "refunds", "disputes", "transfers")},
            EVENTS: [
                {
                    **bodies.event("charge.succeeded", bodies.charge(id="ch_9", payment_intent="pi_9")),
                    "id": "evt_polled",
                    "created": now_s - 600,
                }
            ],
        }
        site.objects["/v1/payment_intents/pi_1"] = bodies.intent(id="pi_1", status="succeeded", amount_received=2000)
        yield site


@pytest.fixture
def shop(tmp_path: Path, pair: PairAddresses, free_port: Callable[[], int], vendor: StandIn) -> Iterator[CommandLine]:
    name = f"poll_{uuid.uuid4().hex[:10]}"
    key_file = tmp_path / "stripe_key"
    key_file.write_text(KEY)
    account = {
        "gateway": "stripe",
        "account": ACCOUNT,
        "environment": "sandbox",
        "base_url": vendor.url,
        "api_key_file": str(key_file),
        "every_s": {"balance_transactions": 1, "events": 1},
        "since": "2024-01-01",
    }
    with fresh_database(pair.postgres_dsn, name) as dsn:
        yield CommandLine(
            tmp_path,
            KAFKA=pair.bootstrap_servers,
            POSTGRES=dsn,
            TOPIC_PREFIX=f"{name}.",
            API_PORT=str(free_port()),
            GATEWAYS=json.dumps({"shop": account, "spare": {**account, "account": "acct_2", "api_key_file": None}}),
            GAP_AFTER_S="1",
        )


def post(url: str, body: bytes, secret: str = SECRET) -> int:
    import httpx

    signature = {"stripe-signature": sign(body, secret, int(time.time()))}
    return httpx.post(f"{url}/webhooks/stripe/shop", content=body, headers=signature, trust_env=False).status_code


def test_polled_fetched_and_looked_after(shop: CommandLine, vendor: StandIn) -> None:
    listed = shop.json("connectors", "list")
    assert {each["name"]: each["polled"] for each in listed["accounts"]} == {"shop": True, "spare": False}
    assert "stripe" in {each["name"] for each in listed["connectors"]}
    assert KEY not in json.dumps(listed)

    assert shop.json("connectors", "test", "shop")["answer"] == "ok"
    vendor.keys = {"Bearer another"}
    refused = shop.run("connectors", "test", "shop", code=1)
    assert "does not accept the credentials" in refused.stderr and KEY not in refused.stderr + refused.stdout
    vendor.keys = {f"Bearer {KEY}"}
    assert "name no account" in shop.run("connectors", "test", "nobody", code=3).stderr
    assert "api_key is not set" in shop.run("connectors", "test", "spare", code=4).stderr

    with shop.up() as running:
        url = running.announced["api"]
        assert "polling" in running.announced["pids"]
        assert post(url, thin_event(1, "payment_intent", "pi_1")) == 200
        assert post(url, b"{}", "whsec_forged") == 400
        eventually(
            lambda: "pi_1" in payments(shop) and "pi_9" in payments(shop), "the thin webhook's object and the event"
        )
        assert payments(shop)["pi_1"] == "succeeded"

        def account() -> dict[str, object]:
            found: dict[str, object] = shop.json("connectors", "health", code=1)[0]
            return found

        eventually(
            lambda: account()["refused_signatures"] == 1 and account()["gaps"] == 1, "gap and forgery are counted"
        )
        [gap] = shop.json("connectors", "gaps", code=1)
        assert gap["key"] == f"stripe/{ACCOUNT}/pi_9/succeeded"
        # The webhook comes late, and the gap is none any more.
        late = bodies.event("charge.succeeded", bodies.charge(id="ch_9", payment_intent="pi_9"), id="evt_late")
        assert post(url, json.dumps(late).encode()) == 200
        eventually(lambda: account()["gaps"] == 0, "the gap is closed")
        health = account()
        assert health["skipped"] == 0 and health["waiting_fetches"] == 0 and health["paused"] == ""

        read = shop.json("connectors", "poll", "shop", "--stream", "balance_transactions", "--since", "2024-01-01")
        assert (read["items"], read["pages"]) == (12, 2)
        fetched = shop.json("connectors", "poll", "shop", "--stream", "payment_intent", "--id", "pi_1")
        assert fetched["fetches"] == 1
        assert "use one of" in shop.run("connectors", "poll", "shop", "--stream", "charge", code=2).stderr

        assert shop.json("connectors", "skipped") == []

        vendor.fault(BALANCES, *[status(403)] * 2)
        eventually(lambda: "rejected" in json.dumps(account()["streams"]), "the stream is paused")
        assert shop.json("connectors", "resume", "shop")["resumed"] == ["balance_transactions"]
        assert KEY not in running.said

    assert shop.json("retranslate")["changes"] == []
    assert shop.json("retranslate", "--apply")["applied"] == {"reversed": 0, "refused": 0, "told": 0}


def payments(shop: CommandLine) -> dict[str, str]:
    import urllib.request

    port = shop.environment["CONTRAFLOW_API_PORT"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/books/main/payments", timeout=10) as answer:
            return {row["payment"]: row["status"] for row in json.load(answer)["items"]}
    except OSError:
        return {}
