"""The writer given commands: in order among facts, once whatever is told again, answered when durable, fenced."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import psycopg
import pytest

from ledger.accounts import load_chart
from ledger.errors import Fenced
from ledger.facts import encode_fact
from ledger.kept_answers import answers_of
from ledger.ledger import Ledger
from ledger.memory_store import MemoryStore
from ledger.rules import load_rules
from ledger.verification import verify_ledger
from streams.arrival import Arrival
from streams.command_record import encode_commands
from streams.inbound import InboundRecord
from streams.writer import Writer
from tests.integration.command_file import command_lines
from tests.unit.ledger.builders import payment


def record(body: bytes, source: str = "commands", delivery: str = "", attempts: int = 0) -> InboundRecord:
    return InboundRecord(
        book="main",
        source=source,
        account="",
        received_at_us=1,
        digest=sha256(body).hexdigest(),
        delivery=delivery,
        context={},
        attempts=attempts,
        body=body,
    )


def post(key: str, amount: int = 100, **more: object) -> bytes:
    lines = [["6000", "debit", str(amount), "EUR"], ["7000", "credit", str(amount), "EUR"]]
    return json.dumps({"command": "post", "key": key, "lines": lines, **more}).encode()


class Topic:
    """Arrivals of one partition, and what the store says afterwards."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.offset = 0
        self.writer = self.started()

    def started(self) -> Writer:
        writer = Writer(self.dsn, chart=load_chart(), rules=load_rules())
        writer.assign(lambda _: True)
        return writer

    def arrivals(self, *records: InboundRecord) -> list[Arrival]:
        first = self.offset
        self.offset += len(records)
        return [Arrival("inbound.commands", 0, first + number, each) for number, each in enumerate(records)]

    def tell(self, *records: InboundRecord) -> None:
        self.writer.write(self.arrivals(*records))
        self.writer.flush()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement.encode()).fetchall()

    def answer(self, delivery: str) -> list[tuple[str, str, int]]:
        with psycopg.connect(self.dsn) as connection:
            found = answers_of(connection, "main", [delivery])
        return [(answer.decision, answer.code, answer.position) for answer in found.get(delivery, ())]

    def types(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT type FROM ledger.events ORDER BY position")]


@pytest.fixture
def topic(postgres_dsn: str) -> Iterator[Topic]:
    topic = Topic(postgres_dsn)
    yield topic
    topic.writer.close()
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        assert [finding for report in verify_ledger(connection) for finding in report.findings] == []


def test_facts_and_commands_are_decided_in_the_order_in_which_they_came(topic: Topic) -> None:
    closing = b'{"command":"close_account","key":"c-1","account":"7000"}'
    topic.tell(
        record(encode_fact(payment(1)), "facts"),
        record(post("p-1"), delivery="a"),
        record(encode_fact(payment(2)), "facts"),
        record(closing, delivery="b"),
        record(encode_fact(payment(3)), "facts"),
        record(post("p-2"), delivery="c"),
    )
    assert topic.types() == [
        "BookOpened",
        "EntryPosted",
        "EntryPosted",
        "EntryPosted",
        "AccountClosed",
        "EntryPosted",
        "CommandRefused",
    ]
    assert [topic.answer(name) for name in "abc"] == [
        [("accepted", "", 3)],
        [("accepted", "", 5)],
        [("refused", "account_closed", 7)],
    ]
    flagged = topic.rows("SELECT position FROM ledger.journal WHERE body ? 'flags' ORDER BY position")
    assert flagged == [(6,)]


def test_a_fact_before_in_the_batch_can_be_reversed_by_its_key(topic: Topic) -> None:
    fact = payment(1)
    reverse = json.dumps({"command": "reverse", "key": "r-1", "fact": fact.key}).encode()
    topic.tell(record(encode_fact(fact), "facts"), record(reverse, delivery="a"))
    assert topic.answer("a") == [("accepted", "", 3)]


def test_what_is_in_flight_counts_as_known(topic: Topic) -> None:
    """Two batches without waiting between them: the key, the hold and the history of the first are the second's."""
    hold = json.dumps({**json.loads(post("h-1")), "command": "hold"}).encode()
    topic.writer.write(topic.arrivals(record(encode_commands([post("p-1"), hold]), delivery="a")))
    close = b'{"command":"close_period","key":"c-1","through":"2999-12-31"}'
    capture = b'{"command":"capture","key":"k-1","hold":"h-1","post_to_open_period":true}'
    topic.writer.write(topic.arrivals(record(encode_commands([post("p-1"), capture, close]), delivery="b")))
    topic.writer.flush()
    assert topic.answer("b") == [("accepted", "", 2), ("accepted", "", 4), ("accepted", "", 5)]
    sums = topic.rows("SELECT body->'trial_balance' FROM ledger.journal WHERE position = 5")
    assert sums == [([["6000", "EUR", "200", "0"], ["7000", "EUR", "0", "200"]],)]


def test_a_record_told_again_under_its_name_is_decided_once(topic: Topic) -> None:
    body = encode_commands([post("p-1"), post("p-2", 0)])
    topic.tell(record(body, delivery="a"), record(body, delivery="a"))
    topic.tell(record(body, delivery="a"))
    assert topic.types() == ["BookOpened", "EntryPosted", "CommandRefused"]
    assert topic.answer("a") == [("accepted", "", 2), ("refused", "amount_zero", 3)]
    topic.tell(record(post("p-3"), delivery="a"))
    assert topic.rows("SELECT code FROM ledger.dead_letters") == [("delivery_reused",)]
    assert topic.types() == ["BookOpened", "EntryPosted", "CommandRefused"]


def test_another_record_with_the_same_commands_posts_nothing_twice(topic: Topic) -> None:
    topic.tell(record(post("p-1"), delivery="a"))
    topic.tell(record(post("p-1"), delivery="b"))
    topic.tell(record(post("p-1", 7), delivery="c"))
    assert topic.answer("b") == topic.answer("a") == [("accepted", "", 2)]
    assert topic.answer("c") == [("refused", "key_reused", 3)]


def test_a_writer_that_dies_before_the_commit_has_answered_nothing_and_its_heir_answers(topic: Topic) -> None:
    topic.tell(record(post("p-1"), delivery="a"))
    last = topic.arrivals(record(post("p-2"), delivery="b"))
    heir = topic.started()
    with pytest.raises(Fenced):
        topic.writer.write(last)
        topic.writer.flush()
    assert topic.answer("b") == []
    topic.writer.close()
    topic.writer = heir
    heir.write(last)
    heir.flush()
    assert topic.answer("b") == [("accepted", "", 3)]
    assert topic.rows("SELECT next_offset FROM ledger.input_offsets") == [(2,)]


@pytest.mark.parametrize("body", [b"garbage", b"[]", b'"text"', b"3", b"[" * 5000, b'[{"command":"post"},'])
def test_what_is_no_record_of_commands_is_a_dead_letter_and_answered_if_somebody_waits(
    topic: Topic, body: bytes
) -> None:
    topic.tell(record(body), record(body + b" ", delivery="a"), record(post("p-1"), delivery="b"))
    codes = topic.rows("SELECT code, status FROM ledger.dead_letters")
    assert codes == [("commands_malformed", "open")] * 2
    assert topic.answer("a") == [("refused", "commands_malformed", 0)]
    assert topic.answer("b") == [("accepted", "", 2)]


def test_a_malformed_command_nobody_waits_for_is_a_dead_letter_and_can_be_driven_again(topic: Topic) -> None:
    body = encode_commands([post("p-1"), b'{"command":"post","key":"x"}'])
    topic.tell(record(body))
    assert topic.rows("SELECT code, status FROM ledger.dead_letters") == [("command_malformed", "open")]
    topic.tell(record(body, delivery="a"))
    assert [answer[:2] for answer in topic.answer("a")] == [("accepted", ""), ("refused", "command_malformed")]
    with psycopg.connect(topic.dsn, autocommit=True) as connection:
        connection.execute("UPDATE ledger.dead_letters SET status = 'redriven'")
    topic.tell(record(body, attempts=1))
    found = topic.rows("SELECT status FROM ledger.dead_letters ORDER BY dead_letter_id")
    assert found == [("failed_again",), ("open",)]
    assert topic.types() == ["BookOpened", "EntryPosted"]


def test_a_chain_does_not_reach_into_the_next_record(topic: Topic) -> None:
    topic.tell(record(post("p-1", linked=True), delivery="a"), record(post("p-2"), delivery="b"))
    assert topic.answer("a") == [("refused", "chain_open", 2)]
    assert topic.answer("b") == [("accepted", "", 3)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cut_as_it_may_be_it_is_the_ledger_in_memory(topic: Topic, seed: int) -> None:
    """Records of a file in batches of any number, with facts between them, some batches told again after a takeover."""
    import random

    chance = random.Random(seed)
    lines = [line for line in command_lines(seed, 400) if line and b"\xff" not in line and line[-1:] == b"}"]
    bodies = []
    chain: list[bytes] = []
    for line in lines:
        chain.append(line)
        if b'"linked": true' not in line and b'"linked":true' not in line:
            bodies.append(chain)
            chain = []
    ledger = Ledger.open(MemoryStore(), "main")
    expected = [[(a.decision, a.code, a.position) for a in ledger.apply(body)] for body in bodies]
    records = [record(encode_commands(body), delivery=str(number)) for number, body in enumerate(bodies)]
    at = 0
    while at < len(records):
        some = records[at : at + chance.randint(1, 9)]
        arrivals = topic.arrivals(*some)
        topic.writer.write(arrivals)
        if chance.random() < 0.2:
            topic.writer.discard()
            topic.writer.assign(lambda _: True)
        at += len(some)
    topic.writer.flush()
    assert [topic.answer(str(number)) for number in range(len(records))] == expected
