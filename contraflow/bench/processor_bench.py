"""`bench processor`: processor time of one event on its way out of the journal, by projection and by stream.

Wall time says little on a machine that others share and nothing about what a second core would buy. So this counts
processor seconds: of this process, all threads, and for projections of the PostgreSQL backend that serves them. In
batches as under load, and one by one as at a few hundred events a second.
"""

import threading
import time
import uuid
from collections.abc import Sequence
from typing import Final

import psycopg

from contraflow.bench.options import BenchOptions
from contraflow.bench.processor_time import spent_s
from contraflow.bench.rebuild_bench import fill
from contraflow.bench.report import report
from contraflow.bench.servers import bench_servers
from contraflow.wiring import kafka_config, postgres_dsn
from ledger.events import Recorded
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS, Projection
from streams.journal_publication import JournalStream
from streams.projecting_writer import ProjectionWriter, ReceivedRecord
from streams.publishing import EVENT_STREAMS, Publisher, PublishingConfig
from streams.sender import Sender
from streams.topics import ensure_topics

FACTS: Final = 60_000
ONE_BY_ONE: Final = 3_000
RECORD_EVENTS: Final = 500
BATCH_RECORDS: Final = 8
_PAUSE_S: Final = 0.003  # between events that come one by one


def measure(options: BenchOptions) -> dict[str, object]:
    """Microseconds of processor time an event, and events a processor second of this process in batches."""
    count = options.facts or FACTS
    figures: dict[str, float] = {}
    with bench_servers(options.settings, options.progress) as settings:
        dsn = postgres_dsn(settings)
        batched, single = (f"bench-{uuid.uuid4().hex[:12]}" for _ in range(2))
        options.progress(f"posting {count:,} facts")
        fill(dsn, batched, count)
        fill(dsn, single, ONE_BY_ONE)
        for name, projection in PROJECTIONS.items():
            options.progress(f"folding {name}")
            python_us, backend_us = _fold(dsn, projection, _read(dsn, batched), RECORD_EVENTS, BATCH_RECORDS)
            figures[f"{name}_events_per_cpu_s"] = 1e6 / python_us
            figures |= {f"{name}_us": python_us, f"{name}_backend_us": backend_us}
            python_us, backend_us = _fold(dsn, projection, _read(dsn, single), 1, 1)
            figures |= {f"{name}_one_by_one_us": python_us, f"{name}_one_by_one_backend_us": backend_us}
        kafka = kafka_config(settings)
        ensure_topics(kafka)
        names = [stream.name for stream in EVENT_STREAMS]
        for streams in (*([name] for name in names), names):
            options.progress(f"publishing {', '.join(streams)}")
            spent_us = _publish(PublishingConfig(kafka, dsn, streams, gather_s=0))
            key = "all_streams" if streams is names else streams[0].replace(".", "_")
            figures |= {f"{key}_events_per_cpu_s": 1e6 / spent_us, f"{key}_us": spent_us}
        options.progress("publishing one by one")
        figures["all_streams_one_by_one_us"] = _publish(PublishingConfig(kafka, dsn, names, 1, gather_s=0), ONE_BY_ONE)
        sizes = {"events": count, "one_by_one": ONE_BY_ONE, "record": RECORD_EVENTS, "batch_records": BATCH_RECORDS}
        return report("processor", figures, sizes, dsn)


def _read(dsn: str, book: str) -> list[Recorded]:
    events: list[Recorded] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        reader = JournalReader(connection)
        while page := reader.read(book, len(events), 5_000):
            events += page
    return events


def _fold(
    dsn: str, projection: Projection, events: Sequence[Recorded], record_events: int, batch_records: int
) -> tuple[float, float]:
    """Microseconds an event: of this process, and of its backend (0 where that is not ours to see)."""
    book = events[0].book
    records = [
        ReceivedRecord("bench", 0, 0, book.encode(), record.value)
        for start in range(0, len(events), record_events)
        for record in JournalStream().publish(book, events[start : start + record_events], {})[0]
    ]
    writer = ProjectionWriter(dsn, projection)
    try:
        writer.look()
        backend_s, started_s = _backend_s(writer), time.process_time()
        folded = sum(
            writer.fold(records[start : start + batch_records]) for start in range(0, len(records), batch_records)
        )
        spent_s, backend_s = time.process_time() - started_s, _backend_s(writer) - backend_s
    finally:
        writer.close()
    assert folded == len(events), "the fold stopped early"
    return spent_s / folded * 1e6, backend_s / folded * 1e6


def _backend_s(writer: ProjectionWriter) -> float:
    """Processor seconds of the backend so far; only Linux tells, and only of a server on this machine."""
    return spent_s(writer.backend_pid())


def _publish(config: PublishingConfig, rounds_max: int = 0) -> float:
    """Microseconds of this process an event, all streams from their beginning; `rounds_max` 0 for all there is."""
    with (
        psycopg.connect(config.postgres, autocommit=True) as connection,
        Sender(config.kafka, threading.Event()) as sender,
    ):
        connection.execute("SET synchronous_commit TO off")
        connection.execute("DELETE FROM ledger.publications")
        publisher = Publisher(config, connection, sender)
        publisher.look()
        started_s = time.process_time()
        rounds = 0
        while publisher.waits and not (rounds_max and rounds >= rounds_max):
            publisher.round()
            rounds += 1
            if rounds_max:
                time.sleep(_PAUSE_S)
        publisher.settle()
        spent_s = time.process_time() - started_s
        row = connection.execute(
            "SELECT sum(position) FROM ledger.publications WHERE stream = %s", (config.streams[0],)
        ).fetchone()
        assert row is not None and row[0], "nothing was published"
        return spent_s / int(row[0]) * 1e6
