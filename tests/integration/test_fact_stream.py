"""A stream of batches ends as the same batches one by one do, whatever is told again while others are on their way."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.accounts import load_chart
from ledger.book import Book
from ledger.errors import Fenced
from ledger.fact_stream import FactStream
from ledger.facts import Fact
from ledger.rules import load_rules
from ledger.snapshot import state_digest
from ledger.store import Lease, Store
from ledger.verification import verify_ledger
from tests.unit.ledger.builders import NOW_US, payment, refund, settlement

TOLD = (
    *(payment(number) for number in range(4)),
    *(refund(number, 300) for number in range(3)),
    *(refund(number, 300, "failed") for number in range(3)),
    settlement(1, 770, 20, "EUR", needs="stripe/acct_1/ch_1"),
    payment(2, 999),  # contradicts the other one with its key
)


def taken(store: Store, name: str) -> tuple[Lease, Book]:
    lease = store.take([name])[name]
    book = store.load(name)
    if not book.version:
        store.open_book(lease, book, load_chart(), load_rules(), NOW_US)
    return lease, book


def streamed(dsn: str, name: str, batches: Sequence[Sequence[Fact]]) -> Book:
    with Store.open(dsn) as store, Store.open(dsn) as reader:
        lease, book = taken(store, name)
        told = [decided.heads[-1] for decided in FactStream(store, reader, lease, book, lambda: NOW_US).post(batches)]
        assert len(told) == len(batches)
        assert store.books()[name] == book.version, "what was given back is durable"
        return book


def one_by_one(dsn: str, name: str, batches: Sequence[Sequence[Fact]]) -> Book:
    with Store.open(dsn) as store:
        lease, book = taken(store, name)
        for facts in batches:
            decided = book.decide(facts, store.known(lease, book.questions(facts)), NOW_US)
            store.append([store.prepare(lease, book, decided)])
        return book


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(st.sampled_from(TOLD), min_size=1, max_size=4), min_size=1, max_size=6), st.integers(0, 2**48))
def test_a_stream_decides_what_batches_one_by_one_do(
    postgres_dsn: str, batches: Sequence[Sequence[Fact]], run: int
) -> None:
    first = streamed(postgres_dsn, f"main-{run}", batches)
    again = streamed(postgres_dsn, f"main-{run}", batches)
    plain = one_by_one(postgres_dsn, f"plain-{run}", [*batches, *batches])
    assert first.version <= again.version == plain.version
    assert again.balances == plain.balances
    assert again.parked.keys() == plain.parked.keys()
    with Store.open(postgres_dsn) as store:
        assert state_digest(store.load(again.id)) == state_digest(again)
        assert all(not report.findings for report in verify_ledger(store.connection))


def test_a_stream_whose_book_was_taken_stops(postgres_dsn: str) -> None:
    with Store.open(postgres_dsn) as store, Store.open(postgres_dsn) as reader:
        lease, book = taken(store, "main")
        stream = FactStream(store, reader, lease, book).post([payment(number)] for number in range(9))
        next(stream)
        with Store.open(postgres_dsn) as other:
            other.take(["main"])
        with pytest.raises(Fenced):
            list(stream)
        assert [report.findings for report in verify_ledger(store.connection)] == [()]
