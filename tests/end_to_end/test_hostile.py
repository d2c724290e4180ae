"""Strangers at the running pipeline's door: garbage is refused, signed garbage becomes a dead letter, nobody waits."""

import json
import random
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from contraflow.embedded import PairAddresses
from streams.intake import Told
from tests.end_to_end.running import RunningPipeline, running_beside, until
from tests.unit.connectors.stripe_bodies import charge, event, intent, payout, refund, row

HALF_OPEN = 150
# The part's own limit for a body is 20 s; the server's for headers is of the same order.
BODY_WAIT_S = 30.0
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")


@pytest.fixture(scope="module")
def site(pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    with running_beside(pair, tmp_path_factory.mktemp("hostile"), books=("main", "b1")) as running:
        # Something to read, so that routes have more to say than 404.
        running.tell([json.dumps(event("charge.succeeded", charge())).encode()])
        running.settle()
        yield running


def connect(site: RunningPipeline) -> socket.socket:
    address = urlsplit(site.url)
    return socket.create_connection((address.hostname, address.port), timeout=BODY_WAIT_S)


def signed_garbage() -> list[bytes]:
    """Bodies with a good signature that no translator can like, or only in part."""

    def told(event_type: str, owner: Any, **envelope: Any) -> bytes:
        return json.dumps(event(event_type, owner, **envelope)).encode()

    deep = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    nul, lone = "\x00", "\ud800"
    return [
        b"x",
        b"\x00",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"1e400",
        b"NaN",
        b'"' + b"a" * 900_000 + b'"',
        b"[" * 500_000,
        deep,
        b"{}",
        b'{"object":"event"}',
        b'{"object":"list","data":[1,null,{}]}',
        b'{"object":"list","data":{"a":1}}',
        b"\xef\xbb\xbf" + told("charge.succeeded", charge(id="ch_bom", payment_intent="pi_bom")),
        told("charge.succeeded", None),
        told("charge.succeeded", []),
        told("charge.succeeded", charge(amount=10**60, amount_captured=10**60)),
        told("charge.succeeded", charge(amount=-5, amount_captured=-5)),
        told("charge.succeeded", charge(amount=1.5, amount_captured=1.5)),
        told("charge.succeeded", charge(amount="20", amount_captured="20")),
        told("charge.succeeded", charge(currency="xxx")),
        told("charge.succeeded", charge(currency=nul)),
        told("charge.succeeded", charge(currency="isk", amount=2050, amount_captured=2050)),
        told("charge.succeeded", charge(id=nul, payment_intent=nul)),
        told("charge.succeeded", charge(id=f"ch_{nul}", payment_intent=f"pi_{nul}")),
        told("charge.succeeded", charge(id=f"ch_{lone}", payment_intent=f"pi_{lone}")),
        told("charge.succeeded", charge(id="ch_m", payment_intent="pi_m", metadata={"note": nul, nul: "x"})),
        told("charge.succeeded", charge(id="ch_n", payment_intent="pi_n", metadata={"note": lone})),
        told("charge.succeeded", charge(id="x" * 100_000, payment_intent="y" * 100_000)),
        told("charge.succeeded", charge(id="ch_l", payment_intent="pi_l", metadata={"k": "v" * 700_000})),
        told("charge.succeeded", charge(id="ch_t", payment_intent="pi_t", created=-(10**18))),
        told("charge.succeeded", charge(id="ch_u", payment_intent="pi_u"), created=10**18),
        told("charge.succeeded", charge(id="ch_v", payment_intent="pi_v"), created="yesterday"),
        told("charge.succeeded", charge(id="../..", payment_intent="a/b/c d")),
        told(nul, charge()),
        told("customer.created", {"id": nul, "object": nul}),
        told("customer.created", {"id": "cus_1", "object": "customer"}, id=f"evt_{nul}"),
        told("x" * 5_000, {"id": "cus_2", "object": "customer"}),
        told("charge.failed", charge(id="ch_f", payment_intent="pi_f", status="failed", failure_code=nul)),
        told("payment_intent.canceled", intent(id="pi_c", status="canceled", cancellation_reason=nul)),
        told("refund.updated", refund(id=nul, status="failed")),
        told("payout.paid", payout(id="po_n", trace_id={"status": "supported", "value": nul}, arrival_date=10**17)),
        told("payout.paid", payout(id="po_d", statement_descriptor=f"STRIPE{nul}{lone}")),
        json.dumps({"object": "list", "data": [row(id="txn_n", type=nul, exchange_rate="NaN")]}).encode(),
        json.dumps({"object": "list", "data": [row(id="txn_e", exchange_rate=1e308, source=nul)]}).encode(),
        b'{"id":"evt_dup","id":"evt_dup2","object":"event","type":"a","type":"b","data":{"object":{}},"created":1}',
    ]


def test_signed_garbage_stops_nobody(site: RunningPipeline) -> None:
    site.tell(signed_garbage())
    site.tell([json.dumps(event("charge.succeeded", charge(id="ch_after", payment_intent="pi_after"))).encode()])
    site.settle()
    assert site.payments()["pi_after"] == "succeeded"
    assert len(site.dead_letters()) >= 15
    site.assert_sound()
    site.published("ledger.entries")
    until(
        lambda: site.query("SELECT count(*) FROM ledger.dead_letters WHERE NOT published") == [(0,)],
        30,
        "dead letters published",
    )
    # The view for people, and every page of the log, can be read from end to end.
    assert site.query("SELECT count(*), count(body) FROM ledger.journal WHERE book = 'main'")[0][0] > 10
    assert list(site.pages("/books/main/payments"))
    after: int | None = 0
    while after is not None:
        page = site.get("/books/main/events", after=after, limit=500)
        for shown in page["items"]:
            raw = site.http.get(f"/books/main/events/{shown['position']}/raw")
            assert raw.status_code in (200, 404), raw.text
        after = page["next_after"]
    restarts = site.pipeline.supervisor.restarts_by_part
    assert not any(restarts.values()), restarts


def test_garbage_in_every_inbound_topic_stops_nobody(site: RunningPipeline) -> None:
    rng = random.Random(7)
    garbage = [rng.randbytes(rng.randrange(1, 400)) for _ in range(20)]
    garbage += [b"<a/>", b"<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>", b"<" * 100_000, b"{}", b"\x00" * 1000]
    fact = {"type": "payment.succeeded", "source": "stripe", "account": "a", "effective_at": "2026-11-16T12:00:00Z"}
    nul = {**fact, "key": "stripe/a/\x00/succeeded", "amounts": {"gross": {"amount": "1", "currency": "USD"}}}
    huge = {**fact, "key": "stripe/a/huge/succeeded", "amounts": {"gross": {"amount": "9" * 60, "currency": "USD"}}}
    garbage += [
        json.dumps(each).encode() for each in (nul, huge, {**huge, "key": ""}, {**nul, "links": {"payment": "\x00"}})
    ]
    site.ingest([Told(body, "main", source, "a") for source in ("stripe", "camt053", "facts") for body in garbage])
    site.tell([json.dumps(event("charge.succeeded", charge(id="ch_then", payment_intent="pi_then"))).encode()])
    site.settle()
    assert site.payments()["pi_then"] == "succeeded"
    site.assert_sound()
    assert not any(site.pipeline.supervisor.restarts_by_part.values())


def test_every_route_with_every_method_is_answered(site: RunningPipeline) -> None:
    rng = random.Random(11)
    routes = [*site.get("/openapi.json")["paths"], "/docs", "/openapi.json", "/", "/nowhere", "/books/main/"]
    assert len(routes) > 12
    for route in routes:
        for filler in ("main", "1", "%00", "%FF%FE", "..%2f..", "a" * 700, str(rng.randrange(10**30))):
            path = route
            while "{" in path:
                path = f"{path[: path.index('{')]}{filler}{path[path.index('}') + 1 :]}"
            for method in METHODS:
                answer = site.http.request(method, path)
                assert answer.status_code < 500, (method, path, answer.text)
                if answer.status_code >= 400 and method != "HEAD":
                    assert answer.headers["content-type"] == "application/problem+json", (method, path, answer.text)
                    assert answer.json()["status"] == answer.status_code


def test_bodies_beyond_the_limit_and_forged_ones_are_refused(site: RunningPipeline) -> None:
    limit = site.settings.webhook_body_bytes_max
    heads = site.settle()
    assert site.post(b"{" + b" " * limit + b"}").status_code == 413
    assert site.http.post("/webhooks/stripe/main", content=b"{}").status_code == 400
    body = json.dumps(event("charge.succeeded", charge(id="ch_forged", payment_intent="pi_forged"))).encode()
    now_s = int(time.time())
    for header in (f"t={now_s},v1={'0' * 64}", f"t={now_s}", "v1=", "t=,v1=", "t=-1,v1=a", "," * 4000, "t=1e9,v1=é"):
        answer = site.http.post("/webhooks/stripe/main", content=body, headers={b"Stripe-Signature": header.encode()})
        assert answer.status_code == 400, header
    assert site.post(body, "nobody").status_code == 404
    assert site.settle() == heads


def test_senders_that_never_finish_keep_nobody_waiting(site: RunningPipeline) -> None:
    """Half a request line, half the headers, half a body, many times: others are served meanwhile."""
    begun = [
        b"POST /webhooks/str",
        b"POST /webhooks/stripe/main HTTP/1.1\r\nHost: x\r\nX-",
        b"POST /webhooks/stripe/main HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{",
    ]
    slow = [connect(site) for _ in range(HALF_OPEN)]
    try:
        for number, link in enumerate(slow):
            link.sendall(begun[number % len(begun)])
        started_s = time.monotonic()
        body = json.dumps(event("charge.succeeded", charge(id="ch_quick", payment_intent="pi_quick"))).encode()
        assert site.post(body).status_code == 200
        assert site.http.get("/books/main/balances").status_code == 200
        assert time.monotonic() - started_s < 5
        # A body that trickles is given up, however steadily it comes.
        trickle = slow[2]
        deadline_s = time.monotonic() + BODY_WAIT_S
        answer = b""
        trickle.settimeout(0.2)
        while not answer and time.monotonic() < deadline_s:
            try:
                trickle.sendall(b" ")
                answer = trickle.recv(4096)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408"), answer
    finally:
        for link in slow:
            link.close()
    site.settle()
    assert site.payments()["pi_quick"] == "succeeded"
