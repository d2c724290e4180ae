"""Evidence for ADR 0030: what a question about an earlier date and the closing of a period cost.

    python docs/adr/evidence/past.py [--entries 200000] [--dsn postgresql://...]

Fills a book with `--entries` payments on 90 days, then asks: by a fold of every event, of the sums by day the first
time (they are made) and once more; then closes a period. Seconds of processor time of this process and of wall clock.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import date, timedelta

from servers import postgres

from ledger.commands import ClosePeriod, PostedQuery
from ledger.facts import Fact
from ledger.ledger import Ledger
from ledger.money import Money
from ledger.store import Store
from ledger.trial_balance import trial_balance

FACTS_A_BATCH = 2_000
DAYS = 90


def payment(number: int) -> Fact:
    return Fact(
        type="payment.succeeded",
        key=f"stripe/acct_1/pi_{number}/succeeded",
        source="stripe",
        account="acct_1",
        effective_at=(date(2026, 1, 1) + timedelta(days=number % DAYS)).isoformat(),
        amounts={"gross": Money.of(1000 + number % 977, "USD")},
        links={"payment": f"pi_{number}"},
        references=(f"stripe/acct_1/pi_{number}",),
    )


def timed(name: str, figures: dict[str, float], work: Callable[[], object]) -> None:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    figures[f"{name}_cpu_s"] = time.process_time() - cpu_s
    figures[f"{name}_wall_s"] = time.perf_counter() - wall_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--dsn")
    chosen = parser.parse_args()
    query = PostedQuery(key="", account="1000", currency="USD", as_of="2026-02-15")
    figures: dict[str, float] = {}
    with postgres(chosen.dsn) as dsn, Store.open(dsn) as store:
        ledger = Ledger.open(store, "main")
        for first in range(0, chosen.entries, FACTS_A_BATCH):
            ledger.facts([payment(number) for number in range(first, min(first + FACTS_A_BATCH, chosen.entries))])
        timed("fold", figures, lambda: trial_balance(store.history("main"), as_of="2026-02-15"))
        timed("first_query", figures, lambda: ledger.query(query))
        timed("query", figures, lambda: ledger.query(query))
        timed("close", figures, lambda: ledger.apply([ClosePeriod(key="k", through="2026-02-15")]))
        row = store.connection.execute("SELECT pg_total_relation_size('ledger.day_sums')").fetchone()
        assert row is not None
        figures["day_sums_bytes_per_entry"] = row[0] / chosen.entries
    print(json.dumps({name: float(f"{value:.4g}") for name, value in figures.items()}))


if __name__ == "__main__":
    main()
