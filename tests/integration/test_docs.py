"""The documentation's SQL runs on a real event store, and the measurements behind the decisions can be made again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from ledger.accounts import load_chart
from ledger.batch import KeptAnswers
from ledger.facts import Fact
from ledger.money import Money
from ledger.rules import load_rules
from ledger.store import Store
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas
from tests.infra import PairAddresses, fresh_database
from tests.pages import ROOT, Block, blocks
from tests.unit.ledger.builders import NOW_US, payment, refund, settlement

PAYOUT = Fact(
    type="payout.paid",
    key="stripe/acct_1/po_1/paid",
    source="stripe",
    account="acct_1",
    effective_at="2026-01-05T12:00:00Z",
    amounts={"gross": Money.of(970, "USD")},
    links={"payout": "po_1"},
)
# Something of everything that the examples ask for: posted, repeated, observed, parked, still expected.
TOLD = [
    payment(1),
    payment(1, delivery="evt_again"),
    settlement(1, 1000, 30),
    refund(2, status="failed"),
    refund(3, status="pending"),
    PAYOUT,
]
EVIDENCE = {
    "recorder": ["--events", "60", "--batch", "20"],
    "keys": ["--keys", "2000", "--batch", "100"],
    "past": ["--entries", "200"],
    "committer": ["--facts", "200", "--batch", "50"],
}


@pytest.fixture(scope="module")
def store_dsn(pair: PairAddresses) -> Iterator[str]:
    with fresh_database(pair.postgres_dsn, "docs") as dsn:
        with Store.open(dsn) as store:
            lease = store.take(["main"])["main"]
            book = store.load("main")
            store.open_book(lease, book, load_chart(), load_rules(), NOW_US)
            append = store.prepare(lease, book, book.decide(TOLD, {}, NOW_US))
            kept = KeptAnswers("mine-1", bytes(32), NOW_US, b'{"decision":"accepted"}')
            store.append([replace(append, answers=[kept])])
        with psycopg.connect(dsn, autocommit=True) as connection:
            ensure_schemas(connection)
            for projection in PROJECTIONS.values():
                catch_up(connection, projection, "main", JournalReader(connection))
        yield dsn


@pytest.mark.parametrize("block", blocks("sql", needs="store"), ids=lambda block: block.where)
def test_sql_answers(block: Block, store_dsn: str) -> None:
    with psycopg.connect(store_dsn) as connection:
        cursor = connection.execute(block.text.encode())
        assert cursor.fetchall(), f"{block.where}: no row"


def test_the_trial_balance_in_sql_is_that_of_the_projection(store_dsn: str) -> None:
    (example,) = (block for block in blocks("sql") if "AS debits" in block.text)
    with psycopg.connect(store_dsn) as connection:
        from_events = connection.execute(example.text.encode()).fetchall()
        projected = connection.execute(
            "SELECT account, currency, nullif(debits, 0), nullif(credits, 0) FROM balances.balance"
            " WHERE book = 'main' ORDER BY account, currency"
        ).fetchall()
    assert from_events == projected
    assert sum(row[2] or 0 for row in from_events) == sum(row[3] or 0 for row in from_events) > 0


def test_sql_finds_what_is_parked(store_dsn: str) -> None:
    (example,) = (block for block in blocks("sql") if "FactParked" in block.text)
    with psycopg.connect(store_dsn) as connection:
        assert [row[2] for row in connection.execute(example.text.encode())] == ["stripe/acct_1/re_2"]


@pytest.mark.parametrize("name", sorted(EVIDENCE))
def test_a_measurement_can_be_made_again(name: str, pair: PairAddresses) -> None:
    """Small sizes: that it runs and says what it says it measures, not how much."""
    with fresh_database(pair.postgres_dsn, f"evidence_{name}") as dsn:
        done = subprocess.run(
            [sys.executable, str(ROOT / "docs/adr/evidence" / f"{name}.py"), "--dsn", dsn, *EVIDENCE[name]],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures and all(figure > 0 for figure in figures.values())


def test_every_measurement_is_tried() -> None:
    scripts = {path.stem for path in (ROOT / "docs/adr/evidence").glob("*.py")}
    assert scripts - {"servers"} == set(EVIDENCE)
