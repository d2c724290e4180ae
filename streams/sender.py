"""The sender: hands records to Kafka and says when all of them are acknowledged.

It never gives a record up for lack of time: while Kafka is away it waits, because a record that was dropped between
two others would be a gap in the topic. Whoever stops it loses nothing either: what was not acknowledged was not
stored as sent, and is sent again from the store.
"""

import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

import structlog
from confluent_kafka import KafkaError, KafkaException, Message

from streams.errors import PublishFailed
from streams.kafka import KafkaConfig, producer
from streams.partitioner import partition_of
from streams.publication import Outgoing

FOR_EVER_MS: Final = 0
STOP_WAIT_S: Final = 5.0
REMIND_EVERY_S: Final = 10.0

_log = structlog.get_logger(__name__)


class Sender:
    """One idempotent producer for everything that publishing sends; not for more than one thread."""

    def __init__(self, config: KafkaConfig, stop: threading.Event) -> None:
        """Once `stop` is set, `settle` waits only a few seconds more."""
        self._config = config
        self._stop = stop
        self._failures: list[KafkaError] = []
        self._producer = producer(
            config,
            "contraflow-publishing",
            delivery_timeout_ms=FOR_EVER_MS,
            linger_ms=1,
            on_failure=self._failed,
        )

    def __enter__(self) -> Self:
        """Enter a with block that closes the sender."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Forget whatever is not acknowledged yet."""
        self._producer.purge()
        self._producer.flush(1.0)

    def send(self, topic: str, book: str, records: Iterable[Outgoing]) -> int:
        """Queue `records` of `book` in their order; returns how many. `topic` comes without the prefix."""
        name = self._config.topic(topic)
        book_key = book.encode()
        partition = partition_of(book, self._config.partitions)
        produce = self._producer.produce
        count = 0
        for record in records:
            while True:
                try:
                    # The partition is named, because in compacted topics the key is not the book.
                    produce(name, record.value, record.key or book_key, partition, headers=record.headers)  # type: ignore[arg-type]
                    break
                except BufferError:
                    self._producer.poll(0.1)  # the queue is full: acknowledgements make room
                    self._check()
                except KafkaException as error:
                    raise PublishFailed(f"Kafka took no record of book {book!r} for {name}: {error}") from error
            count += 1
        return count

    def settle(self) -> None:
        """Wait until everything queued is acknowledged.

        Raises:
            PublishFailed: Kafka refused a record for good, or the process is stopping and Kafka does not answer.
        """
        began_s = reminded_s = time.monotonic()
        while self._producer.flush(0.5):
            self._check()
            now_s = time.monotonic()
            if now_s - reminded_s >= REMIND_EVERY_S:
                reminded_s = now_s
                _log.warning("waiting for Kafka", records=len(self._producer), waited_s=round(now_s - began_s))
        self._check()

    def _check(self) -> None:
        if self._failures:
            raise PublishFailed(f"Kafka refused a record for good: {self._failures[0]}")
        if self._stop.is_set():
            self._stop_check()

    def _stop_check(self) -> None:
        if self._producer.flush(STOP_WAIT_S):
            waiting = len(self._producer)
            raise PublishFailed(f"stopping, and Kafka did not acknowledge {waiting} records: they are sent again later")

    def _failed(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failures.append(error)
