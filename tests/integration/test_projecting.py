"""Projecting from a real Kafka into a real PostgreSQL: nothing lost, nothing doubled, whatever is killed or told."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from contraflow.embedded import PairAddresses
from projections.projection import PROJECTIONS, Projection
from streams.kafka import KafkaConfig, admin
from streams.partitioner import partition_of
from streams.topics import TOPICS, ensure_topics
from tests.integration.journal_stage import TOPIC, Stage, fold_anew, journal_record, rows_of
from tests.integration.told_projection import Told

ROOT = Path(__file__).parents[2]
ALL: dict[str, Projection] = {**PROJECTIONS, "told": Told()}
# With two partitions these two books fall apart.
BOOKS = ("main", next(name for name in ("a", "b", "c", "d") if partition_of(name, 2) != partition_of("main", 2)))


class Site(Stage):
    """A stage with projecting processes in front of it."""

    def __init__(self, pair: PairAddresses, dsn: str, prefix: str, logs: Path) -> None:
        kafka = KafkaConfig(pair.bootstrap_servers, topic_prefix=prefix, partitions=2, replication_factor=1)
        ensure_topics(kafka, [topic for topic in TOPICS if topic.name == TOPIC])
        super().__init__(kafka, dsn, BOOKS)
        self.connection = psycopg.connect(dsn, autocommit=True)
        self.admin = admin(kafka)  # its answers come only while it lives
        self.logs = logs
        self.started = 0

    @contextmanager
    def projecting(self, told: dict[str, Any] | None = None, **config: Any) -> Iterator["Worker"]:
        self.started += 1
        log = self.logs / f"{self.started}.log"
        config.setdefault("projections", tuple(ALL))
        order = {
            "bootstrap": self.kafka.bootstrap_servers,
            "prefix": self.kafka.topic_prefix,
            "dsn": self.dsn,
            "told": told or {},
            "config": config,
        }
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.projecting_process", json.dumps(order)],
                cwd=ROOT,
                stderr=file,
            )
        try:
            yield Worker(process, log)
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
            print(log.read_text())

    def position(self, projection: str, book: str = "main") -> int:
        try:
            row = self.connection.execute(
                f"SELECT position FROM {projection}.position WHERE book = %s", (book,)
            ).fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
        return int(row[0]) if row is not None else 0

    def reached(self, projections: Any = ALL, wait_s: float = 40) -> None:
        """Wait until every projection stands at the head of every book."""
        settled(
            lambda: all(
                self.position(name, book) == self.books[book].version for name in projections for book in BOOKS
            ),
            wait_s,
        )

    def assert_equal_to_a_fold(self) -> None:
        """Every projection has the rows of a fold of the store; the bodies it was told are those of the store."""
        for name, projection in ALL.items():
            assert rows_of(self.connection, name) == fold_anew(self.connection, projection, f"{name}_anew"), name
        unlike = self.connection.execute(
            "SELECT count(*) FROM told.told FULL JOIN (SELECT * FROM ledger.events JOIN ledger.books USING (book_id)) e"
            " ON (told.book, told.position, told.body) = (e.book, e.position, e.body)"
            " WHERE told.book IS NULL OR e.book IS NULL"
        ).fetchone()
        assert unlike == (0,)

    def committed(self, group: str = "contraflow-projecting") -> dict[int, int]:
        """The group's offset in Kafka by partition, -1001 for none."""
        partitions = [TopicPartition(self.kafka.topic(TOPIC), number) for number in range(2)]
        request = ConsumerGroupTopicPartitions(self.kafka.topic_prefix + group, partitions)
        (future,) = self.admin.list_consumer_group_offsets([request]).values()
        return {at.partition: at.offset for at in future.result(10).topic_partitions}

    def members(self, group: str = "contraflow-projecting") -> dict[str, set[int]]:
        """The partitions of each member of the group, as the broker sees it."""
        (future,) = self.admin.describe_consumer_groups([self.kafka.topic_prefix + group]).values()
        return {
            member.member_id: {at.partition for at in member.assignment.topic_partitions}
            for member in future.result(10).members
            if member.assignment is not None
        }


class Worker:
    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ask it to stop and expect 0; returns how long it took, in seconds."""
        started = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(20) == 0, self.log.read_text()
        return time.monotonic() - started

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def fails(self) -> str:
        """Expect it to end with 1; returns what it logged."""
        assert self.process.wait(30) == 1, self.log.read_text()
        return self.log.read_text()


def settled(check: Callable[[], bool], wait_s: float = 40) -> None:
    deadline = time.monotonic() + wait_s
    while not check():
        assert time.monotonic() < deadline, "not settled in time"
        time.sleep(0.05)


@pytest.fixture
def site(pair: PairAddresses, postgres_dsn: str, topic_prefix: str, tmp_path: Path) -> Iterator[Site]:
    site = Site(pair, postgres_dsn, topic_prefix, tmp_path)
    try:
        yield site
    finally:
        site.connection.close()
        site.close()


def test_what_was_posted_before_and_meanwhile_is_projected(site: Site) -> None:
    site.post("main", 700)  # never told: the catch-up's part
    with site.projecting() as worker:
        site.reached()
        for book in BOOKS:
            site.tell(book, *site.post(book, 900), per_record=120)
        site.reached()
        assert worker.stop() < 4
    site.assert_equal_to_a_fold()
    # What was acknowledged is committed on the way out: 8 records of each book.
    assert set(site.committed().values()) == {8}


def test_records_are_folded_as_they_come_and_not_only_at_the_next_look(site: Site) -> None:
    with site.projecting(look_every_s=600):
        site.reached()
        # One that is there proves that the consumer reads; the catch-up of an assignment may have taken it.
        site.tell("main", *site.post("main", 1))
        site.reached()
        for _ in range(5):
            site.tell("main", *site.post("main", 3))
            site.reached(wait_s=5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_promptly_in_the_middle_of_a_slow_transaction(site: Site, number: signal.Signals) -> None:
    site.post("main", 10)
    with site.projecting(told={"first_sleep_s": 60}, stop_wait_s=1) as worker:
        settled(lambda: site.position("balances") == site.books["main"].version)
        assert worker.stop(number) < 4
    assert site.position("told") == 0
    with site.projecting():
        site.reached()
    site.assert_equal_to_a_fold()


def test_sigkill_in_the_middle_loses_and_doubles_nothing(site: Site) -> None:
    first, last = site.post("main", 6000)
    with site.projecting(told={"sleep_s": 0.05}) as worker:
        site.reached(["balances"], 30)  # nothing was told yet: this is the catch-up
        site.tell("main", first, last, per_record=50)
        for _ in range(3):
            first, last = site.post("main", 2000)
            site.tell("main", first, last, per_record=50)
        settled(lambda: site.position("told") > 6500)
        worker.kill()
    assert site.position("told") < last, "it was killed too late to prove anything"
    with site.projecting(look_every_s=600):
        site.reached()
    site.assert_equal_to_a_fold()


def test_two_workers_share_the_books_and_one_takes_over_from_a_killed_one(site: Site) -> None:
    with site.projecting(told={"sleep_s": 0.02}) as first:
        site.reached()
        settled(lambda: list(site.members().values()) == [{0, 1}])
        for book in BOOKS:
            site.tell(book, *site.post(book, 3000), per_record=20)
        with site.projecting(told={"sleep_s": 0.02}) as second:  # joins while batches are in flight
            settled(lambda: sorted(map(sorted, site.members().values())) == [[0], [1]])
            for book in BOOKS:
                site.tell(book, *site.post(book, 3000), per_record=20)
            settled(lambda: min(site.position("told", book) for book in BOOKS) > 3000)
            second.kill()
            killed = time.monotonic()
            for book in BOOKS:
                site.tell(book, *site.post(book, 500), per_record=20)
            site.reached()
            assert time.monotonic() - killed < 25, "a dead worker's partitions are free after its session, 8 s"
        settled(lambda: list(site.members().values()) == [{0, 1}])
        first.stop()
    site.assert_equal_to_a_fold()


def test_repeated_and_reordered_records_change_nothing(site: Site) -> None:
    first, last = site.post("main", 1000)
    events = site.events("main", first, last)
    records = [journal_record(events[start : start + 30]) for start in range(0, len(events), 30)]
    # Overlapping cuts, as a publisher sends them that resumed elsewhere.
    records += [journal_record(events[start : start + 70]) for start in range(15, len(events), 70)]
    with site.projecting(look_every_s=600) as worker:
        site.reached()
        first, last = site.post("main", 500)
        more = site.events("main", first, last)
        records += [journal_record(more[start : start + 10]) for start in range(0, len(more), 10)]
        for record in [*records[::-1], *records, *records[::3]]:
            site.send("main", record)
        site.flush()
        site.reached()
        worker.stop()
    site.assert_equal_to_a_fold()


def test_a_gap_in_the_topic_is_read_from_the_store(site: Site) -> None:
    with site.projecting(look_every_s=600):
        site.reached()
        site.tell("main", *site.post("main", 1))
        site.reached()
        for hole in (1, 400, 12_000):
            site.post("main", hole)  # never told
            site.tell("main", *site.post("main", 5))
            site.reached()
    site.assert_equal_to_a_fold()


def test_a_lost_last_record_is_noticed_without_another_one(site: Site) -> None:
    with site.projecting(look_every_s=0.5):
        site.reached()
        site.tell("main", *site.post("main", 1))
        site.reached()
        for book in BOOKS:
            site.post(book, 20)
        site.reached(wait_s=10)
    site.assert_equal_to_a_fold()


def _hole(site: Site) -> bytes:
    first, last = site.post("main", 3)
    events = site.events("main", first, last)
    return journal_record([events[0], events[2]])


def _invented(site: Site, position: int) -> bytes:
    return (
        b'{"book":"main","first":%d,"last":%d,"events":'
        b'[{"position":%d,"type":"FactObserved","recorded_at_us":1,"body":{}}]}' % (position, position, position)
    )


@pytest.mark.parametrize(
    ("poison", "said"),
    [
        (lambda _: b"\x00garbage", "cannot be read"),
        (lambda _: None, "no value"),
        (lambda site: journal_record(site.events(BOOKS[1], 1, 1)), "its key is"),
        (_hole, "that are not these"),
        (lambda site: _invented(site, site.books["main"].version + 100), "the store ends at"),
    ],
    ids=["garbage", "tombstone", "key of another book", "hole", "ahead of the store"],
)
def test_what_we_would_never_write_stops_the_process_loudly(
    site: Site, poison: Callable[[Site], bytes | None], said: str
) -> None:
    with site.projecting(projections=("balances",)) as worker:
        site.reached(["balances"])
        site.tell("main", *site.post("main", 5))
        site.reached(["balances"])
        site.send("main", poison(site), partition_of("main", 2))
        site.flush()
        log = worker.fails()
    assert said in log
    assert site.committed("contraflow-projecting-balances")[partition_of("main", 2)] <= 1, "the poison is behind us"
    # A restart fails again, and still takes what the store has first.
    site.post("main", 5)
    with site.projecting(projections=("balances",)) as worker:
        assert said in worker.fails()
    assert site.position("balances") == site.books["main"].version


def test_an_error_in_a_fold_ends_the_process_and_a_restart_repairs_it(site: Site) -> None:
    with site.projecting(told={"fails_at": 40}) as worker:
        settled(lambda: site.position("told") == 1)
        site.tell("main", *site.post("main", 20))
        settled(lambda: site.position("told") == 21)
        site.tell("main", *site.post("main", 30), per_record=5)
        log = worker.fails()
    assert "told to fail at 40" in log
    assert site.position("told") < 40
    # Two records are folded at most by `told`, and Kafka's offset follows the slowest.
    assert site.committed()[partition_of("main", 2)] <= 5
    with site.projecting():
        site.reached()
    site.assert_equal_to_a_fold()


def test_a_slow_projection_holds_back_neither_the_others_nor_the_heartbeats(site: Site) -> None:
    site.post("main", 10)
    with site.projecting(told={"first_sleep_s": 9.5}, waiting_bytes_max=20_000, look_every_s=600) as worker:
        site.reached(PROJECTIONS)
        started = time.monotonic()
        members = site.members()
        while time.monotonic() - started < 8.5:
            site.tell("main", *site.post("main", 50), per_record=5)
            site.reached(PROJECTIONS, wait_s=3)
        assert site.position("told") == 0, "it was meant to be slow"
        assert site.members() == members and len(members) == 1, "the session was lost"
        site.reached()  # what was let go meanwhile comes from the store
        assert "read from the store instead" in worker.log.read_text()
        site.tell("main", *site.post("main", 5))
        site.reached(wait_s=5)
        worker.stop()
    site.assert_equal_to_a_fold()
    assert site.committed()[partition_of("main", 2)] > 100


@pytest.mark.chaos
def test_a_frozen_worker_that_wakes_after_the_takeover_does_no_harm(site: Site) -> None:
    with site.projecting(told={"sleep_s": 0.2}) as frozen:
        site.reached()
        for book in BOOKS:
            site.tell(book, *site.post(book, 2000), per_record=20)
        settled(lambda: site.position("told") > 100)
        frozen.process.send_signal(signal.SIGSTOP)
        with site.projecting() as other:
            site.reached(wait_s=60)
            frozen.process.send_signal(signal.SIGCONT)
            for book in BOOKS:
                site.tell(book, *site.post(book, 500), per_record=20)
            site.reached()
            other.stop()
    site.assert_equal_to_a_fold()
