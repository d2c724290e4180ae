"""The sender of commands: records into `inbound.commands`, answers out of the store, in the same order.

Every record has a name of its own, its delivery. The writer keeps the answers under that name in the transaction that
decides the record, so an answer is found exactly when it is durable, whoever was killed meanwhile. Some records are on
their way at once; nothing else is kept in memory.
"""

import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self

import psycopg
from confluent_kafka import KafkaError, KafkaException, Message

from ledger.answers import Answer
from ledger.kept_answers import answers_of
from streams.command_record import SOURCE
from streams.errors import AnswersMissing, IntakeUnavailable
from streams.inbound import FILE_BYTES_MAX, build_inbound
from streams.kafka import KafkaConfig, producer

WINDOW_RECORDS: Final = 8
POLL_S: Final = 0.002
POLL_S_MAX: Final = 0.1


class CommandSender:
    """Sends to one book; not for use by more than one thread."""

    def __init__(self, config: KafkaConfig, conninfo: str, book: str, *, wait_s: float) -> None:
        """Connect to both servers.

        Args:
            wait_s: how long the oldest record on its way may be without an answer.
        """
        self._config = config
        self._book = book
        self._wait_s = wait_s
        self._run = uuid.uuid4().hex
        self._sent = 0
        self._failures: list[KafkaError] = []
        self._waiting: deque[str] = deque()
        self._connection = psycopg.connect(conninfo, autocommit=True, application_name="contraflow-commands")
        self._producer = producer(
            config,
            "contraflow-commands",
            delivery_timeout_ms=int(wait_s * 1000),
            linger_ms=0,
            on_failure=self._failed,
        )

    def __enter__(self) -> Self:
        """Enter a with block that closes the sender."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Forget what is on its way; it is decided all the same if Kafka has it."""
        self._producer.purge()
        self._producer.flush(1.0)
        self._connection.close()

    def answers(self, records: Iterable[tuple[bytes, bool]]) -> Iterator[list[Answer]]:
        """Send records and give the answers to each, in order.

        Args:
            records: the bytes of each, and whether all answers up to it are to be awaited before the next one is asked
                for; without bytes only that.

        Raises:
            IntakeUnavailable: Kafka did not take a record.
            AnswersMissing: no answer came in time.
            psycopg.Error: the store cannot be reached.
        """
        for body, waits in records:
            if body:
                self._send(body)
            yield from self._answered(0 if waits else WINDOW_RECORDS - 1)
        yield from self._answered(0)

    def _send(self, body: bytes) -> None:
        self._sent += 1
        record = build_inbound(
            body,
            body,
            book=self._book,
            source=SOURCE,
            account="",
            delivery=f"{self._run}/{self._sent}",
            bytes_max=FILE_BYTES_MAX,
        )
        try:
            self._producer.produce(
                self._config.topic(record.topic), key=record.key(), value=body, headers=list(record.headers())
            )
        except (BufferError, KafkaException) as error:
            raise IntakeUnavailable(f"Kafka took no record for {record.topic}: {error}") from error
        self._waiting.append(record.delivery)

    def _answered(self, left_max: int) -> Iterator[list[Answer]]:
        """Wait until at most `left_max` records are on their way."""
        deadline_s = time.monotonic() + self._wait_s
        pause_s = POLL_S
        while len(self._waiting) > left_max:
            self._producer.poll(0)
            if self._failures:
                raise IntakeUnavailable(f"Kafka did not acknowledge a record: {self._failures[0]}")
            found = answers_of(self._connection, self._book, self._waiting)
            came: list[Sequence[Answer]] = []
            while self._waiting and self._waiting[0] in found:
                came.append(found[self._waiting.popleft()])
            if came:
                deadline_s = time.monotonic() + self._wait_s
                pause_s = POLL_S
                yield from map(list, came)
            elif time.monotonic() > deadline_s:
                raise AnswersMissing(
                    f"book {self._book!r}: {len(self._waiting)} records of commands are without an answer after "
                    f"{self._wait_s:g} s. They are decided when the pipeline posts again; give it the same commands "
                    "again for their answers, what was accepted is not posted twice"
                )
            else:
                time.sleep(pause_s)
                pause_s = min(pause_s * 1.5, POLL_S_MAX)

    def _failed(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failures.append(error)
