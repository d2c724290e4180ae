"""`bench post`: the book level. Facts in memory are decided and durably appended to PostgreSQL.

No Kafka, no translation: keys are looked up in the store, rules applied, entries of three lines made, sealed and
written. With `one_by_one` so many callers wait for their own answer each, and what arrives meanwhile is one batch.
"""

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from contraflow.bench.options import BenchOptions
from contraflow.bench.report import percentile, report
from contraflow.bench.servers import bench_servers
from contraflow.wiring import postgres_dsn
from ledger.accounts import Account, Chart
from ledger.book import Book
from ledger.fact_stream import FactStream
from ledger.facts import Fact
from ledger.money import Money
from ledger.rules import RuleSet
from ledger.store import Lease, Store

FACTS: Final = 400_000
ONE_BY_ONE_FACTS: Final = 40_000
PORTION: Final = 200_000
_LOAD: Final = """
import resource, sys, time
from ledger.store import Store
with Store.open(sys.stdin.read()) as store:
    started_s = time.perf_counter()
    book = store.load(sys.argv[1])
    print(time.perf_counter() - started_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
RULES: Final = {
    "version": 1,
    "rules": [
        {
            "name": "bench.payment",
            "when": {"type": "payment.succeeded"},
            "lines": [
                {"account": "1000", "debit": "gross - fee"},
                {"account": "8000", "debit": "fee"},
                {"account": "{metadata.ledger_account}", "credit": "gross"},
            ],
        }
    ],
}


def measure(options: BenchOptions) -> dict[str, Any]:
    """Facts decided and durable per second; with `one_by_one` also the time a caller waits."""
    with bench_servers(options.settings, options.progress) as settings:
        dsn = postgres_dsn(settings)
        count = options.facts or (ONE_BY_ONE_FACTS if options.one_by_one else FACTS)
        name = f"bench-{uuid.uuid4().hex[:12]}"
        with Store.open(dsn) as store, Store.open(dsn) as reader:
            lease = store.take([name])[name]
            book = store.load(name)
            store.open_book(lease, book, _chart(options.accounts), RuleSet(RULES), _now_us())
            options.progress(f"posting {count:,} facts over {options.accounts:,} accounts")
            if options.one_by_one:
                facts = [_fact(number, options.accounts) for number in range(count)]
                figures = _one_by_one(store, reader, lease, book, facts, options.one_by_one)
            else:
                figures = _batches(store, reader, lease, book, count, options)
            assert book.version == count + 1, "a fact was not posted"
            options.progress("loading the book in a new process")
            figures |= _cold_start(dsn, name)
            row = store.connection.execute(
                "SELECT (pg_total_relation_size('ledger.events') + pg_total_relation_size('ledger.fact_keys'))::float8"
            ).fetchone()
            figures["bytes_per_entry"] = (row[0] if row else 0) / count
        sizes = {
            "facts": count,
            "accounts": options.accounts,
            "lines_per_entry": 3,
            "batch": 0 if options.one_by_one else options.batch,
            "callers": options.one_by_one or 1,
        }
        return report("post", figures, sizes, dsn)


def _batches(
    store: Store, reader: Store, lease: Lease, book: Book, count: int, options: BenchOptions
) -> dict[str, float]:
    """Facts are made a portion at a time while nothing is measured, so that any number of them fits into memory."""
    stream = FactStream(store, reader, lease, book)
    elapsed_s = 0.0
    for begin in range(0, count, PORTION):
        facts = [_fact(number, options.accounts) for number in range(begin, min(begin + PORTION, count))]
        batches = [facts[start : start + options.batch] for start in range(0, len(facts), options.batch)]
        started_s = time.perf_counter()
        for _ in stream.post(batches):
            pass
        elapsed_s += time.perf_counter() - started_s
        if begin:
            options.progress(f"{begin + len(facts):,} facts, {(begin + len(facts)) / elapsed_s:,.0f}/s")
    return {"facts_per_s": count / elapsed_s}


def _cold_start(dsn: str, name: str) -> dict[str, float]:
    """A new process loads the book: seconds, and the most memory it ever held."""
    done = subprocess.run([sys.executable, "-c", _LOAD, name], input=dsn, capture_output=True, text=True, check=True)
    load_s, memory_kib = done.stdout.split()
    return {"cold_start_s": float(load_s), "cold_start_memory_mib": int(memory_kib) / 1024}


def _one_by_one(
    store: Store, reader: Store, lease: Lease, book: Book, facts: Sequence[Fact], callers: int
) -> dict[str, float]:
    """Each caller hands over one fact and waits until it is durable; a batch is whoever waits."""
    waits_s: list[float] = []

    def write(told: Sequence[Fact]) -> None:
        decided = book.decide(told, reader.known(lease, book.questions(told)), _now_us())
        store.append([store.prepare(lease, book, decided)])

    async def run() -> float:
        loop = asyncio.get_running_loop()
        waiting: list[tuple[Fact, asyncio.Future[None]]] = []
        called = asyncio.Event()

        async def call(number: int) -> None:
            for fact in facts[number::callers]:
                began_s = time.perf_counter()
                durable: asyncio.Future[None] = loop.create_future()
                waiting.append((fact, durable))
                called.set()
                await durable
                waits_s.append(time.perf_counter() - began_s)

        async def serve() -> None:
            with ThreadPoolExecutor(1) as thread:
                while True:
                    await called.wait()
                    called.clear()
                    batch = waiting.copy()
                    waiting.clear()
                    await loop.run_in_executor(thread, write, [fact for fact, _ in batch])
                    for _, durable in batch:
                        durable.set_result(None)

        started_s = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            server = group.create_task(serve())
            await asyncio.gather(*(call(number) for number in range(callers)))
            elapsed_s = time.perf_counter() - started_s
            server.cancel()
        return elapsed_s

    elapsed_s = asyncio.run(run())
    waited_ms = sorted(wait_s * 1000 for wait_s in waits_s)
    return {
        "facts_per_s": len(facts) / elapsed_s,
        "p50_ms": percentile(waited_ms, 50),
        "p99_ms": percentile(waited_ms, 99),
    }


def _chart(accounts: int) -> Chart:
    fixed = (
        Account(code="1000", name="Stripe", type="asset", normal_side="debit", clearing=True),
        Account(code="8000", name="Gateway fees", type="expense", normal_side="debit"),
    )
    customers = (
        Account(code=f"7000:{number:06d}", name="Customer", type="liability", normal_side="credit")
        for number in range(accounts)
    )
    return Chart((*fixed, *customers))


def _fact(number: int, accounts: int) -> Fact:
    amount_minor = 1_000 + number * 7_919 % 90_000
    return Fact(
        type="payment.succeeded",
        key=f"bench/acct_1/pi_{number:010d}/succeeded",
        source="bench",
        account="acct_1",
        effective_at="2026-01-05T10:00:00Z",
        amounts={"gross": Money(str(amount_minor), "USD"), "fee": Money(str(30 + amount_minor * 29 // 1000), "USD")},
        links={"payment": f"pi_{number:010d}"},
        metadata={"ledger_account": f"7000:{number % accounts:06d}"},
    )


def _now_us() -> int:
    return time.time_ns() // 1000
