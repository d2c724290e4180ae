"""Our murmur2 and librdkafka's put every key into the same partition."""

import random

from contraflow.embedded import PairAddresses
from streams.kafka import KafkaConfig, producer
from streams.partitioner import partition_of
from streams.topics import INPUT_TOPICS, ensure_topics


def test_we_agree_with_librdkafka(pair: PairAddresses, topic_prefix: str) -> None:
    config = KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=7)
    ensure_topics(config, INPUT_TOPICS[:1])
    seed = random.Random(1)
    books = ["main", "a", "ab", "abc", "abcd", "abcde", "ü", "書" * 9]
    books += ["".join(seed.choices("abcXYZ019._-é", k=seed.randint(1, 40))) for _ in range(500)]
    landed: dict[str, int | None] = {}
    client = producer(config, "test")
    for book in books:
        client.produce(
            config.topic("inbound.stripe"),
            key=book.encode(),
            value=b"x",
            on_delivery=lambda error, message, book=book: landed.__setitem__(
                book, message.partition() if error is None else None
            ),
        )
    assert client.flush(30) == 0
    assert landed == {book: partition_of(book, 7) for book in books}
    assert set(landed.values()) == set(range(7))
