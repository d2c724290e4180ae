"""The consumer of the documentation, run as a reader would run it, against a gap and a repeat planted for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from contraflow.embedded import PairAddresses
from ledger.entries import Line
from ledger.events import EntryPosted, Recorded, encode_event
from streams.entry_publication import EntryStream
from streams.kafka import KafkaConfig, producer
from streams.publication import Outgoing
from streams.topics import ensure_topics
from tests.unit.ledger.builders import NOW_US, payment

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "consumer.py"
LINES = (Line("1000", "debit", "1000", "USD"), Line("7000", "credit", "1000", "USD"))


def records(first: int, last: int) -> list[Outgoing]:
    """What publishing sends for entries at these positions of book main."""
    events = [
        Recorded("main", n, "EntryPosted", NOW_US, encode_event(EntryPosted(fact=payment(n), rule="r@1", lines=LINES)))
        for n in range(first, last + 1)
    ]
    return EntryStream().publish("main", events, {"previous": first - 1})[0]


@pytest.fixture
def kafka(pair: PairAddresses, topic_prefix: str) -> KafkaConfig:
    kafka = KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=2)
    ensure_topics(kafka)
    return kafka


def consume(kafka: KafkaConfig, sent: list[Outgoing]) -> tuple[int, list[str]]:
    """Exit code and printed lines of the example after `sent` was sent."""
    client = producer(kafka, "test")
    for record in sent:
        client.produce(kafka.topic("ledger.entries"), record.value, b"main", headers=list(record.headers))
    assert client.flush(20) == 0
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), kafka.bootstrap_servers, kafka.topic("ledger.entries")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_entries_and_a_manifest_in_order(kafka: KafkaConfig) -> None:
    code, lines = consume(kafka, records(1, 1001))
    assert code == 0
    assert len(lines) == 1002
    assert lines[0] == "ENTRY   main/1 payment.succeeded: debit 1000 1000 USD, credit 7000 1000 USD"
    assert lines[1000] == "SUMS    main/1000/manifest 1000 entries, debits {'USD': '1000000'}"
    assert lines[1001].startswith("ENTRY   main/1001 ")


def test_a_planted_repeat_is_noticed(kafka: KafkaConfig) -> None:
    sent = records(1, 4)
    code, lines = consume(kafka, [*sent[:3], sent[1], sent[2], sent[3]])
    assert code == 0
    assert [line.split()[:2] for line in lines] == [
        ["ENTRY", "main/1"],
        ["ENTRY", "main/2"],
        ["ENTRY", "main/3"],
        ["REPEAT", "main/2"],
        ["REPEAT", "main/3"],
        ["ENTRY", "main/4"],
    ]


def test_a_planted_gap_is_noticed(kafka: KafkaConfig) -> None:
    sent = records(1, 5)
    code, lines = consume(kafka, [*sent[:2], *sent[3:]])
    assert code == 1
    assert lines[-1] == "GAP     book main: 4 follows 3, the last one seen is 2"
    assert len(lines) == 3


def test_an_end_cut_off_before_a_manifest_is_noticed(kafka: KafkaConfig) -> None:
    sent = records(1, 1000)
    assert sent[-1].headers[4] == ("type", b"manifest")
    code, lines = consume(kafka, [*sent[:998], sent[-1]])
    assert code == 1
    assert lines[-1] == "GAP     book main: 1000 follows 1000, the last one seen is 998"
