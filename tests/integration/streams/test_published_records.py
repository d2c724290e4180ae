"""Every record that publishing sends follows the committed schema of its type."""

import json
from functools import cache
from pathlib import Path

import psycopg
from jsonschema import Draft202012Validator

from contraflow.embedded import PairAddresses
from ledger.batch import DeadLetter
from ledger.facts import Fact, encode_fact
from ledger.money import Money
from ledger.store import Store
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas
from streams.kafka import KafkaConfig
from streams.publishing import PublishingConfig
from streams.records import RECORD_TYPES
from streams.topics import OUTPUT_TOPICS, ensure_topics
from tests.integration.streams.publisher import EVENT_TOPICS, Books, all_sent, publishing, wait_until
from tests.integration.streams.topic_reader import read_topic
from tests.unit.ledger.builders import NOW_US, payment, refund, settlement

SCHEMAS = Path(__file__).parents[3] / "streams" / "schemas"


@cache
def validator(record_type: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{record_type}.json").read_text())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def payout(number: int) -> Fact:
    return Fact(
        type="payout.paid",
        key=f"stripe/acct_1/po_{number}/paid",
        source="stripe",
        account="acct_1",
        effective_at="2026-01-07T00:00:00Z",
        amounts={"gross": Money.of(970, "USD")},
        links={"payout": f"po_{number}"},
        references=(f"stripe/acct_1/po_{number}",),
        attributes={"arrival_date": "2026-01-07", "automatic": "true"},
    )


def test_every_published_record_follows_its_schema(pair: PairAddresses, postgres_dsn: str, topic_prefix: str) -> None:
    kafka = KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=2)
    ensure_topics(kafka)
    facts = [
        payment(1, metadata={"order": "7"}, attributes={"livemode": "false"}),
        payment(2, 2**70, "KWD"),
        payment(1, delivery="evt_again", links={"payment": "pi_1", "charge": "ch_1"}),
        settlement(1, 1000, 30),
        refund(1, 100),
        refund(2, 100, "failed"),  # parked
        payment(1, 7),  # refused: another amount under the same key
        payout(1),
        *(payment(n) for n in range(3, 1000)),
    ]
    with Store.open(postgres_dsn) as store, psycopg.connect(postgres_dsn, autocommit=True) as connection:
        head = Books(store).post("main", *facts)
        for offset, body in enumerate((b"{", b"\xff")):
            store.append([], dead_letters=[_letter(offset, body)])
        ensure_schemas(connection)
        for projection in PROJECTIONS.values():
            catch_up(connection, projection, "main", JournalReader(connection))
        rows = tuple(topic.name for topic in OUTPUT_TOPICS if topic.cleanup == "compact")
        with publishing(PublishingConfig(kafka, postgres_dsn)):
            wait_until(all_sent(postgres_dsn, streams=(*EVENT_TOPICS, *rows), main=head))
            wait_until(lambda: len(read_topic(kafka, "inbound.dead")) == 2)
    seen: set[str] = set()
    for topic in OUTPUT_TOPICS:
        for record in read_topic(kafka, topic.name):
            record_type = record.headers["type"]
            assert record_type in topic.record_types
            validator(record_type).validate(json.loads(record.value))
            seen.add(record_type)
    assert seen == set(RECORD_TYPES) - {"inbound_fact"}


def test_an_inbound_fact_follows_its_schema_and_garbage_does_not() -> None:
    good = json.loads(encode_fact(payout(1)))
    schema = validator("inbound_fact")
    schema.validate(good)
    for wrong in ({**good, "type": "payment.guessed"}, {**good, "amount": 1}, {**good, "amounts": {"gross": [970]}}):
        assert not schema.is_valid(wrong)


def _letter(offset: int, body: bytes) -> DeadLetter:
    return DeadLetter(
        book="main",
        source="stripe",
        account="acct_1",
        topic="inbound.stripe",
        partition=0,
        record_offset=offset,
        digest=offset.to_bytes(32),
        code="not_json",
        detail="not JSON",
        context={},
        body=body,
        attempts=1,
        at_us=NOW_US,
    )
