"""`bench pipeline`: canonical facts on `inbound.facts` -> posted -> journal topic -> balances readable, sustained.

All processes run. The producer keeps a bounded number of facts between Kafka and the readable balance, so the figure
is what the whole way carries, not what a topic can buffer. The same with full Stripe bodies on `inbound.stripe` stands
beside it.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from contraflow.bench.journal_watch import PositionWatch
from contraflow.bench.options import BenchOptions
from contraflow.bench.report import report
from contraflow.bench.servers import bench_servers
from contraflow.pipeline import Pipeline
from contraflow.settings import Settings
from contraflow.simulator.load import canonical_fact, stripe_payment_event
from contraflow.wiring import kafka_config, postgres_dsn
from streams.inbound import build_inbound
from streams.kafka import producer

SECONDS: Final = 60.0
WARM_UP_S: Final = 10.0
BETWEEN_MAX: Final = 60_000
PARTS: Final = ("posting", "publishing", "projecting")


def measure(options: BenchOptions) -> dict[str, Any]:
    """Facts per second from topic to readable balance, held for `seconds`."""
    held_s = options.seconds or SECONDS
    with (
        bench_servers(options.settings, options.progress) as settings,
        Pipeline.running(settings, PARTS, options.progress) as pipeline,
    ):
        pipeline.wait_ready()
        with pipeline.watched():
            facts = _sustain(settings, "facts", _facts(), held_s, options.progress)
            bodies = _sustain(settings, "stripe", _bodies(), held_s, options.progress)
        figures = {
            "facts_per_s": facts["per_s"],
            "lag_start": facts["lag_start"],
            "lag_end": facts["lag_end"],
            "stripe_bodies_per_s": bodies["per_s"],
            "stripe_lag_start": bodies["lag_start"],
            "stripe_lag_end": bodies["lag_end"],
        }
        sizes = {"seconds": held_s, "warm_up_s": WARM_UP_S, "between_max": BETWEEN_MAX, "parts": list(PARTS)}
        return report("pipeline", figures, sizes, postgres_dsn(settings))


def _sustain(
    settings: Settings, source: str, values: Iterator[bytes], held_s: float, progress: Callable[[str], None]
) -> dict[str, float]:
    """Keep the way full for the warm-up and `held_s` seconds; lag is facts sent and not readable yet."""
    book = f"bench-{source}"
    kafka = kafka_config(settings)
    sender = producer(kafka, "contraflow-bench")
    topic = kafka.topic(f"inbound.{source}")
    sent = 0
    marks: list[tuple[float, int, int]] = []
    with PositionWatch(postgres_dsn(settings), "balances", book) as watch:
        started_s = time.monotonic()
        said_s = started_s
        while True:
            now_s = time.monotonic()
            if not marks and now_s - started_s >= WARM_UP_S:
                marks.append((now_s, watch.position, sent))
            if now_s - started_s >= WARM_UP_S + held_s:
                marks.append((now_s, watch.position, sent))
                break
            if now_s - said_s >= 5:
                progress(f"{source}: {watch.position:,} readable of {sent:,} sent")
                said_s = now_s
            if sent - watch.position >= BETWEEN_MAX:
                sender.poll(0.005)
                continue
            for _ in range(500):
                body = next(values)
                record = build_inbound(body, body, book=book, source=source, account="acct_bench")
                sender.produce(topic, key=record.key(), value=record.body, headers=dict(record.headers()))
            sent += 500
            sender.poll(0)
        sender.flush(30)
        # Position 1 opened the book, every fact is one event: what was sent must all be readable in the end.
        watch.wait(sent + 1, 120)
    (begin_s, begin, sent_begin), (end_s, end, sent_end) = marks
    return {
        "per_s": (end - begin) / (end_s - begin_s),
        "lag_start": sent_begin - begin,
        "lag_end": sent_end - end,
    }


def _facts() -> Iterator[bytes]:
    number = 0
    while True:
        yield canonical_fact(number)
        number += 1


def _bodies() -> Iterator[bytes]:
    rng = random.Random(7)
    while True:
        yield stripe_payment_event(rng)
