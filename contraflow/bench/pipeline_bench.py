"""`bench pipeline`: canonical facts on `inbound.facts` -> posted -> journal topic -> balances readable, sustained.

All processes run. The producer keeps a bounded number of facts between Kafka and the readable balance, so the figure
is what the whole way carries, not what a topic can buffer. The same with full Stripe bodies on `inbound.stripe` stands
beside it. What else is behind is said too: processor time by process, and the lag of every projection and stream.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import psycopg

from contraflow.bench.journal_watch import PositionWatch
from contraflow.bench.lag import lags
from contraflow.bench.options import BenchOptions
from contraflow.bench.processor_time import ProcessorTimes, microseconds
from contraflow.bench.report import report
from contraflow.bench.servers import bench_servers
from contraflow.pipeline import Pipeline
from contraflow.settings import Settings
from contraflow.simulator.load import canonical_facts, stripe_payment_event
from contraflow.wiring import kafka_config, postgres_dsn
from streams.inbound import build_inbound
from streams.kafka import producer

SECONDS: Final = 60.0
WARM_UP_S: Final = 10.0
BETWEEN_MAX: Final = 60_000
PRODUCED_AT_ONCE: Final = 500
DRAIN_WAIT_S: Final = 300.0
PARTS: Final = ("posting", "publishing", "projecting")
_Record = tuple[bytes, list[tuple[str, str | bytes | None]] | None]  # value and headers


def measure(options: BenchOptions) -> dict[str, Any]:
    """Facts per second from topic to readable balance, held for `seconds`."""
    held_s = options.seconds or SECONDS
    with (
        bench_servers(options.settings, options.progress) as settings,
        Pipeline.running(settings, PARTS, options.progress) as pipeline,
    ):
        pipeline.wait_ready()
        with pipeline.watched():
            clocks = ProcessorTimes(settings, pipeline.supervisor.pids)
            facts = _sustain(settings, clocks, "facts", _facts(), held_s, options.progress)
            bodies = _sustain(settings, clocks, "stripe", _bodies(), held_s, options.progress)
        figures = {
            "facts_per_s": facts.per_s,
            "lag_start": facts.lag_start,
            "lag_end": facts.lag_end,
            "drained_s": facts.drained_s,
            "stripe_bodies_per_s": bodies.per_s,
            "stripe_lag_start": bodies.lag_start,
            "stripe_lag_end": bodies.lag_end,
            "stripe_drained_s": bodies.drained_s,
        }
        tables = facts.tables("") | bodies.tables("stripe_")
        sizes = {"seconds": held_s, "warm_up_s": WARM_UP_S, "between_max": BETWEEN_MAX, "parts": list(PARTS)}
        return report("pipeline", figures, sizes, postgres_dsn(settings), tables)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where everything stood at one moment; clocks in processor seconds, lags in events."""

    at_s: float
    readable: int
    sent: int
    clocks: dict[str, float]
    lags: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Held:
    """Two moments, and how long after the second one nothing was behind any more."""

    begin: _Mark
    end: _Mark
    drained_s: float

    @property
    def readable(self) -> int:
        return self.end.readable - self.begin.readable

    @property
    def per_s(self) -> float:
        return self.readable / (self.end.at_s - self.begin.at_s)

    @property
    def lag_start(self) -> int:
        return self.begin.sent - self.begin.readable

    @property
    def lag_end(self) -> int:
        return self.end.sent - self.end.readable

    def tables(self, prefix: str) -> dict[str, dict[str, Any]]:
        spent_us = microseconds(self.begin.clocks, self.end.clocks, self.readable)
        lags = {name: [self.begin.lags.get(name, 0), lag] for name, lag in self.end.lags.items()}
        return {f"{prefix}processor_us_per_fact": spent_us, f"{prefix}lags_start_end": lags}


def _sustain(
    settings: Settings,
    clocks: ProcessorTimes,
    source: str,
    records: Iterator[_Record],
    held_s: float,
    progress: Callable[[str], None],
) -> _Held:
    """Keep the way full for the warm-up and `held_s` seconds; lag is facts sent and not readable yet."""
    book = f"bench-{source}"
    key = book.encode()
    kafka = kafka_config(settings)
    sender = producer(kafka, "contraflow-bench")
    topic = kafka.topic(f"inbound.{source}")
    sent = 0
    marks: list[_Mark] = []
    dsn = postgres_dsn(settings)
    with PositionWatch(dsn, "balances", book) as watch, psycopg.connect(dsn, autocommit=True) as asking:
        started_s = time.monotonic()
        said_s = started_s
        while True:
            now_s = time.monotonic()
            if now_s - started_s >= WARM_UP_S + held_s * len(marks):
                marks.append(_Mark(now_s, watch.position, sent, clocks.read(), lags(asking, book)))
                if len(marks) == 2:
                    break
            if now_s - said_s >= 5:
                progress(f"{source}: {watch.position:,} readable of {sent:,} sent")
                said_s = now_s
            if sent - watch.position >= BETWEEN_MAX:
                sender.poll(0.005)
                continue
            for value, headers in islice(records, PRODUCED_AT_ONCE):
                sender.produce(topic, key=key, value=value, headers=headers)
            sent += PRODUCED_AT_ONCE
            sender.poll(0)
        sender.flush(30)
        # Position 1 opened the book, every fact is one event: what was sent must all be readable in the end.
        watch.wait(sent + 1, 120)
        while any(lags(asking, book).values()):
            if time.monotonic() - marks[1].at_s > DRAIN_WAIT_S:
                raise TimeoutError(f"after {DRAIN_WAIT_S:g} s still behind: {lags(asking, book)}")
            time.sleep(0.05)
        return _Held(marks[0], marks[1], time.monotonic() - marks[1].at_s)


def _facts() -> Iterator[_Record]:
    """Whoever speaks our facts needs no headers."""
    return ((fact, None) for fact in canonical_facts())


def _bodies() -> Iterator[_Record]:
    """As intake sends them."""
    rng = random.Random(7)
    while True:
        body = stripe_payment_event(rng)
        record = build_inbound(body, body, book="bench-stripe", source="stripe", account="acct_bench")
        yield record.body, list(record.headers())
