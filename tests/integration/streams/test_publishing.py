"""Publishing may repeat and never skips, whoever is killed when; what it sends is a function of the store."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from contraflow.embedded import PairAddresses
from ledger.batch import DeadLetter
from ledger.journal import read_events
from ledger.store import Store
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas
from streams.errors import PublishedAhead
from streams.journal_record import decode_journal_record
from streams.kafka import KafkaConfig
from streams.partitioner import partition_of
from streams.publishing import STREAMS, PublishingConfig
from streams.topics import ensure_topics
from tests.integration.streams.publisher import EVENT_TOPICS, Books, all_sent, published, publishing, wait_until
from tests.integration.streams.topic_reader import Seen, read_topic
from tests.unit.ledger.builders import NOW_US, payment, refund, settlement


@pytest.fixture
def kafka(pair: PairAddresses, topic_prefix: str) -> KafkaConfig:
    kafka = KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=3)
    ensure_topics(kafka)
    return kafka


@pytest.fixture
def store(postgres_dsn: str) -> Iterator[Store]:
    with Store.open(postgres_dsn) as store:
        yield store


def check_headers(record: Seen, config: KafkaConfig) -> None:
    assert record.headers["content_hash"] == sha256(record.value).hexdigest()
    assert record.partition == partition_of(record.headers["book"], config.partitions)
    assert record.headers["event_id"].startswith(f"{record.headers['book']}/")


def check_chain(records: list[Seen]) -> None:
    """Each record of a book names the one before it; `records` without repeats."""
    last: dict[str, int] = {}
    for record in records:
        position, previous = record.chain
        assert previous == last.get(record.headers["book"], 0)
        if record.headers["type"] != "manifest":
            assert position > previous
            last[record.headers["book"]] = position


def test_what_is_sent_is_what_is_stored(store: Store, postgres_dsn: str, kafka: KafkaConfig) -> None:
    books = Books(store)
    config = PublishingConfig(kafka, postgres_dsn)
    first = books.post("main", *(payment(n) for n in range(700)), settlement(1, 1000, 30))
    with publishing(config):
        wait_until(all_sent(postgres_dsn, main=first))
        other = books.post("other", payment(1), refund(1, 100), refund(2, 5, "failed"))
        head = books.post("main", payment(1, delivery="evt_again"), *(payment(n) for n in range(700, 1500)))
        wait_until(all_sent(postgres_dsn, main=head, other=other))
    journal = read_topic(kafka, "ledger.journal")
    with psycopg.connect(postgres_dsn) as connection:
        for book in ("main", "other"):
            told = [
                event
                for record in journal
                if record.key == book.encode()
                for event in decode_journal_record(record.value, record.key)
            ]
            assert told == read_events(connection, book)
    for record in journal:
        batch = json.loads(record.value)
        check_headers(record, kafka)
        assert record.headers["type"] == "journal_batch"
        assert (batch["first"], batch["last"]) == (int(record.headers["first"]), int(record.headers["last"]))
        assert record.chain == (batch["last"], batch["first"] - 1)
        assert len(batch["events"]) <= 500
    check_chain(journal)

    entries = read_topic(kafka, "ledger.entries")
    check_chain(entries)
    posted = [json.loads(record.value) for record in entries if record.headers["type"] == "entry"]
    assert len([entry for entry in posted if entry["book"] == "main"]) == 1501
    assert posted[0]["lines"] in ([["1000", "debit", "1000", "USD"], ["7000", "credit", "1000", "USD"]],)
    assert posted[0]["effective_at"] == "2026-01-05T10:00:00Z"
    (manifest,) = [record for record in entries if record.headers["type"] == "manifest"]
    covered = [
        r for r in entries if r.headers["type"] == "entry" and r.headers["book"] == "main" and r.chain[0] <= 1000
    ]
    chained = bytes(32)
    for record in covered:
        chained = sha256(chained + bytes.fromhex(record.headers["content_hash"])).digest()
    assert json.loads(manifest.value) == {
        "book": "main",
        "first": 1,
        "last": 1000,
        "recorded_at": "2026-01-05T10:00:00Z",
        "entries": len(covered),
        "debits": {"USD": str(sum(int(line[2]) for r in covered for line in json.loads(r.value)["lines"][:1]))},
        "hash": chained.hex(),
    }
    assert manifest.headers["event_id"] == "main/1000/manifest"

    facts = read_topic(kafka, "payments.facts")
    check_chain(facts)
    told_facts = [json.loads(record.value) for record in facts]
    assert {fact["fact"]["type"] for fact in told_facts} == {"payment.succeeded", "refund.succeeded"}
    (again,) = [fact for fact in told_facts if fact["decision"] == "repeated"]
    assert (again["fact"]["delivery"], again["of"]) == ("evt_again", 3)
    for record in [*entries, *facts]:
        check_headers(record, kafka)


KILLED = """
import os, signal, sys, threading
from streams.kafka import KafkaConfig
from streams.publishing import Publisher, PublishingConfig, run_publishing

def die(self, moved):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[4] == "die":
    Publisher._acknowledged = die  # Kafka has the records; the position is not stored yet
run_publishing(
    PublishingConfig(KafkaConfig(sys.argv[1], topic_prefix=sys.argv[2], partitions=3), sys.argv[3]), threading.Event()
)
"""


def start_publisher(kafka: KafkaConfig, dsn: str, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, kafka.bootstrap_servers, kafka.topic_prefix, dsn, how],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.DEVNULL,
    )


def test_killed_between_sending_and_storing_it_repeats_and_never_skips(
    store: Store, postgres_dsn: str, kafka: KafkaConfig
) -> None:
    books = Books(store)
    first = books.post("main", *(payment(n) for n in range(20)))
    with publishing(PublishingConfig(kafka, postgres_dsn)):
        wait_until(all_sent(postgres_dsn, main=first))
    before = published(postgres_dsn)
    head = books.post("main", *(payment(n) for n in range(20, 1200)))
    dying = start_publisher(kafka, postgres_dsn, "die")
    assert dying.wait(timeout=30) == -signal.SIGKILL
    assert published(postgres_dsn) == before
    cut = {topic: read_topic(kafka, topic) for topic in EVENT_TOPICS}
    assert all(records[-1].chain[0] > first for records in cut.values()), "it died before it sent anything"
    with publishing(PublishingConfig(kafka, postgres_dsn)):
        wait_until(all_sent(postgres_dsn, main=head))
    for topic in EVENT_TOPICS:
        records = read_topic(kafka, topic)
        sent_twice = records[: len(cut[topic])]
        assert sent_twice == cut[topic]
        repeated = [record for record in cut[topic] if record.chain[0] > first]
        again = records[len(cut[topic]) :]
        assert again[: len(repeated)] == repeated, f"{topic}: a repeat differs from what was sent before"
        check_chain([record for record in sent_twice if record.chain[0] <= first] + again)
        assert again[-1].chain[0] == head


def test_of_two_publishers_one_stands_by_and_takes_over(store: Store, postgres_dsn: str, kafka: KafkaConfig) -> None:
    books = Books(store)
    head = books.post("main", payment(1))
    working = start_publisher(kafka, postgres_dsn, "live")
    try:
        wait_until(all_sent(postgres_dsn, main=head))
        with publishing(PublishingConfig(kafka, postgres_dsn)):
            for n in range(2, 40):
                head = books.post("main", payment(n))
            wait_until(all_sent(postgres_dsn, main=head))
            for topic in EVENT_TOPICS:
                check_chain(read_topic(kafka, topic))  # no repeat: nobody else sent
            os.kill(working.pid, signal.SIGKILL)
            for n in range(40, 80):
                head = books.post("main", payment(n))
            wait_until(all_sent(postgres_dsn, main=head))
    finally:
        working.kill()
        working.wait(timeout=10)
    for topic in EVENT_TOPICS:
        seen: dict[int, Seen] = {}
        for record in read_topic(kafka, topic):
            position, previous = record.chain
            assert previous == 0 or previous <= max(seen), f"{topic}: a gap before {position}"
            seen[position] = record
        assert max(seen) == head


def test_a_notification_is_answered_within_milliseconds(store: Store, postgres_dsn: str, kafka: KafkaConfig) -> None:
    books = Books(store)
    head = books.post("main", payment(0))
    with publishing(PublishingConfig(kafka, postgres_dsn)):
        wait_until(all_sent(postgres_dsn, main=head))
        waits_s = []
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            for n in range(1, 30):
                head = books.post("main", payment(n))
                committed_s = time.monotonic()
                while time.monotonic() - committed_s < 5:
                    row = connection.execute(
                        "SELECT min(position) FROM ledger.publications WHERE stream = ANY(%s)", (list(EVENT_TOPICS),)
                    ).fetchone()
                    if row is not None and row[0] == head:
                        break
                waits_s.append(time.monotonic() - committed_s)
        # Far below the poll of one second: it was the notification that woke it. The usual figure is below 10 ms.
        assert sorted(waits_s)[len(waits_s) // 2] < 0.2, waits_s
    print(f"sent, acknowledged and stored after {sorted(waits_s)[len(waits_s) // 2] * 1000:.1f} ms (median)")


def test_single_streams_can_be_switched_off_and_catch_up_later(
    store: Store, postgres_dsn: str, kafka: KafkaConfig
) -> None:
    books = Books(store)
    head = books.post("main", *(payment(n) for n in range(5)))
    with publishing(PublishingConfig(kafka, postgres_dsn, streams=["ledger.journal"])):
        wait_until(all_sent(postgres_dsn, streams=("ledger.journal",), main=head))
    assert published(postgres_dsn) == {("ledger.journal", "main"): head}
    assert read_topic(kafka, "ledger.entries") == []
    with publishing(PublishingConfig(kafka, postgres_dsn)):
        wait_until(all_sent(postgres_dsn, main=head))
    assert len(read_topic(kafka, "ledger.entries")) == 5
    check_chain(read_topic(kafka, "ledger.journal"))
    with pytest.raises(ValueError, match=r"streams ledger\.jurnal do not exist"):
        PublishingConfig(kafka, postgres_dsn, streams=["ledger.jurnal"])


def test_a_store_that_went_back_in_time_stops_it(store: Store, postgres_dsn: str, kafka: KafkaConfig) -> None:
    head = Books(store).post("main", payment(1))
    with publishing(PublishingConfig(kafka, postgres_dsn)):
        wait_until(all_sent(postgres_dsn, main=head))
    store.connection.execute("UPDATE ledger.books SET head = head - 1")
    with (
        pytest.raises(PublishedAhead, match=rf"sent up to {head}, the store ends at {head - 1}"),
        publishing(PublishingConfig(kafka, postgres_dsn)),
    ):
        time.sleep(2)


def letter(number: int, body: bytes, book: str = "main") -> DeadLetter:
    return DeadLetter(
        book=book,
        source="stripe",
        account="acct_1",
        topic="inbound.stripe",
        partition=1,
        record_offset=number,
        digest=sha256(body).digest(),
        code="not_json",
        detail="not JSON",
        context={"payout": "po_1"},
        body=body,
        attempts=1,
        at_us=NOW_US,
    )


def test_dead_letters_are_sent_once_with_their_reason(store: Store, postgres_dsn: str, kafka: KafkaConfig) -> None:
    bodies = [b"{", b"\xff\xfe", "¡".encode() * 10, b"\x01" * 1_000_000]
    store.append([], dead_letters=[letter(n, body) for n, body in enumerate(bodies)])
    store.append([], dead_letters=[letter(9, b"x", "other")])
    for _ in range(2):  # the second run finds nothing to send
        with publishing(PublishingConfig(kafka, postgres_dsn)):
            wait_until(
                lambda: (
                    store.connection.execute("SELECT count(*) FROM ledger.dead_letters WHERE NOT published").fetchone()
                    == (0,)
                )
            )
    records = read_topic(kafka, "inbound.dead")
    assert len(records) == 5
    check_chain(records)
    mine = [json.loads(record.value) for record in records if record.key == b"main"]
    assert [(m["body_encoding"], m["body"]) for m in mine] == [
        ("utf-8", "{"),
        ("base64", "//4="),
        ("utf-8", "¡" * 10),
        ("omitted", ""),
    ]
    assert mine[3]["body_bytes"] == 1_000_000
    assert mine[0]["at"] == "2026-01-05T10:00:00Z"
    headers = next(record.headers for record in records if record.key == b"main")
    assert (headers["code"], headers["origin"], headers["attempts"]) == ("not_json", "inbound.stripe/1/0", "1")
    assert headers["type"] == "dead_letter"


def test_compacted_topics_end_as_the_projections_stand(store: Store, postgres_dsn: str, kafka: KafkaConfig) -> None:
    books = Books(store)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:

        def project() -> None:
            for projection in PROJECTIONS.values():
                for book in store.books():
                    catch_up(connection, projection, book, JournalReader(connection))

        ensure_schemas(connection)
        with publishing(PublishingConfig(kafka, postgres_dsn)):
            for n in range(6):
                books.post("main", payment(n), settlement(n, 1000, 30))
                books.post("other", payment(n, currency="JPY"))
                project()
            head = books.post("main", refund(1, 100))
            project()
            wait_until(all_sent(postgres_dsn, streams=("balances", "payments.status"), main=head))
        rows = connection.execute("SELECT book, account, currency, debits, credits, position FROM balances.balance")
        stand = {
            f"{book}/{account}/{currency}": (str(debits), str(credits), str(debits - credits), position)
            for book, account, currency, debits, credits, position in rows
        }
    balances = read_topic(kafka, "balances")
    latest = {record.key.decode(): json.loads(record.value) for record in balances}
    assert {
        key: (row["debits"], row["credits"], row["balance"], row["position"]) for key, row in latest.items()
    } == stand
    assert {row["exponent"] for row in latest.values()} == {0, 2}
    assert [row["position"] for row in latest.values()] == [
        int(record.headers["position"]) for record in {record.key: record for record in balances}.values()
    ]
    statuses = {record.key.decode(): json.loads(record.value) for record in read_topic(kafka, "payments.status")}
    assert statuses["main/pi_1"]["status"] == "partially_refunded"
    assert statuses["main/pi_1"]["position"] == head
    for record in balances:
        check_headers(record, kafka)


def test_without_kafka_it_waits_and_stops_when_told(
    store: Store, postgres_dsn: str, free_port: Callable[[], int]
) -> None:
    Books(store).post("main", payment(1))
    started_s = time.monotonic()
    with publishing(PublishingConfig(KafkaConfig(f"127.0.0.1:{free_port()}"), postgres_dsn)):
        time.sleep(2)
    assert time.monotonic() - started_s < 15
    assert published(postgres_dsn) == {}


def test_streams_are_the_output_topics() -> None:
    from streams.topics import OUTPUT_TOPICS

    assert set(STREAMS) == {topic.name for topic in OUTPUT_TOPICS}
