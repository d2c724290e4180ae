"""The writer without Kafka: what the same bytes, told again by others or out of the dead letters, lead to."""

from collections.abc import Iterator
from hashlib import sha256

import msgspec
import psycopg
import pytest

from ledger.accounts import load_chart
from ledger.rules import load_rules
from streams.arrival import Arrival
from streams.inbound import InboundRecord
from streams.writer import Writer

EVENT = b'{"id":"evt_1","object":"event","type":"charge.succeeded","created":1,"data":{"object":%s}}'
CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "amount": 1000,
    "currency": "usd",
    "captured": True,
    "paid": True,
    "status": "succeeded",
    "created": 1,
}
PAGE = {
    "object": "list",
    "data": [
        {
            "id": "txn_1",
            "object": "balance_transaction",
            "amount": 1000,
            "fee": 59,
            "net": 941,
            "currency": "usd",
            "created": 1,
            "type": "charge",
            "source": "ch_1",
        }
    ],
}


@pytest.fixture
def writer(postgres_dsn: str) -> Iterator[Writer]:
    with Writer(postgres_dsn, chart=load_chart(), rules=load_rules()) as writer:
        writer.assign(lambda _: True)
        yield writer


class Topic:
    """Arrivals of one partition, one after the other."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.offset = 0

    def tell(self, body: bytes, **more: object) -> None:
        fields = {
            "book": "main",
            "source": "stripe",
            "account": "acct_1",
            "received_at_us": 1,
            "digest": sha256(body).hexdigest(),
            "delivery": "",
            "context": {},
            "attempts": 0,
            "body": body,
        }
        record = InboundRecord(**{**fields, **more})  # type: ignore[arg-type]
        self.writer.write([Arrival("inbound.stripe", 0, self.offset, record)])
        self.writer.flush()
        self.offset += 1


def events(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT type FROM ledger.events ORDER BY position").fetchall()
    return [row[0] for row in rows]


def test_the_same_bytes_of_the_same_teller_are_passed_over(writer: Writer, postgres_dsn: str) -> None:
    topic = Topic(writer)
    body = EVENT % msgspec.json.encode(CHARGE)
    for _ in range(3):
        topic.tell(body)
    assert events(postgres_dsn) == ["BookOpened", "EntryPosted"]


def test_the_same_page_told_later_with_its_payout_is_heard(writer: Writer, postgres_dsn: str) -> None:
    topic = Topic(writer)
    body = msgspec.json.encode(PAGE)
    topic.tell(body)
    topic.tell(body, context={"payout": "po_1"})
    assert events(postgres_dsn) == ["BookOpened", "EntryPosted", "FactRepeated"]
    with psycopg.connect(postgres_dsn) as connection:
        learned = connection.execute(
            "SELECT body->'links'->>'payout' FROM ledger.journal WHERE position = 3"
        ).fetchone()
    assert learned == ("po_1",)


def test_the_same_bytes_at_another_account_are_another_payment(writer: Writer, postgres_dsn: str) -> None:
    topic = Topic(writer)
    body = EVENT % msgspec.json.encode(CHARGE)
    topic.tell(body)
    topic.tell(body, account="acct_2")
    assert events(postgres_dsn) == ["BookOpened", "EntryPosted", "EntryPosted"]


def test_a_redriven_record_that_fails_again_leaves_one_open_letter(writer: Writer, postgres_dsn: str) -> None:
    topic = Topic(writer)
    topic.tell(b"not json")
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("UPDATE ledger.dead_letters SET status = 'redriven'")
        topic.tell(b"not json", attempts=1)
        rows = connection.execute("SELECT status FROM ledger.dead_letters ORDER BY dead_letter_id").fetchall()
    assert rows == [("failed_again",), ("open",)]
    assert events(postgres_dsn) == ["BookOpened"]
