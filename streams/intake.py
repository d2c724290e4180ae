"""Intake: bytes from outside become a record in `inbound.<source>`, and only then is anything promised to the sender.

`accept` returns when Kafka acknowledged with all in-sync replicas, and raises `IntakeUnavailable` when it did not
within `wait_s`: the caller answers 503 and the sender sends again. A record whose acknowledgement came too late may
still arrive; the book knows it again by digest and key, so that it is told twice and posted once (law 3). What waits
is bounded; beyond the bound intake refuses at once instead of piling up.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connectors import CONNECTORS
from streams.errors import BodyTooLarge, InboundError, IntakeUnavailable, Reject
from streams.inbound import BODY_BYTES_MAX, FILE_BYTES_MAX, InboundRecord, build_inbound
from streams.kafka import KafkaConfig, producer

__all__ = ["Accepted", "BodyTooLarge", "InboundError", "Intake", "IntakeUnavailable", "Told", "ingest"]

_log: Final = logging.getLogger(__name__)

WAIT_S: Final = 5.0
WAITING_RECORDS_MAX: Final = 10_000
WAITING_BYTES_MAX: Final = 64 * 1024 * 1024
INGEST_WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Where an acknowledged record stands.

    Attributes:
        digest: SHA-256 of the original bytes in hexadecimal.
        received_at_us: microseconds since 1970 in UTC.
    """

    topic: str
    partition: int
    offset: int
    digest: str
    received_at_us: int


@dataclass(frozen=True, slots=True)
class Told:
    """Bytes to ingest and who told them; see `Intake.accept` for the fields."""

    raw: bytes
    book: str
    source: str
    account: str
    delivery: str = ""
    context: Mapping[str, str] | None = None


class Intake:
    """The way in for one process; safe for any number of tasks of any event loop.

    Open it once (`with Intake(config) as intake`) and close it at the end: closing waits for what is under way.
    """

    def __init__(
        self,
        config: KafkaConfig,
        *,
        wait_s: float = WAIT_S,
        waiting_records_max: int = WAITING_RECORDS_MAX,
        waiting_bytes_max: int = WAITING_BYTES_MAX,
    ) -> None:
        """Args: `wait_s` bounds every `accept`; the two maxima bound what waits for its acknowledgement."""
        self._config = config
        self._wait_s = wait_s
        self._waiting_records_max = waiting_records_max
        self._waiting_bytes_max = waiting_bytes_max
        self._producer = self._new_producer()
        self._broken = threading.Event()
        self._closed = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="intake-poll", daemon=True)
        self._poller.start()

    def __enter__(self) -> Self:
        """Enter a with block that closes the intake."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Wait, at most `wait_s` seconds, for what is under way; then take nothing any more."""
        self._closed.set()
        self._poller.join()
        self._producer.flush(self._wait_s)

    @property
    def waiting(self) -> int:
        """How many records wait for their acknowledgement."""
        return len(self._producer)

    async def accept(
        self,
        raw: bytes,
        *,
        book: str,
        source: str,
        account: str,
        delivery: str = "",
        context: Mapping[str, str] | None = None,
    ) -> Accepted:
        """Record `raw`, verified by the caller, for `book`; returns once Kafka acknowledged it.

        Args:
            raw: the bytes as received, at most 1 MiB; card numbers in them are masked here.
            source: the connector that understands them, for example ``stripe``.
            account: the endpoint's account at the source, or empty.
            delivery: the sender's id of this delivery, or empty.
            context: what the bytes do not say.

        Raises:
            IntakeUnavailable: not acknowledged within `wait_s`, too much waits already, or closed: answer 503.
            BodyTooLarge: more than 1 MiB: answer 413.
            InboundError: empty, or a book or source that is not one: answer 400.
        """
        record = _record(Told(raw, book, source, account, delivery, context), BODY_BYTES_MAX)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Accepted] = loop.create_future()

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None and error.fatal():
                self._broken.set()
            # Runs in the polling thread. A loop that was closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, answer, record, error, message)

        self._send(record, delivered)
        try:
            async with asyncio.timeout(self._wait_s):
                return await answer
        except TimeoutError as error:
            raise IntakeUnavailable(
                f"Kafka at {self._config.bootstrap_servers} did not acknowledge within {self._wait_s:g} s: send again"
            ) from error

    def _send(self, record: InboundRecord, delivered: Callable[[KafkaError | None, Message], None]) -> None:
        if self._closed.is_set():
            raise IntakeUnavailable("intake is closed: this process is stopping, send again")
        try:
            self._producer.produce(
                self._config.topic(record.topic),
                key=record.key(),
                value=record.body,
                headers=list(record.headers()),
                on_delivery=delivered,
            )
        except BufferError as error:
            raise IntakeUnavailable(
                f"{len(self._producer)} records wait for Kafka's acknowledgement already: send again later"
            ) from error
        except KafkaException as error:
            if error.args[0].fatal():
                self._broken.set()
            raise IntakeUnavailable(f"Kafka took no record for {record.topic}: {error}") from error

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(0.1)
            if self._broken.is_set():
                self._replace_producer()

    def _replace_producer(self) -> None:
        """After a fatal error an idempotent producer never sends again: what it held is refused, a new one begins."""
        old, self._producer = self._producer, self._new_producer()
        self._broken.clear()
        old.purge()
        old.poll(0)
        _log.error("the intake's producer met a fatal error and was replaced")

    def _new_producer(self) -> Producer:
        return producer(
            self._config,
            "contraflow-intake",
            # Kafka gives up just before our caller does, so that little arrives after we said it did not.
            delivery_timeout_ms=max(int(self._wait_s * 900), 100),
            linger_ms=1,
            queue_records_max=self._waiting_records_max,
            queue_bytes_max=self._waiting_bytes_max,
        )


def ingest(config: KafkaConfig, told: Iterable[Told], *, wait_s: float = INGEST_WAIT_S) -> int:
    """Record many at once, for files; returns how many, all of them acknowledged.

    A file is one record of at most 4 MiB less 64 KiB, because Kafka's records are no file store: a larger statement is
    refused; ask the bank for one file a day, or split it by statement.

    Raises:
        IntakeUnavailable: not all were acknowledged within `wait_s` after the last one; says how many were. Sending
            all of them again is right.
        BodyTooLarge, InboundError: as `Intake.accept`; everything before it was recorded.
    """
    failed: list[KafkaError] = []

    def on_failure(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(error)

    client = producer(
        config, "contraflow-ingest", delivery_timeout_ms=int(wait_s * 1000), linger_ms=5, on_failure=on_failure
    )
    sent = 0
    refused: Reject | None = None
    try:
        for one in told:
            record = _record(one, FILE_BYTES_MAX)
            _produce_when_room(client, config.topic(record.topic), record)
            sent += 1
            if failed:
                break
    except Reject as error:
        refused = error
    unacknowledged = client.flush(wait_s) + len(failed)
    if unacknowledged:
        why = f": {failed[0]}" if failed else f" within {wait_s:g} s"
        raise IntakeUnavailable(
            f"Kafka at {config.bootstrap_servers} did not acknowledge {unacknowledged} of {sent} records{why}; "
            "send all of them again, what is told twice is posted once"
        )
    if refused is not None:
        raise refused
    return sent


def _produce_when_room(client: Producer, topic: str, record: InboundRecord) -> None:
    while True:
        try:
            client.produce(topic, key=record.key(), value=record.body, headers=list(record.headers()))
        except BufferError:
            client.poll(0.1)  # the queue is full: acknowledgements make room
        except KafkaException as error:
            raise IntakeUnavailable(f"Kafka took no record for {topic}: {error}") from error
        else:
            client.poll(0)
            return


def _record(told: Told, bytes_max: int) -> InboundRecord:
    connector = CONNECTORS.get(told.source)
    if connector is None:
        raise InboundError(
            "source_unknown", f"source {told.source[:60]!r} is not one of {', '.join(sorted(CONNECTORS))}"
        )
    return build_inbound(
        told.raw,
        connector.mask(told.raw) if len(told.raw) <= bytes_max else told.raw,  # too large is refused, not masked first
        book=told.book,
        source=told.source,
        account=told.account,
        delivery=told.delivery,
        context=told.context,
        bytes_max=bytes_max,
    )


def _settle(
    answer: asyncio.Future[Accepted], record: InboundRecord, error: KafkaError | None, message: Message
) -> None:
    if answer.done():
        return  # the caller gave up or was cancelled
    if error is not None:
        answer.set_exception(IntakeUnavailable(f"Kafka did not acknowledge the record: {error}: send again"))
        return
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None and partition is not None and offset is not None
    answer.set_result(Accepted(topic, partition, offset, record.digest, record.received_at_us))
