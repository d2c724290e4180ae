"""An arrival: one record of an inbound partition as posting reads it, with the place where it stood."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec
from confluent_kafka import Message

from streams.command_record import SOURCE
from streams.errors import InboundError
from streams.inbound import Headers, InboundRecord, parse_inbound
from streams.partitioner import partition_of

COMMANDS_BYTES_MAX: Final = 4 * 1024 * 1024


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """What stood at one offset.

    Attributes:
        topic: full name, with the installation's prefix.
        record: the inbound record, or None when it cannot be read.
        fault: why it cannot be read.
        book_text, body: what there is of it all the same, for the dead letter.
    """

    topic: str
    partition: int
    offset: int
    record: InboundRecord | None
    fault: InboundError | None = None
    book_text: str = ""
    body: bytes = b""

    @classmethod
    def of(cls, message: Message, partitions: int) -> "Arrival":
        """Read a message of a topic with `partitions`; never raises: outside input never stops the line (law 6).

        A record beside its book's partition is refused: whoever reads that partition does not own the book, and would
        take it from the one who does.
        """
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None and partition is not None and offset is not None
        key, value = message.key(), message.value()
        try:
            record = parse_inbound(topic, key, value, _headers(message), message.timestamp()[1])
            _check_partition(record.book, partition, partitions)
        except InboundError as fault:
            text = (key or b"").decode(errors="replace").replace("\x00", "\ufffd")[:100]
            return cls(topic, partition, offset, None, fault, text, value or b"")
        return cls(topic, partition, offset, record)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the original bytes."""
        return bytes.fromhex(self.record.digest) if self.record is not None else sha256(self.body).digest()


def portions(arrivals: Sequence[Arrival], commands_bytes_max: int = COMMANDS_BYTES_MAX) -> Iterator[Sequence[Arrival]]:
    """Cut what has arrived so that one transaction decides at most so many bytes of commands, or one record of them.

    A record of facts holds a few facts, but one of commands thousands.
    """
    first = 0
    size_bytes = 0
    for number, arrival in enumerate(arrivals):
        if arrival.record is not None and arrival.record.source == SOURCE:
            size_bytes += len(arrival.record.body)
            if size_bytes > commands_bytes_max and number > first:
                yield arrivals[first:number]
                first, size_bytes = number, len(arrival.record.body)
    yield arrivals[first:]


def _headers(message: Message) -> Headers | None:
    try:
        return message.headers()
    except (SystemError, UnicodeDecodeError) as error:  # how confluent-kafka says that it cannot decode a name
        raise InboundError("header_malformed", "a header's name is not UTF-8") from error


def _check_partition(book: str, partition: int, partitions: int) -> None:
    belongs = _partition_of(book, partitions)
    if partition != belongs:
        raise InboundError(
            "partition_wrong",
            f"records of book {book!r} belong into partition {belongs} and this is {partition}: let the producer "
            "partition by murmur2 of the key, then redrive",
        )


_partition_of = lru_cache(maxsize=4096)(partition_of)  # a batch is thousands of records of a few books
