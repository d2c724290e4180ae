"""Rows that go in bulk because nothing was told of them before are the rows that small batches leave."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ledger.schema import migrate
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas
from tests.integration.test_projections import a_book, advance_all, rows
from tests.unit.projections.stories import again, history, payment, payout, refund, settlement


@pytest.fixture
def connection(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        migrate(connection)
        ensure_schemas(connection)
        yield connection


def test_large_batches_leave_the_rows_of_small_ones(connection: psycopg.Connection[Any]) -> None:
    """What is new is appended in bulk; what was told of before, in this batch or an earlier one, is not."""
    facts = [payout(1, "initiated"), settlement(1, 1000, 30, "po_1", source="ch_7")]
    facts += [payment(number, "pending") for number in range(0, 400, 5)]
    facts += [payment(number, "succeeded", at=1) for number in range(400)]
    facts += [again(payment(number, "succeeded", at=1), f"evt_{number}") for number in range(0, 400, 7)]
    facts += [refund(number, "succeeded", of=number, at=2) for number in range(0, 400, 3)]
    facts += [payment(number, "succeeded", at=3) for number in range(390, 800)]
    facts += [settlement(2, 500, 20, "po_1", source="ch_799")]
    books = {name: a_book() for name in ("large", "halves", "small")}
    events = {name: history(facts, book) for name, book in books.items()}
    middle = len(facts) // 2
    told = {
        "large": [events["large"]],
        "halves": [events["halves"][:middle], events["halves"][middle:]],
        "small": [events["small"][start : start + 50] for start in range(0, len(events["small"]), 50)],
    }
    for name, book in books.items():
        advance_all(connection, book, told[name])
    for name in PROJECTIONS:
        large, halves, small = (rows(connection, name, books[cut_as]) for cut_as in ("large", "halves", "small"))
        assert large == halves == small, name
    assert len(rows(connection, "reconciliation", books["large"])["told_payment"]) == 1_600
