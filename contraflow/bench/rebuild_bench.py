"""`bench rebuild`: projections folded anew from the event store, without the comparison and the swap."""

import time
import uuid
from typing import Any, Final

import psycopg

from contraflow.bench.options import BenchOptions
from contraflow.bench.report import report
from contraflow.bench.servers import bench_servers
from contraflow.simulator.load import payment_fact
from contraflow.wiring import postgres_dsn
from ledger.accounts import load_chart
from ledger.fact_stream import FactStream
from ledger.rules import load_rules
from ledger.store import Store
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas

FACTS: Final = 300_000
BATCH: Final = 4_000


def measure(options: BenchOptions) -> dict[str, Any]:
    """Entries per second: the balances projection, and beside it every one alone and all of them one after another."""
    count = options.facts or FACTS
    with bench_servers(options.settings, options.progress) as settings:
        dsn = postgres_dsn(settings)
        book = f"bench-{uuid.uuid4().hex[:12]}"
        options.progress(f"posting {count:,} facts")
        fill(dsn, book, count)
        figures: dict[str, float] = {}
        all_s = 0.0
        with psycopg.connect(dsn, autocommit=True) as connection:
            ensure_schemas(connection)
            for name, projection in PROJECTIONS.items():
                options.progress(f"folding {name}")
                started_s = time.perf_counter()
                reached = catch_up(connection, projection, book, JournalReader(connection))
                elapsed_s = time.perf_counter() - started_s
                assert reached == count + 1, "the fold stopped early"
                figures[f"{name}_entries_per_s"] = count / elapsed_s
                all_s += elapsed_s
        figures = {"entries_per_s": figures["balances_entries_per_s"], **figures, "all_entries_per_s": count / all_s}
        return report("rebuild", figures, {"entries": count, "lines_per_entry": 2}, dsn)


def fill(dsn: str, book_name: str, count: int) -> None:
    """Post `count` payments to a new book, straight into the store."""
    with Store.open(dsn) as store, Store.open(dsn) as reader:
        lease = store.take([book_name])[book_name]
        book = store.load(book_name)
        store.open_book(lease, book, load_chart(), load_rules(), time.time_ns() // 1000)
        batches = (
            [payment_fact(number, run=book_name) for number in range(start, min(start + BATCH, count))]
            for start in range(0, count, BATCH)
        )
        for _ in FactStream(store, reader, lease, book).post(batches):
            pass
