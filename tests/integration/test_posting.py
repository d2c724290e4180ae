"""Posting from a real Kafka into a real PostgreSQL: once, whatever is killed, frozen, repeated or garbage."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Message, Producer

from contraflow.embedded import PairAddresses
from ledger.accounts import load_chart
from ledger.facts import encode_fact
from ledger.rules import load_rules
from ledger.store import Store
from ledger.verification import verify_ledger
from streams.errors import OffsetGone
from streams.kafka import KafkaConfig, producer
from streams.posting import PostingConfig, _Session, run_posting
from streams.topics import INPUT_TOPICS, ensure_topics
from streams.writer import Writer
from tests.unit.ledger.builders import payment

ROOT = Path(__file__).parents[2]


class Site:
    """One installation: topics, store and posting processes."""

    def __init__(self, pair: PairAddresses, dsn: str, prefix: str) -> None:
        self.kafka = KafkaConfig(pair.bootstrap_servers, topic_prefix=prefix, partitions=2, replication_factor=1)
        self.dsn = dsn
        ensure_topics(self.kafka, INPUT_TOPICS)
        with Store.open(dsn):
            pass
        self.producer: Producer = producer(self.kafka, "test")

    def tell(self, numbers: range, book: str = "main") -> None:
        for number in numbers:
            self.send(encode_fact(payment(number)), book)
        assert self.producer.flush(30) == 0

    def send(self, value: bytes, book: str = "main", source: str = "facts", **headers: str) -> None:
        self.producer.produce(
            self.kafka.topic(f"inbound.{source}"),
            key=book.encode(),
            value=value,
            headers=[(name, text.encode()) for name, text in headers.items()],
        )
        self.producer.poll(0)

    @contextmanager
    def posting(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.integration.posting_process",
                self.kafka.bootstrap_servers,
                self.dsn,
                self.kafka.topic_prefix,
            ],
            cwd=ROOT,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def count(self, type_name: str = "EntryPosted", book: str = "main") -> int:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(
                "SELECT count(*) FROM ledger.events JOIN ledger.books USING (book_id) WHERE type = %s AND book = %s",
                (type_name, book),
            ).fetchone()
        assert row is not None
        return int(row[0])

    def count_payments(self, numbers: range) -> int:
        """How many of the payments that `tell` tells are posted."""
        keys = [payment(number).key for number in numbers]
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(
                "SELECT count(*) FROM ledger.events"
                " WHERE type = 'EntryPosted' AND body::json #>> '{fact,key}' = ANY(%s)",
                (keys,),
            ).fetchone()
        assert row is not None
        return int(row[0])

    def settled(self, check: Callable[[], bool], wait_s: float = 60) -> None:
        deadline = time.monotonic() + wait_s
        while not check():
            assert time.monotonic() < deadline, "not settled in time"
            time.sleep(0.05)

    def assert_sound(self, payments: int, book: str = "main") -> None:
        with Store.open(self.dsn) as store:
            assert [finding for report in verify_ledger(store.connection) for finding in report.findings] == []
            loaded = store.load(book)
        expected = sum(1000 for _ in range(payments))
        assert loaded.balances["1000", "USD"] == [expected, 0]
        assert loaded.balances["7000", "USD"] == [0, expected]


@pytest.fixture
def site(pair: PairAddresses, postgres_dsn: str, topic_prefix: str) -> Site:
    return Site(pair, postgres_dsn, topic_prefix)


def test_facts_told_twice_are_posted_once_and_garbage_stops_nobody(site: Site) -> None:
    site.tell(range(300))
    site.send(b"\xff not a fact")
    site.send(b"{}", book="bad book/name")
    site.send(b"[3]", source="commands")
    site.producer.produce(site.kafka.topic("inbound.facts"), b"{}", b"main", headers=[("source", b"nobody")])
    site.send(b'{"id":1}', source="stripe", digest="zz")
    site.tell(range(300))
    site.tell(range(300, 320))
    with site.posting():
        site.settled(lambda: site.count() == 320)
        site.tell(range(5), book="other")
        site.settled(lambda: site.count(book="other") == 5)
    site.assert_sound(320)
    with psycopg.connect(site.dsn) as connection:
        codes = {row[0] for row in connection.execute("SELECT code FROM ledger.dead_letters")}
    assert len(codes) >= 3, codes
    assert {"book_malformed", "header_malformed", "source_unknown", "command_malformed"} <= codes


def test_killed_again_and_again_nothing_is_lost_or_doubled(site: Site) -> None:
    site.tell(range(2000))
    for round_number in range(3):
        with site.posting() as process:
            before = site.count()
            site.settled(lambda before=before: site.count() > before)  # type: ignore[misc]
            process.kill()
            process.wait()
        site.tell(range(2000 + round_number * 300, 2300 + round_number * 300))
    with site.posting():
        site.settled(lambda: site.count() == 2900, 90)
    site.assert_sound(2900)


def test_a_writer_frozen_over_a_takeover_is_fenced_when_it_wakes(site: Site) -> None:
    site.tell(range(100))
    with site.posting() as first:
        site.settled(lambda: site.count() == 100)
        first.send_signal(signal.SIGSTOP)
        site.tell(range(100, 400))
        with site.posting() as second:
            site.settled(lambda: site.count() == 400)
            first.send_signal(signal.SIGCONT)
            site.tell(range(400, 600))
            site.settled(lambda: site.count() == 600)
            assert second.poll() is None
            assert first.poll() is None, "being fenced is no failure"
            site.tell(range(600, 700))
            site.settled(lambda: site.count() == 700)
    site.assert_sound(700)


def test_two_writers_share_the_books_by_partition(site: Site) -> None:
    with site.posting(), site.posting():
        for book in ("main", "b1", "b2", "b3"):
            site.tell(range(50), book)
        for book in ("main", "b1", "b2", "b3"):
            site.settled(lambda book=book: site.count(book=book) == 50)  # type: ignore[misc]
    for book in ("main", "b1", "b2", "b3"):
        site.assert_sound(50, book)


def test_the_connection_to_the_store_is_cut(site: Site) -> None:
    site.tell(range(500))
    with site.posting() as process:
        site.settled(lambda: site.count() >= 100)
        with psycopg.connect(site.dsn, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'contraflow-writer'"
                " AND datname = current_database()"
            )
        site.tell(range(500, 600))
        process.wait(60)
        assert process.returncode != 0
    with site.posting():
        site.settled(lambda: site.count() == 600)
    site.assert_sound(600)


def test_an_offset_that_kafka_no_longer_has_stops_the_writer(site: Site) -> None:
    site.tell(range(3))
    with psycopg.connect(site.dsn) as connection:
        for partition in range(2):
            connection.execute(
                "INSERT INTO ledger.input_offsets VALUES (%s, %s, 999)", (site.kafka.topic("inbound.facts"), partition)
            )
    config = PostingConfig(kafka=site.kafka, postgres=site.dsn, chart=load_chart(), rules=load_rules())
    with pytest.raises(OffsetGone, match="input_offsets"):
        run_posting(config, threading.Event())
    assert site.count() == 0


class _Interrupted:
    """A consumer whose group rebalances once between a record and the rest of its batch."""

    def __init__(self, session: _Session) -> None:
        self.session, self.consumer = session, session._consumer
        self.done = False

    def poll(self, wait_s: float) -> Message | None:
        return self.consumer.poll(wait_s)

    def consume(self, records_max: int, timeout: float) -> list[Message]:
        if not self.done:
            self.done = True
            mine = self.consumer.assignment()
            self.session._revoke(self.consumer, mine)
            self.session._assign(self.consumer, mine)
        return self.consumer.consume(records_max, timeout=timeout)


def test_a_record_polled_before_a_rebalance_is_read_again_and_not_counted(site: Site) -> None:
    site.tell(range(3))
    config = PostingConfig(site.kafka, site.dsn, load_chart(), load_rules())
    with Writer(site.dsn, chart=config.chart, rules=config.rules) as writer:
        session = _Session(config, writer)
        consumer = session._consumer
        consumer.subscribe([site.kafka.topic("inbound.facts")], on_assign=session._assign, on_revoke=session._revoke)
        session._consumer = _Interrupted(session)  # type: ignore[assignment]
        read: list[int | None] = []
        deadline = time.monotonic() + 30
        while len(read) < 3 and time.monotonic() < deadline:
            read += [message.offset() for message in session._poll()]
        consumer.close()
    assert read == [0, 1, 2]
