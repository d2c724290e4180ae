"""Evidence for ADR 0007: facts a second when the append overlaps deciding, and when it does not.

    python docs/adr/evidence/committer.py [--facts 60000] [--batch 4000] [--dsn postgresql://...]

The same facts, rules and batches twice; the second time every batch is durable before the next one is decided.
"""

import argparse
import json
import time
from uuid import uuid4

from servers import postgres

from ledger.accounts import load_chart
from ledger.committer import Committer
from ledger.facts import Fact
from ledger.money import Money
from ledger.rules import load_rules
from ledger.store import Store

NOW_US = 1_767_607_200_000_000


def fact(number: int) -> Fact:
    return Fact(
        type="payment.succeeded",
        key=f"stripe/acct_1/pi_{number}/succeeded",
        source="stripe",
        account="acct_1",
        effective_at="2026-01-05T10:00:00Z",
        amounts={"gross": Money.of(1250, "EUR")},
        links={"payment": f"pi_{number}"},
    )


def facts_per_s(dsn: str, facts: int, batch: int, overlap: bool) -> float:
    name = f"evidence-{uuid4().hex[:8]}"
    made = [fact(number) for number in range(facts)]
    with Store.open(dsn) as store, Store.open(dsn) as reader:
        lease = store.take([name])[name]
        book = store.load(name)
        store.open_book(lease, book, load_chart(), load_rules(), NOW_US)
        committer = Committer(store)
        started_s = time.perf_counter()
        for start in range(0, facts, batch):
            told = made[start : start + batch]
            known = reader.known(lease, book.questions(told))
            known.update(committer.keys(name))
            decided = book.decide(told, known, NOW_US)
            committer.submit([store.prepare(lease, book, decided)], {name: decided.known})
            if not overlap:
                committer.flush()
        committer.flush()
        took_s = time.perf_counter() - started_s
        committer.close()
    return facts / took_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=60_000)
    parser.add_argument("--batch", type=int, default=4_000)
    parser.add_argument("--dsn")
    chosen = parser.parse_args()
    with postgres(chosen.dsn) as dsn:
        figures = {
            "overlapping_facts_per_s": facts_per_s(dsn, chosen.facts, chosen.batch, overlap=True),
            "one_after_the_other_facts_per_s": facts_per_s(dsn, chosen.facts, chosen.batch, overlap=False),
        }
    print(json.dumps({name: round(value) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
