"""Holds of facts while the batch before is in flight, after a takeover, and under rules adopted in the same batch."""

import json
import random
from collections.abc import Iterator
from hashlib import sha256

import pytest

from ledger.accounts import load_chart
from ledger.book import Book
from ledger.kept_answers import answers_of
from ledger.rules import RuleSet
from ledger.snapshot import state_digest
from ledger.store import Store
from ledger.verification import verify_ledger
from streams.arrival import Arrival
from streams.inbound import InboundRecord
from streams.writer import Writer
from tests.integration.test_writer_in_flight import appends_held_up, arrival
from tests.unit.ledger.builders import NOW_US
from tests.unit.ledger.gateway import RULES, part, told
from tests.unit.ledger.test_fact_holds import expected


@pytest.fixture
def writer(postgres_dsn: str) -> Iterator[Writer]:
    with Writer(postgres_dsn, chart=load_chart(), rules=RuleSet(RULES)) as writer:
        writer.assign(lambda _: True)
        yield writer


def asked(offset: int, *commands: dict[str, object]) -> Arrival:
    body = json.dumps(commands).encode()
    record = InboundRecord("main", "commands", "", NOW_US, sha256(body).hexdigest(), f"d{offset}", {}, 0, body)
    return Arrival(record.topic, 0, offset, record)


def stored(dsn: str) -> Book:
    with Store.open(dsn) as store:
        assert [finding for report in verify_ledger(store.connection) for finding in report.findings] == []
        replayed = Book("main")
        for event in store.history("main"):
            replayed.apply(event)
        assert state_digest(store.load("main")) == state_digest(replayed)
        return replayed


def test_an_end_in_flight_is_known(writer: Writer, postgres_dsn: str) -> None:
    writer.write([arrival(0, told("initiated"))])
    writer.flush()
    with appends_held_up(postgres_dsn) as let_go:
        writer.write([arrival(1, told("succeeded"))])
        assert not writer.idle
        let_go.start()
        writer.write([arrival(2, told("authorized")), arrival(3, told("canceled"))])
    writer.flush()
    book = stored(postgres_dsn)
    assert not book.held
    assert book.balances["1000", "USD"] == [100, 0]


def test_queries_between_facts_of_one_batch_see_what_is_held(writer: Writer, postgres_dsn: str) -> None:
    query = {"command": "balance", "account": "1000", "currency": "USD"}
    dated = {**query, "as_of": "2026-02-01"}
    records = [
        arrival(0, told("authorized")),
        asked(0, query, dated),
        arrival(1, told("succeeded", 30)),
        asked(1, query, dated, {**query, "at_position": 2}),
    ]
    writer.write(records)
    writer.flush()
    with Store.open(postgres_dsn) as store:
        kept = answers_of(store.connection, "main", ["d0", "d1"])
    figures = [(answer.figures["posted"], answer.figures["held_debits"]) for name in kept for answer in kept[name]]
    assert figures == [("0", "100"), ("0", "100"), ("30", "0"), ("30", "0"), ("0", "100")]


def test_rules_adopted_between_facts_hold_from_there_on(writer: Writer, postgres_dsn: str) -> None:
    plain = [{name: value for name, value in rule.items() if name != "hold"} for rule in RULES["rules"][3:4]]
    without, with_holds = {"version": 4, "rules": plain}, {**RULES, "version": 5}
    writer.write(
        [
            arrival(0, told("authorized")),
            asked(0, {"command": "adopt_rules", "key": "a", "rules": without}),
            arrival(1, told("authorized", 7, "pi_2")),
            arrival(2, told("succeeded", 7, "pi_2")),
            asked(1, {"command": "adopt_rules", "key": "b", "rules": with_holds}),
            arrival(3, told("succeeded")),
            arrival(4, told("authorized", 9, "pi_3")),
        ]
    )
    writer.flush()
    book = stored(postgres_dsn)
    assert book.balances["1000", "USD"] == [107, 0]
    assert book.held["1000", "USD"] == [9, 0]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_in_small_batches_ends_alike(writer: Writer, postgres_dsn: str, seed: int) -> None:
    source = random.Random(seed)
    names = [f"pi_{number}" for number in range(8)]
    facts = []
    for name in names:
        facts += [told("authorized", source.randint(1, 9), name), told("authorized", 5, name, 1)]
        facts += [part(source.randint(1, 3), number, name=name) for number in range(source.randrange(3))]
        facts += [told(source.choice(["succeeded", "canceled"]), 4, name)] if source.random() < 0.6 else []
    order = [*facts, *source.choices(facts, k=20)]
    source.shuffle(order)
    for start in range(0, len(order), 3):
        writer.write([arrival(start + number, fact) for number, fact in enumerate(order[start : start + 3])])
        if source.random() < 0.1:
            writer.flush()
            writer.assign(lambda _: True)
    writer.flush()
    book = stored(postgres_dsn)
    sums = [expected(facts, name) for name in names]
    assert book.balances["1000", "USD"] == [sum(posted for posted, _ in sums), 0]
    assert book.held.get(("1000", "USD"), [0, 0]) == [sum(held for _, held in sums), 0]
