"""The webhook route: what is signed gets into Kafka exactly as it was sent, everything else stays outside."""

import hashlib
import hmac
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from contraflow.embedded.port import free_ports
from tests.integration.api.api_process import BODY_BYTES_MAX, INTAKE_WAIT_S, SECRETS, api_process
from tests.integration.api.conftest import Site

PATH = "/webhooks/stripe/shop"
BODY = b'{"id": "evt_1", "object":"event", "type":"payment_intent.succeeded"}'


def signed(body: bytes, at_s: float | None = None, secret: str = SECRETS[1]) -> dict[str, str]:
    stamp = str(int(time.time() if at_s is None else at_s))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={digest}"}


@pytest.fixture
def arrived(site: Site) -> Iterator[Callable[[], list[tuple[bytes | None, bytes | None]]]]:
    """A function that gives what came into `inbound.stripe` since the test began, as (key, value)."""
    topic = site.kafka.topic("inbound.stripe")
    consumer = Consumer({**site.kafka.librdkafka(), "group.id": "unused", "enable.auto.commit": False})
    starts = {number: consumer.get_watermark_offsets(TopicPartition(topic, number))[1] for number in range(2)}

    def read() -> list[tuple[bytes | None, bytes | None]]:
        consumer.assign([TopicPartition(topic, number, offset) for number, offset in starts.items()])
        ends = {number: consumer.get_watermark_offsets(TopicPartition(topic, number))[1] for number in starts}
        wanted = sum(ends[number] - starts[number] for number in starts)
        found: list[tuple[bytes | None, bytes | None]] = []
        deadline_s = time.monotonic() + 20
        while len(found) < wanted:
            assert time.monotonic() < deadline_s
            message = consumer.poll(0.5)
            if message is not None:
                assert message.error() is None
                found.append((message.key(), message.value()))
        return found

    yield read
    consumer.close()


def test_a_signed_event_is_in_kafka_when_the_answer_comes(
    client: httpx.Client, arrived: Callable[[], list[tuple[bytes, bytes]]]
) -> None:
    answer = client.post(PATH, content=BODY, headers=signed(BODY))
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "accepted", "digest": hashlib.sha256(BODY).hexdigest()},
    )
    assert arrived() == [(b"main", BODY)]


def test_a_doubled_event_is_accepted_twice(
    client: httpx.Client, arrived: Callable[[], list[tuple[bytes, bytes]]]
) -> None:
    for secret in SECRETS:
        assert client.post(PATH, content=BODY, headers=signed(BODY, secret=secret)).status_code == 200
    assert arrived() == [(b"main", BODY)] * 2


def test_the_signature_counts_and_not_the_content_type_or_the_form(
    client: httpx.Client, arrived: Callable[[], list[tuple[bytes, bytes]]]
) -> None:
    bodies = [b"not json \xff\x00", b"[]"]
    for body, kind in zip(bodies, ("text/html", "application/x-www-form-urlencoded"), strict=True):
        answer = client.post(PATH, content=body, headers={**signed(body), "Content-Type": kind})
        assert answer.status_code == 200
    assert sorted(value for _, value in arrived()) == sorted(bodies)


def refusals() -> list[tuple[str, dict[str, str], str]]:
    now_s = time.time()
    other = signed(BODY)["Stripe-Signature"].partition(",")[2]
    return [
        ("none", {}, "header_missing"),
        ("empty", {"Stripe-Signature": ""}, "header_missing"),
        ("garbage", {"Stripe-Signature": "x" * 300}, "header_malformed"),
        ("long", {"Stripe-Signature": "t=1,v1=" + "a" * 6000}, "header_malformed"),
        ("wrong secret", signed(BODY, secret="whsec_guessed"), "bad_signature"),
        ("other body", signed(b"{}"), "bad_signature"),
        ("other time", {"Stripe-Signature": f"t={int(now_s) + 7},{other}"}, "bad_signature"),
        ("old", signed(BODY, now_s - 400), "timestamp_out_of_tolerance"),
        ("future", signed(BODY, now_s + 400), "timestamp_out_of_tolerance"),
    ]


@pytest.mark.parametrize("number", range(len(refusals())), ids=[name for name, _, _ in refusals()])
def test_what_is_not_signed_stays_outside(
    client: httpx.Client, arrived: Callable[[], list[tuple[bytes, bytes]]], number: int
) -> None:
    _, headers, code = refusals()[number]
    answer = client.post(PATH, content=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(secret in answer.text for secret in SECRETS) and "whsec" not in answer.text
    assert arrived() == []


def test_an_empty_body_is_refused(client: httpx.Client) -> None:
    answer = client.post(PATH, content=b"", headers=signed(b""))
    assert (answer.status_code, answer.json()["code"]) == (400, "body_empty")


def test_the_largest_body_goes_through(client: httpx.Client) -> None:
    body = b"x" * BODY_BYTES_MAX
    assert client.post(PATH, content=body, headers=signed(body)).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_a_413(site: Site, chunked: bool) -> None:
    body = b"x" * (BODY_BYTES_MAX + 1)
    pieces = (body[at : at + 1000] for at in range(0, len(body), 1000))
    with site.client() as client:
        answer = client.post(PATH, content=pieces if chunked else body, headers=signed(body))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_declared_length_is_refused_before_the_body_comes(site: Site) -> None:
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=10)
    connection.putrequest("POST", PATH)
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    connection.close()


def test_a_body_that_never_ends_is_given_up(site: Site) -> None:
    parts = urlsplit(site.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=15) as link:
        link.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc".encode())
        started_s = time.monotonic()
        assert b" 408 " in link.recv(4096).splitlines()[0]
        assert time.monotonic() - started_s < 10


@pytest.mark.parametrize("path", ["/webhooks/stripe/nobody", "/webhooks/stripe/", "/webhooks/paypal/shop"])
def test_an_unknown_endpoint_is_a_404(client: httpx.Client, path: str) -> None:
    assert client.post(path, content=BODY, headers=signed(BODY)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post_is_known(client: httpx.Client, method: str) -> None:
    answer = client.request(method, PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_without_kafka_the_sender_is_asked_to_come_again(site: Site, tmp_path: Path) -> None:
    closed, port = free_ports(2)
    with (
        api_process(f"127.0.0.1:{closed}", site.dsn, "x.", port, tmp_path / "log") as url,
        httpx.Client(base_url=url, timeout=20) as client,
    ):
        started_s = time.monotonic()
        answer = client.post(PATH, content=BODY, headers=signed(BODY))
        assert time.monotonic() - started_s < INTAKE_WAIT_S + 3
        assert (answer.status_code, answer.json()["code"]) == (503, "not_recorded")
        assert int(answer.headers["retry-after"]) > 0
        assert str(closed) not in answer.text
        ready = client.get("/ready")
        assert (ready.status_code, [fault["location"] for fault in ready.json()["errors"]]) == (503, ["kafka"])
        # Reading goes on, and nothing unsigned is let near Kafka.
        assert client.get("/books/main/balances").status_code == 200
        assert client.post(PATH, content=BODY).status_code == 400
