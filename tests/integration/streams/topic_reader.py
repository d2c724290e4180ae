"""Reads a whole topic of a test, in the order of its partitions."""

from dataclasses import dataclass

from confluent_kafka import TopicPartition

from streams.kafka import KafkaConfig, consumer


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as a consumer sees it."""

    key: bytes
    value: bytes
    headers: dict[str, str]
    partition: int

    @property
    def chain(self) -> tuple[int, int]:
        """Position and previous."""
        return int(self.headers["position"]), int(self.headers["previous"])


def read_topic(config: KafkaConfig, topic: str) -> list[Seen]:
    """Everything that stands in `topic` right now."""
    reader = consumer(config, "test-reader", "test-reader", offset_reset="earliest")
    partitions = [TopicPartition(config.topic(topic), number, 0) for number in range(config.partitions)]
    ends = [reader.get_watermark_offsets(partition, timeout=20)[1] for partition in partitions]
    reader.assign(partitions)
    found: list[Seen] = []
    while len(found) < sum(ends):
        messages = reader.consume(min(sum(ends) - len(found), 10_000), timeout=10)
        assert messages, f"{topic}: {len(found)} of {sum(ends)} records came within 10 s"
        for message in messages:
            assert message.error() is None, message.error()
            headers = {name: bytes(value).decode() for name, value in message.headers() or []}
            found.append(Seen(message.key() or b"", message.value() or b"", headers, message.partition() or 0))
    reader.close()
    return found
