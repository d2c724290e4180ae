"""`bench latency`: a signed webhook over HTTP until its balance can be read, at a steady rate."""

import asyncio
import random
import time
from typing import Any, Final

import aiohttp
import msgspec
import psycopg
from pydantic import SecretStr

from contraflow.bench.journal_watch import PositionWatch
from contraflow.bench.options import BenchOptions
from contraflow.bench.processor_time import ProcessorTimes, microseconds
from contraflow.bench.report import percentile, report
from contraflow.bench.servers import bench_servers
from contraflow.embedded.port import free_ports
from contraflow.pipeline import Pipeline, api_url
from contraflow.settings import WebhookEndpoint
from contraflow.simulator.load import stripe_payment_event
from contraflow.simulator.signing import SIGNATURE_HEADER, sign
from contraflow.wiring import postgres_dsn
from ledger.facts import name_digest

SECONDS: Final = 30.0
WARM_UP_S: Final = 5.0
PARTS: Final = ("api", "posting", "publishing", "projecting")
_SECRET: Final = "whsec_bench"  # noqa: S105 - of a server that lives as long as the bench


def measure(options: BenchOptions) -> dict[str, Any]:
    """Milliseconds from accepted (and from sent) to readable: 50th and 99th percentile; who spent what on the way."""
    held_s = options.seconds or SECONDS
    with bench_servers(options.settings, options.progress) as own:
        endpoint = WebhookEndpoint(gateway="stripe", account="acct_bench", secrets=[SecretStr(_SECRET)], book="bench")
        settings = own.model_copy(update={"endpoints": {"bench": endpoint}, "api_port": free_ports(1)[0]})
        with Pipeline.running(settings, PARTS, options.progress) as pipeline:
            pipeline.wait_ready()
            dsn = postgres_dsn(settings)
            clocks = ProcessorTimes(settings, pipeline.supervisor.pids)
            with pipeline.watched(), PositionWatch(dsn, "balances", "bench") as watch:
                before, began_s = clocks.read(), time.monotonic()
                url = f"{api_url(settings)}/webhooks/stripe/bench"
                options.progress(f"sending {options.rate_per_s}/s for {WARM_UP_S + held_s:g} s")
                sends = asyncio.run(_send(url, options.rate_per_s, WARM_UP_S + held_s))
                watch.wait(len(sends) + 1, 60)
                spent_us = microseconds(before, clocks.read(), len(sends))
                busy = spent_us["all"] * len(sends) / 1e6 / (time.monotonic() - began_s)
                readable = _readable(dsn, sends, watch.reached)
            kept = [each for each in readable if each[0] >= sends[0][1] + WARM_UP_S]
            # A balance may be readable before the sender has its answer: then nobody waited.
            accepted_ms = sorted(max(0.0, at - accepted) * 1000 for _, accepted, at in kept)
            sent_ms = sorted((at - sent) * 1000 for sent, _, at in kept)
            answered_ms = sorted((accepted - sent) * 1000 for sent, accepted, _ in kept)
            figures = {
                "p50_ms": percentile(accepted_ms, 50),
                "p99_ms": percentile(accepted_ms, 99),
                "sent_to_readable_p50_ms": percentile(sent_ms, 50),
                "sent_to_readable_p99_ms": percentile(sent_ms, 99),
                "sent_to_accepted_p50_ms": percentile(answered_ms, 50),
                "sent_to_accepted_p99_ms": percentile(answered_ms, 99),
                "processors_busy": busy,
            }
            sizes = {"rate_per_s": options.rate_per_s, "seconds": held_s, "webhooks": len(kept)}
            return report("latency", figures, sizes, dsn, {"processor_us_per_webhook": spent_us})


async def _send(url: str, rate_per_s: int, held_s: float) -> list[tuple[bytes, float, float]]:
    """Open loop: one request every 1/rate s, whether or not earlier ones were answered.

    Returns:
        For each webhook the digest of its fact's key, when it was sent and when it was accepted.
    """
    rng = random.Random(11)
    sends: list[tuple[bytes, float, float]] = []

    async def one(client: aiohttp.ClientSession, body: bytes) -> None:
        event = msgspec.json.decode(body)
        payment = event["data"]["object"].get("payment_intent") or event["data"]["object"]["id"]
        digest = name_digest(f"stripe/acct_bench/{payment}/succeeded")
        headers = {SIGNATURE_HEADER: sign(body, _SECRET, int(time.time())), "content-type": "application/json"}
        sent_s = time.monotonic()
        async with client.post(url, data=body, headers=headers) as answer:
            answer.raise_for_status()
            await answer.read()
        sends.append((digest, sent_s, time.monotonic()))

    bodies = [stripe_payment_event(rng) for _ in range(int(rate_per_s * held_s))]
    # aiohttp, which faust brings along: far less processor time a request than httpx, and the pipeline runs beside it.
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector) as client, asyncio.TaskGroup() as go:
        start_s = time.monotonic()
        for number, body in enumerate(bodies):
            await asyncio.sleep(max(0.0, start_s + number / rate_per_s - time.monotonic()))
            go.create_task(one(client, body))
    return sorted(sends, key=lambda each: each[1])


def _readable(
    dsn: str, sends: list[tuple[bytes, float, float]], reached: list[tuple[int, float]]
) -> list[tuple[float, float, float]]:
    """For each webhook: sent, accepted, and the moment at which its position was announced as readable."""
    with psycopg.connect(dsn) as connection:
        positions: dict[bytes, int] = dict(
            connection.execute("SELECT digest, position FROM ledger.decided_keys").fetchall()
        )
    found = []
    for digest, sent_s, accepted_s in sends:
        position = positions[digest]
        moment_s = next(at for until, at in reached if until >= position)
        found.append((sent_s, accepted_s, moment_s))
    return found
