"""Webhooks arrive signed, are sent again when they were not taken, and refusals are counted."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import stripe

from contraflow.simulator import SIGNATURE_HEADER, Sendings, play_day, send_day, sign, webhook_headers

SECRET = "whsec_test_of_the_simulator"
DAY = play_day(11, 60)
Answer = Callable[[str, bytes, int], int]  # event id, body, how often this event came before -> status


@asynccontextmanager
async def intake(answer: Answer) -> AsyncIterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """A small HTTP server on the loopback interface that keeps what it got; status 0 is no answer at all."""
    got: list[tuple[str, dict[str, str], bytes]] = []
    times: dict[str, int] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.decode().split(" ")[1]
                headers: dict[str, str] = {}
                while (header := (await reader.readline()).decode().strip()) != "":
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers["content-length"]))
                event = json.loads(body)["id"]
                before = times.get(event, 0)
                times[event] = before + 1
                got.append((path, headers, body))
                status = answer(event, body, before)
                if not status:
                    await asyncio.sleep(5)
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nno".encode())
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got
    finally:
        server.close()


def test_the_vendors_own_library_accepts_every_signature() -> None:
    for webhook in DAY.webhooks:
        headers = webhook_headers(webhook.body, SECRET, int(time.time()))
        if webhook.type.startswith("v2."):
            stripe.WebhookSignature.verify_header(webhook.body.decode(), headers[SIGNATURE_HEADER], SECRET, 300)
        else:
            event = stripe.Webhook.construct_event(webhook.body, headers[SIGNATURE_HEADER], SECRET)
            assert event["id"] == webhook.event_id


def test_the_vendors_own_library_refuses_another_secret() -> None:
    body = DAY.webhooks[0].body
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode(), sign(body, "whsec_other", int(time.time())), SECRET, 300)


def test_everything_is_sent_once_and_progress_is_told() -> None:
    steps: list[tuple[int, int]] = []

    async def run() -> tuple[Sendings, list[tuple[str, dict[str, str], bytes]]]:
        async with intake(lambda event, body, before: 200) as (url, got):
            outcome = await send_day(
                DAY, url, SECRET, endpoint="shop", concurrency=1, progress=lambda done, all_: steps.append((done, all_))
            )
            return outcome, got

    outcome, got = asyncio.run(run())
    repeats = sum(webhook.repeat for webhook in DAY.webhooks)
    assert outcome == Sendings(sent=len(DAY.webhooks), doubled=repeats)
    assert [body for _, _, body in got] == [webhook.body for webhook in DAY.webhooks], "one at a time keeps the order"
    assert {path for path, _, _ in got} == {"/webhooks/stripe/shop"}
    assert steps == [(done, len(DAY.webhooks)) for done in range(1, len(DAY.webhooks) + 1)]


def test_no_more_requests_are_under_way_than_allowed() -> None:
    under_way = most = 0

    async def handle(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return httpx.Response(200)

    async def run() -> Sendings:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
            return await send_day(DAY, "http://intake.test", SECRET, concurrency=5, client=client)

    assert asyncio.run(run()).sent == len(DAY.webhooks)
    assert most == 5


def test_what_was_not_taken_comes_again_with_the_same_body() -> None:
    chosen = DAY.prompt[:20]

    async def run() -> tuple[Sendings, list[tuple[str, dict[str, str], bytes]]]:
        async with intake(lambda event, body, before: 503 if before < 2 else 200) as (url, got):
            return await send_day(DAY, url, SECRET, webhooks=chosen, concurrency=4, backoff_s=0.01), got

    outcome, got = asyncio.run(run())
    events = {webhook.event_id for webhook in chosen}
    assert outcome.sent == len(chosen)
    assert outcome.retried == 2 * len(events)
    assert outcome.given_up == outcome.refused == 0
    assert {body for _, _, body in got} == {webhook.body for webhook in chosen}
    for _, headers, body in got:
        stripe.WebhookSignature.verify_header(body.decode(), headers["stripe-signature"], SECRET, 300)


def test_a_repeat_is_signed_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1_000_000, 2_000_000))
    monkeypatch.setattr("contraflow.simulator.sending.time.time", lambda: next(now))

    async def run() -> list[str]:
        async with intake(lambda event, body, before: 503 if before < 3 else 200) as (url, got):
            await send_day(DAY, url, SECRET, webhooks=DAY.prompt[:1], backoff_s=0.001)
            return [headers["stripe-signature"] for _, headers, _ in got]

    times = [int(found) for signature in asyncio.run(run()) for found in re.findall(r"t=(\d+),", signature)]
    assert len(times) == 4
    assert times == sorted(set(times))


def test_a_refusal_is_final_and_named() -> None:
    async def run() -> tuple[Sendings, int]:
        async with intake(lambda event, body, before: 400) as (url, got):
            return await send_day(DAY, url, SECRET, webhooks=DAY.prompt[:3]), len(got)

    outcome, requests = asyncio.run(run())
    assert (outcome.refused, outcome.sent, requests) == (3, 0, 3)
    assert DAY.prompt[0].event_id in " ".join(outcome.problems)
    assert SECRET not in " ".join(outcome.problems)


def test_silence_and_a_closed_port_are_given_up_in_the_end() -> None:
    async def run() -> tuple[Sendings, Sendings]:
        async with intake(lambda event, body, before: 0) as (url, _):
            silent = await send_day(
                DAY, url, SECRET, webhooks=DAY.prompt[:1], attempts_max=2, backoff_s=0.01, timeout_s=0.1
            )
        closed = await send_day(DAY, url, SECRET, webhooks=DAY.prompt[:1], attempts_max=3, backoff_s=0.01)
        return silent, closed

    silent, closed = asyncio.run(run())
    assert (silent.given_up, silent.retried, silent.sent) == (1, 1, 0)
    assert (closed.given_up, closed.retried, closed.sent) == (1, 2, 0)
    assert "given up after 3 attempts" in closed.problems[0]
