"""The hearer: reads what was recorded of the gateways, and finds out what must be fetched and what no webhook told.

What a recorded body makes us fetch is a function of its bytes, so the topic itself is the list of what must be
fetched: how far it was read is written in the transaction that puts the fetches on record, and whoever is killed reads
on from there. The same reading says which facts polling saw that no webhook had told: gaps.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from connectors.connector import Connector, Telling
from connectors.exchange import Want
from ledger.facts import Fact, name_digest
from streams.errors import InboundError, OffsetGone, Retry, Stop
from streams.inbound import InboundRecord, parse_inbound
from streams.kafka import KafkaConfig, consumer
from streams.polling_store import WANT

GROUP: Final = "contraflow-polling"
BATCH_RECORDS_MAX: Final = 500
IDLE_POLL_S: Final = 0.5
KEPT_US: Final = 40 * 86_400 * 1_000_000  # longer than any overlap of windows
TIDY_EVERY_US: Final = 3_600 * 1_000_000
# Facts that gateways tell by webhook. Rows of settlement, reserves and observations are told by lists alone.
TOLD_BY_WEBHOOK: Final = ("payment.", "refund.", "dispute.", "payout.", "transfer.")

_log = structlog.get_logger(__name__)


class Overtaken(Retry):
    """Another process read on from the same offset; whatever this one has in hand is done already."""


@dataclass(slots=True)
class Heard:
    """What a batch of records says, before it is written."""

    wants: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    webhooks: dict[tuple[str, str], int] = field(default_factory=dict)
    answers: dict[tuple[str, str], int] = field(default_factory=dict)
    told: list[tuple[str, str, bytes, int]] = field(default_factory=list)
    seen: list[tuple[str, str, bytes, str, str, str, int]] = field(default_factory=list)

    def add(self, record: InboundRecord, connector: Connector, expects_webhooks: bool) -> None:
        """Read one record; a body that its connector cannot read is posting's matter, it makes nothing of it here."""
        telling = Telling(record.source, record.account, record.delivery, dict(record.context))
        who = record.source, record.account
        last = self.answers if telling.is_answer else self.webhooks
        last[who] = max(last.get(who, 0), record.received_at_us)
        for want in _wants(connector, record, telling):
            self.wants.append((*who, record.book, want.stream, want.id))
        if not expects_webhooks:
            return
        for fact in _facts(connector, record, telling):
            if fact.type.startswith(TOLD_BY_WEBHOOK):
                digest = name_digest(fact.key)
                if telling.context.get("via") == "poll":
                    self.seen.append((*who, digest, fact.key, fact.type, fact.effective_at, record.received_at_us))
                else:
                    self.told.append((*who, digest, record.received_at_us))


class Hearer:
    """Reads the inbound topics of the configured gateways until `stop` is set; for a thread of its own."""

    def __init__(
        self,
        kafka: KafkaConfig,
        postgres: str,
        connectors: Mapping[str, Connector],
        expects_webhooks: Callable[[str, str], bool],
        now_us: Callable[[], int],
    ) -> None:
        """`connectors` by source; `expects_webhooks` says of source and account whether an endpoint takes theirs."""
        self._kafka = kafka
        self._postgres = postgres
        self._connectors = connectors
        self._expects_webhooks = expects_webhooks
        self._now_us = now_us
        self._offsets: dict[tuple[str, int], int] = {}
        self._tidy_at_us = 0

    def run(self, stop: threading.Event) -> None:
        """Read; raises OffsetGone where Kafka no longer has what comes next, psycopg.Error when it cannot write."""
        with psycopg.connect(self._postgres, autocommit=True, application_name="contraflow-polling") as connection:
            while not stop.is_set():
                try:
                    self._session(connection, stop)
                except Overtaken as overtaken:
                    _log.warning("joining the group anew", reason=str(overtaken))
                    stop.wait(1.0)

    def _session(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        reading = consumer(self._kafka, GROUP, GROUP, offset_reset="error")

        def assign(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            self._offsets = dict(_stored(connection))
            for partition in partitions:
                partition.offset = self._offsets.get((partition.topic, partition.partition), OFFSET_BEGINNING)
            consumer.assign(partitions)

        topics = [self._kafka.topic(f"inbound.{source}") for source in sorted(self._connectors)]
        reading.subscribe(topics, on_assign=assign)
        try:
            while not stop.is_set():
                if self._now_us() >= self._tidy_at_us:
                    self._tidy(connection)
                messages = [each for each in reading.consume(BATCH_RECORDS_MAX, timeout=IDLE_POLL_S) if _good(each)]
                if messages:
                    self.write(connection, messages)
        finally:
            reading.close()

    def write(self, connection: psycopg.Connection[Any], messages: Sequence[Message]) -> None:
        """Make a batch true in one transaction, with the offsets behind it."""
        heard = Heard()
        following: dict[tuple[str, int], int] = {}
        for message in messages:
            topic, number, offset = message.topic(), message.partition(), message.offset()
            assert topic is not None and number is not None and offset is not None
            if offset < self._offsets.get((topic, number), 0):
                continue  # from before a rebalance, and read since
            following[topic, number] = offset + 1
            record = _read(message)
            connector = self._connectors.get(record.source) if record is not None else None
            if record is not None and connector is not None:
                heard.add(record, connector, self._expects_webhooks(record.source, record.account))
        with connection.transaction(), connection.cursor() as cursor:
            for (topic, number), offset in sorted(following.items()):
                self._move(cursor, topic, number, offset)
            _keep(cursor, heard)
        self._offsets.update(following)

    def _move(self, cursor: psycopg.Cursor[Any], topic: str, number: int, offset: int) -> None:
        known = self._offsets.get((topic, number))
        if known is None:
            cursor.execute(
                "INSERT INTO gateways.offsets VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (topic, number, offset)
            )
        else:
            cursor.execute(
                "UPDATE gateways.offsets SET next_offset = %s WHERE topic = %s AND partition = %s AND next_offset = %s",
                (offset, topic, number, known),
            )
        if cursor.rowcount == 0:
            raise Overtaken(f"{topic}/{number} was read on by another process")

    def _tidy(self, connection: psycopg.Connection[Any]) -> None:
        self._tidy_at_us = self._now_us() + TIDY_EVERY_US
        connection.execute("DELETE FROM gateways.told WHERE at_us < %s", (self._now_us() - KEPT_US,))
        connection.execute("DELETE FROM gateways.untold WHERE seen_at_us < %s", (self._now_us() - KEPT_US,))


def _keep(cursor: psycopg.Cursor[Any], heard: Heard) -> None:
    if heard.wants:
        # In one order everywhere: the poller puts fetches on record as well, and neither must wait for the other.
        cursor.executemany(WANT, sorted(set(heard.wants)))
    for column, times in (("webhook_at_us", heard.webhooks), ("answer_at_us", heard.answers)):
        for (gateway, account), at_us in times.items():
            cursor.execute(_HEARD[column], (gateway, account, at_us))
    if heard.told:
        cursor.executemany("INSERT INTO gateways.told VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", heard.told)
        cursor.executemany(
            "DELETE FROM gateways.untold WHERE gateway = %s AND account = %s AND digest = %s",
            [row[:3] for row in heard.told],
        )
    if heard.seen:
        cursor.executemany(
            "INSERT INTO gateways.untold SELECT %s, %s, %s, %s, %s, %s, %s WHERE NOT EXISTS"
            " (SELECT FROM gateways.told WHERE gateway = %s AND account = %s AND digest = %s) ON CONFLICT DO NOTHING",
            [(*row, *row[:3]) for row in heard.seen],
        )


def _wants(connector: Connector, record: InboundRecord, telling: Telling) -> Iterable[Want]:
    if connector.wants is None:
        return ()
    own = Want(telling.stream, telling.context.get("of", ""))
    try:
        return [want for want in connector.wants(record.body, telling) if want != own and want.is_keepable]
    except Exception as error:  # noqa: BLE001 - see below
        # Bytes from outside stop no line (law 6); posting makes a dead letter of what cannot be read.
        _log.warning("nothing to fetch", source=record.source, digest=record.digest, reason=type(error).__name__)
        return ()


def _facts(connector: Connector, record: InboundRecord, telling: Telling) -> Sequence[Fact]:
    try:
        return connector.translate(record.body, telling)
    except Exception:  # noqa: BLE001 - posting says it, with the reason
        return ()


def _read(message: Message) -> InboundRecord | None:
    topic = message.topic()
    assert topic is not None
    try:
        return parse_inbound(topic, message.key(), message.value(), message.headers(), message.timestamp()[1])
    except (InboundError, SystemError, UnicodeDecodeError):
        return None  # posting's dead letter


def _stored(connection: psycopg.Connection[Any]) -> list[tuple[tuple[str, int], int]]:
    rows = connection.execute("SELECT topic, partition, next_offset FROM gateways.offsets")
    return [((topic, number), offset) for topic, number, offset in rows]


def _good(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._NO_OFFSET):
        raise OffsetGone(
            f"{message.topic()}/{message.partition()}: Kafka no longer has the offset that comes next "
            f"({error.str()}). What was to be fetched by records that are gone is read by polling, or by hand: "
            "`contraflow connectors poll --since`; then move gateways.offsets by hand"
        )
    if error.fatal() or error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED):
        raise Stop(f"Kafka: {error.str()}")
    _log.warning("kafka", error=error.str())
    return False


_HEARD: Final = {
    "webhook_at_us": (
        "INSERT INTO gateways.heard (gateway, account, webhook_at_us) VALUES (%s, %s, %s)"
        " ON CONFLICT (gateway, account)"
        " DO UPDATE SET webhook_at_us = greatest(gateways.heard.webhook_at_us, excluded.webhook_at_us)"
    ),
    "answer_at_us": (
        "INSERT INTO gateways.heard (gateway, account, answer_at_us) VALUES (%s, %s, %s)"
        " ON CONFLICT (gateway, account)"
        " DO UPDATE SET answer_at_us = greatest(gateways.heard.answer_at_us, excluded.answer_at_us)"
    ),
}
