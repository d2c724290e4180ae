"""The writer on a real PostgreSQL, without Kafka: one batch after the other, while the one before is in flight."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import psycopg
import pytest

from connectors import CONNECTORS
from ledger.accounts import load_chart
from ledger.errors import Fenced
from ledger.facts import Fact, encode_fact
from ledger.rules import load_rules
from ledger.store import Store
from ledger.verification import verify_ledger
from streams.arrival import Arrival
from streams.inbound import InboundRecord
from streams.writer import Writer
from tests.unit.ledger.builders import NOW_US, payment

# A source that tells facts and, unlike `facts` itself, has its records kept.
KEPT = "kept"
FACTS = "facts"


def arrival(offset: int, fact: Fact, source: str = FACTS) -> Arrival:
    body = encode_fact(fact)
    record = InboundRecord("main", source, "", NOW_US, sha256(body).hexdigest(), "", {}, 0, body)
    return Arrival(record.topic, 0, offset, record)


@pytest.fixture
def writer(postgres_dsn: str) -> Iterator[Writer]:
    connectors = {**CONNECTORS, KEPT: CONNECTORS[FACTS]}
    with Writer(postgres_dsn, chart=load_chart(), rules=load_rules(), connectors=connectors) as writer:
        writer.assign(lambda book: True)
        yield writer


@contextmanager
def appends_held_up(dsn: str) -> Iterator[threading.Timer]:
    """No append comes through until the timer, once started, has run: longer than a look-up takes."""
    with psycopg.connect(dsn) as blocker:
        blocker.execute("SELECT 1 FROM ledger.books WHERE book = 'main' FOR UPDATE")
        timer = threading.Timer(0.5, blocker.commit)
        try:
            yield timer
        finally:
            timer.join()


def types(dsn: str) -> list[str]:
    with Store.open(dsn) as store:
        assert [finding for report in verify_ledger(store.connection) for finding in report.findings] == []
        return [event.type for event in store.history("main")]


def test_a_batch_moves_the_offset_past_its_last_record(writer: Writer, postgres_dsn: str) -> None:
    writer.write([arrival(7, payment(1)), arrival(8, payment(2))])
    writer.write([arrival(9, payment(3))])
    writer.flush()
    assert writer.assign(lambda book: True) == {("inbound.facts", 0): 10}
    assert types(postgres_dsn) == ["BookOpened", *["EntryPosted"] * 3]


def test_a_key_of_an_earlier_batch_is_known_after_a_takeover(writer: Writer, postgres_dsn: str) -> None:
    writer.write([arrival(0, payment(1))])
    writer.flush()
    writer.assign(lambda book: True)
    writer.write([arrival(1, payment(1, delivery="evt_again"))])
    writer.flush()
    assert types(postgres_dsn) == ["BookOpened", "EntryPosted", "FactRepeated"]


@pytest.mark.parametrize(
    ("source", "again", "expected"),
    [
        (FACTS, payment(2, delivery="evt_again"), "FactRepeated"),
        (KEPT, payment(2), None),
    ],
)
def test_what_is_in_flight_is_known(
    writer: Writer, postgres_dsn: str, source: str, again: Fact, expected: str | None
) -> None:
    """The third batch is decided while the second cannot be appended, so only the writer's memory knows of it."""
    writer.write([arrival(0, payment(1))])
    writer.flush()
    with appends_held_up(postgres_dsn) as let_go:
        writer.write([arrival(0, payment(2), source)])
        assert not writer.idle
        let_go.start()
        written = writer.write([arrival(1, again, source)])
    writer.flush()
    assert types(postgres_dsn) == ["BookOpened", "EntryPosted", "EntryPosted", *([expected] if expected else [])]
    assert (written.repeated, written.duplicates) == ((1, 0) if expected else (0, 1))


def test_a_batch_that_could_not_be_appended_stops_those_after_it(writer: Writer, postgres_dsn: str) -> None:
    writer.write([arrival(0, payment(1))])
    writer.flush()
    with Store.open(postgres_dsn) as other:
        other.take(["main"])
    writer.write([arrival(1, payment(2))])
    with pytest.raises(Fenced):
        writer.write([arrival(2, payment(3))])
    assert writer.assign(lambda book: True) == {("inbound.facts", 0): 1}
    writer.write([arrival(1, payment(2)), arrival(2, payment(3))])
    writer.flush()
    assert types(postgres_dsn) == ["BookOpened", *["EntryPosted"] * 3]
