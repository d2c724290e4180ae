"""`bench api`: reads of a balance over HTTP, load from `wrk` where it is installed, else built in; it says which."""

import asyncio
import re
import shutil
import subprocess
import time
import uuid
from typing import Any, Final

import httpx
import psycopg

from contraflow.bench.options import BenchOptions
from contraflow.bench.rebuild_bench import fill
from contraflow.bench.report import percentile, report
from contraflow.bench.servers import bench_servers
from contraflow.embedded.port import free_ports
from contraflow.pipeline import Pipeline, api_url
from contraflow.wiring import postgres_dsn
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas

SECONDS: Final = 15.0
FACTS: Final = 20_000
CONNECTIONS: Final = 32
_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def measure(options: BenchOptions) -> dict[str, Any]:
    """Reads per second of one balance, and how long one takes."""
    held_s = options.seconds or SECONDS
    count = options.facts or FACTS
    with bench_servers(options.settings, options.progress) as own:
        settings = own.model_copy(update={"api_port": free_ports(1)[0]})
        dsn = postgres_dsn(settings)
        book = f"bench-{uuid.uuid4().hex[:12]}"
        fill(dsn, book, count)
        with psycopg.connect(dsn, autocommit=True) as connection:
            ensure_schemas(connection)
            for projection in PROJECTIONS.values():
                catch_up(connection, projection, book, JournalReader(connection))
        with Pipeline.running(settings, ("api",), options.progress) as pipeline:
            pipeline.wait_ready()
            url = f"{api_url(settings)}/books/{book}/balances/1000"
            httpx.get(url).raise_for_status()
            wrk = shutil.which("wrk")
            options.progress(f"reading for {held_s:g} s with {'wrk' if wrk else 'the built-in load'}")
            figures = _wrk(wrk, url, held_s) if wrk else asyncio.run(_built_in(url, held_s))
            sizes = {
                "load": "wrk" if wrk else "built-in",
                "connections": CONNECTIONS,
                "seconds": held_s,
                "entries": count,
            }
            return report("api", figures, sizes, dsn)


def _wrk(wrk: str, url: str, held_s: float) -> dict[str, float]:
    done = subprocess.run(
        [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(held_s))}s", "--latency", url],
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout:
        raise RuntimeError(f"not every read was answered well:\n{done.stdout}")
    reads = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    waits = {
        key: float(value) * _MS[unit] for key, value, unit in re.findall(r"(\d+)%\s+([0-9.]+)(us|ms|s)", done.stdout)
    }
    assert reads is not None, done.stdout
    return {"reads_per_s": float(reads[1]), "p50_ms": waits["50"], "p99_ms": waits["99"]}


async def _built_in(url: str, held_s: float) -> dict[str, float]:
    waited_ms: list[float] = []
    deadline_s = time.monotonic() + held_s

    async def reader(client: httpx.AsyncClient) -> None:
        while time.monotonic() < deadline_s:
            began_s = time.monotonic()
            (await client.get(url)).raise_for_status()
            waited_ms.append((time.monotonic() - began_s) * 1000)

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=CONNECTIONS)) as client, asyncio.TaskGroup() as go:
        for _ in range(CONNECTIONS):
            go.create_task(reader(client))
    waited_ms.sort()
    return {
        "reads_per_s": len(waited_ms) / held_s,
        "p50_ms": percentile(waited_ms, 50),
        "p99_ms": percentile(waited_ms, 99),
    }
