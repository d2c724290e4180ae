"""Intake promises only what Kafka acknowledged, says so within its bound when it did not, and bounds what waits."""

import asyncio
import time
from collections.abc import Callable
from hashlib import sha256

import pytest
from confluent_kafka import TopicPartition

from contraflow.embedded import PairAddresses
from streams.inbound import BODY_BYTES_MAX, FILE_BYTES_MAX, InboundRecord, parse_inbound
from streams.intake import BodyTooLarge, InboundError, Intake, IntakeUnavailable, Told, ingest
from streams.kafka import KafkaConfig, consumer
from streams.partitioner import partition_of
from streams.topics import INPUT_TOPICS, ensure_topics

CARD = b'{"id":"evt_1","number":"4242424242424242"}'


@pytest.fixture
def config(pair: PairAddresses, topic_prefix: str) -> KafkaConfig:
    config = KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=3)
    ensure_topics(config, INPUT_TOPICS)
    return config


def read(config: KafkaConfig, topic: str, count: int) -> list[InboundRecord]:
    """All records of an inbound topic; fails unless there are exactly `count`."""
    reader = consumer(config, "test", "test", offset_reset="earliest")
    partitions = [TopicPartition(config.topic(topic), number, 0) for number in range(config.partitions)]
    ends = sum(reader.get_watermark_offsets(partition, timeout=10)[1] for partition in partitions)
    assert ends == count
    reader.assign(partitions)
    found = []
    while len(found) < count:
        for message in reader.consume(count - len(found), timeout=10):
            assert message.error() is None
            found.append(
                parse_inbound(
                    str(message.topic()), message.key(), message.value(), message.headers(), message.timestamp()[1]
                )
            )
    reader.close()
    return found


def test_accepted_means_it_stands_in_kafka(config: KafkaConfig) -> None:
    with Intake(config) as intake:
        accepted = asyncio.run(
            intake.accept(
                CARD, book="main", source="stripe", account="acct_1", delivery="evt_1", context={"payout": "po_1"}
            )
        )
    (record,) = read(config, "inbound.stripe", 1)
    assert (accepted.topic, accepted.partition) == (config.topic("inbound.stripe"), partition_of("main", 3))
    assert accepted.digest == record.digest == sha256(CARD).hexdigest()
    assert accepted.received_at_us == record.received_at_us
    assert abs(record.received_at_us - time.time_ns() // 1000) < 60_000_000
    assert (record.book, record.source, record.account, record.delivery) == ("main", "stripe", "acct_1", "evt_1")
    assert (record.context, record.attempts) == ({"payout": "po_1"}, 0)
    assert b"4242424242424242" not in record.body and b"evt_1" in record.body


def test_many_at_once_are_all_there(config: KafkaConfig) -> None:
    async def send(intake: Intake) -> None:
        await asyncio.gather(
            *(intake.accept(b'{"n":%d}' % n, book=f"b{n % 5}", source="facts", account="a") for n in range(1000))
        )

    with Intake(config) as intake:
        asyncio.run(send(intake))
        assert intake.waiting == 0
    records = read(config, "inbound.facts", 1000)
    assert {record.body for record in records} == {b'{"n":%d}' % n for n in range(1000)}


def test_no_broker_is_said_within_the_bound(free_port: Callable[[], int]) -> None:
    config = KafkaConfig(f"127.0.0.1:{free_port()}")
    with Intake(config, wait_s=1.0) as intake:
        started_s = time.monotonic()

        async def send() -> list[BaseException | object]:
            calls = (intake.accept(b"x", book="main", source="facts", account="a") for _ in range(20))
            return list(await asyncio.gather(*calls, return_exceptions=True))

        answers = asyncio.run(send())
        assert time.monotonic() - started_s < 2.0
        assert len(answers) == 20
        assert all(isinstance(answer, IntakeUnavailable) for answer in answers)


def test_what_waits_is_bounded(free_port: Callable[[], int]) -> None:
    config = KafkaConfig(f"127.0.0.1:{free_port()}")
    with Intake(config, wait_s=2.0, waiting_records_max=10) as intake:

        async def send() -> float:
            waiting = [
                asyncio.create_task(intake.accept(b"x", book="main", source="facts", account="a")) for _ in range(10)
            ]
            await asyncio.sleep(0)
            started_s = time.monotonic()
            with pytest.raises(IntakeUnavailable, match="10 records wait"):
                await intake.accept(b"x", book="main", source="facts", account="a")
            refused_after_s = time.monotonic() - started_s
            answers = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(isinstance(answer, IntakeUnavailable) for answer in answers)
            return refused_after_s

        assert asyncio.run(send()) < 0.5


def test_a_closed_intake_takes_nothing(config: KafkaConfig) -> None:
    with Intake(config) as intake:
        pass
    with pytest.raises(IntakeUnavailable, match="closed"):
        asyncio.run(intake.accept(b"x", book="main", source="facts", account="a"))


def test_bad_input_is_refused_before_kafka(config: KafkaConfig) -> None:
    with Intake(config) as intake:
        with pytest.raises(BodyTooLarge):
            asyncio.run(intake.accept(b"x" * (BODY_BYTES_MAX + 1), book="main", source="facts", account="a"))
        with pytest.raises(InboundError, match="'sap' is not one of"):
            asyncio.run(intake.accept(b"x", book="main", source="sap", account="a"))
        with pytest.raises(InboundError, match="'a/b'"):
            asyncio.run(intake.accept(b"x", book="a/b", source="facts", account="a"))
    assert read(config, "inbound.facts", 0) == []


def test_files_are_ingested_up_to_their_limit(config: KafkaConfig) -> None:
    largest = bytes(range(256)) * (FILE_BYTES_MAX // 256)
    assert ingest(config, [Told(largest, "main", "stripe", ""), Told(b"<a/>", "main", "stripe", "")]) == 2
    assert [len(record.body) for record in read(config, "inbound.stripe", 2)] == [FILE_BYTES_MAX, 4]
    with pytest.raises(BodyTooLarge, match="split it"):
        ingest(config, [Told(b"<b/>", "main", "stripe", ""), Told(largest + b"x" * 256, "main", "stripe", "")])
    assert len(read(config, "inbound.stripe", 3)) == 3


def test_ingest_without_a_broker_says_how_many_are_missing(free_port: Callable[[], int]) -> None:
    config = KafkaConfig(f"127.0.0.1:{free_port()}")
    started_s = time.monotonic()
    with pytest.raises(IntakeUnavailable, match="3 of 3 records"):
        ingest(config, [Told(b"x", "main", "facts", "a")] * 3, wait_s=1.0)
    assert time.monotonic() - started_s < 5


def test_a_producer_that_can_never_send_again_is_replaced(config: KafkaConfig) -> None:
    async def told() -> None:
        await intake.accept(b'{"n":1}', book="main", source="stripe", account="acct_1")

    with Intake(config) as intake:
        asyncio.run(told())
        first = intake._producer
        intake._broken.set()  # what a fatal error sets; librdkafka offers no way to cause one from outside
        deadline_s = time.monotonic() + 5
        while intake._producer is first:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        asyncio.run(told())
    assert len(read(config, "inbound.stripe", 2)) == 2
