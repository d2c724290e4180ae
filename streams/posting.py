"""Posting: from the inbound topics into the books, one batch at a time.

The process owns the books of the partitions it was assigned. All inputs have the same number of partitions and the
range assignor, so one consumer owns a book. On assignment it takes those books (which fences whoever had them), and
goes on at the offsets that PostgreSQL has stored; Kafka's own committed offsets are only hints for people who look at
lag. A stored offset that Kafka no longer has stops the writer: it never skips (law 4).

A batch is whatever has arrived: one record when idle, thousands under load, so latency stays low and throughput rises.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from ledger.accounts import Chart
from ledger.errors import Fenced
from ledger.rules import RuleSet
from streams.arrival import Arrival, portions
from streams.errors import OffsetGone, Stop
from streams.kafka import KafkaConfig, consumer
from streams.partitioner import partition_of
from streams.topics import INPUT_TOPICS
from streams.writer import Writer

GROUP: Final = "contraflow-posting"
IDLE_POLL_S: Final = 0.5
FENCED_PAUSE_S: Final = 1.0
HINT_EVERY_S: Final = 2.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PostingConfig:
    """What posting needs.

    Attributes:
        postgres: connection string of the event store.
        chart, rules: what new books are opened with.
        batch_records_max: a transaction never holds more inbound records than this.
    """

    kafka: KafkaConfig
    postgres: str = field(repr=False)
    chart: Chart
    rules: RuleSet
    batch_records_max: int = 2_000


def run_posting(config: PostingConfig, stop: threading.Event) -> None:
    """Post until `stop` is set.

    Being fenced is no failure: somebody else has the books now, so this process forgets them and joins the group anew.

    Raises:
        OffsetGone: Kafka no longer has what comes next; going on would skip it.
        psycopg.Error: the store cannot be reached or refused a batch; start the process again.
        ledger.errors.BrokenLaw: the stored history contradicts itself; somebody has to look.
    """
    with Writer(config.postgres, chart=config.chart, rules=config.rules) as writer:
        while not stop.is_set():
            try:
                _Session(config, writer).run(stop)
            except Fenced as fenced:
                _log.warning("fenced, joining the group anew", reason=str(fenced))
                writer.discard()
                stop.wait(FENCED_PAUSE_S)


class _Session:
    """One membership in the consumer group."""

    def __init__(self, config: PostingConfig, writer: Writer) -> None:
        self._config = config
        self._writer = writer
        self._hints: dict[tuple[str, int], int] = {}
        self._hinted_at_s = 0.0
        self._rebalances = 0
        self._consumer = consumer(config.kafka, GROUP, "contraflow-posting", offset_reset="error")

    def run(self, stop: threading.Event) -> None:
        topics = [self._config.kafka.topic(topic.name) for topic in INPUT_TOPICS]
        self._consumer.subscribe(topics, on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke)
        try:
            while not stop.is_set():
                arrivals = [Arrival.of(message, self._config.kafka.partitions) for message in self._poll()]
                if arrivals:
                    for portion in portions(arrivals):
                        self._write(portion)
                elif self._writer.idle:
                    self._writer.flush()
                    self._hint()
            self._writer.flush()
        finally:
            # Closing revokes, and revoking discards: the next owner starts from what is stored.
            self._consumer.close()

    def _poll(self) -> list[Message]:
        """What has arrived, at once when something is in flight, otherwise waiting a little for the first record."""
        wait_s = IDLE_POLL_S if self._writer.idle else 0.001
        first = self._consumer.poll(wait_s)
        if first is None:
            return []
        rebalances = self._rebalances
        more = self._consumer.consume(self._config.batch_records_max - 1, timeout=0)
        # A rebalance within `consume` made `first` somebody else's, or ours again from the stored offset on, which may
        # be an earlier one: storing the offset after `first` would then skip what lies between.
        messages = more if rebalances != self._rebalances else (first, *more)
        return [message for message in messages if self._good(message)]

    def _good(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._NO_OFFSET):
            raise OffsetGone(
                f"{message.topic()}/{message.partition()}: Kafka no longer has the offset that comes next "
                f"({error.str()}). Compare the topic with what the gateway says, then move ledger.input_offsets by hand"
            )
        if error.fatal() or error.code() in (
            KafkaError.UNKNOWN_TOPIC_OR_PART,
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
        ):
            raise Stop(f"Kafka: {error.str()}")
        _log.warning("kafka", error=error.str())
        return False

    def _write(self, arrivals: Sequence[Arrival]) -> None:
        started_s = time.perf_counter()
        written = self._writer.write(arrivals)
        self._hints.update({(arrival.topic, arrival.partition): arrival.offset + 1 for arrival in arrivals})
        if self._writer.idle:
            self._writer.flush()
        _log.debug(
            "batch",
            records=written.records,
            facts=written.facts,
            commands=written.commands,
            events=written.events,
            repeated=written.repeated,
            duplicates=written.duplicates,
            dead=written.dead,
            ms=round((time.perf_counter() - started_s) * 1000, 1),
        )
        if written.dead:
            _log.warning("dead letters", count=written.dead)

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._rebalances += 1
        owned = {partition.partition for partition in partitions}
        stored = self._writer.assign(lambda book: partition_of(book, self._config.kafka.partitions) in owned)
        for partition in partitions:
            partition.offset = stored.get((partition.topic, partition.partition), OFFSET_BEGINNING)
        consumer.assign(partitions)
        _log.info("assigned", partitions=sorted(owned))

    def _revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._rebalances += 1
        self._writer.discard()
        self._hints.clear()
        _log.info("revoked", partitions=sorted({partition.partition for partition in partitions}))

    def _hint(self) -> None:
        """Tell Kafka how far we are, for people and tools that look at lag; nothing depends on it."""
        now_s = time.monotonic()
        if self._hints and now_s - self._hinted_at_s >= HINT_EVERY_S:
            offsets = [TopicPartition(topic, number, offset) for (topic, number), offset in self._hints.items()]
            self._consumer.commit(offsets=offsets, asynchronous=True)
            self._hints.clear()
            self._hinted_at_s = now_s
