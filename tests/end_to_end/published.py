"""What stands in the topics for everybody, read from the beginning as somebody else would read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from tests.end_to_end.running import RunningPipeline

READ_WAIT_S = 30.0


@dataclass(frozen=True)
class PublishedRecord:
    """One record with its headers as text."""

    key: str
    value: Any
    headers: dict[str, str]

    @property
    def position(self) -> int:
        return int(self.headers["position"])

    @property
    def previous(self) -> int:
        return int(self.headers["previous"])


def read_topic(site: RunningPipeline, topic: str) -> list[PublishedRecord]:
    """Everything up to the ends that the topic has now, partition by partition."""
    name = site.kafka.topic(topic)
    consumer = Consumer(
        {
            **site.kafka.librdkafka(),
            "group.id": "reader-that-never-commits",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
        }
    )
    found = []
    try:
        for partition in range(site.kafka.partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=READ_WAIT_S)
            consumer.assign([TopicPartition(name, partition, first)])
            at = first
            while at < end:
                message = consumer.poll(READ_WAIT_S)
                assert message is not None, f"{name}/{partition} ends at {end}, nothing came after {at}"
                if message.error() is not None:
                    continue  # the end of the partition
                at = message.offset() + 1
                headers = {header: bytes(text).decode() for header, text in message.headers() or ()}
                value = json.loads(message.value()) if message.value() else None
                found.append(PublishedRecord((message.key() or b"").decode(), value, headers))
    finally:
        consumer.close()
    return found


def assert_entries_complete(site: RunningPipeline, book: str) -> int:
    """`ledger.entries` tells every entry of the book; repeats are allowed, a gap is not. Returns the repeats."""
    site.published("ledger.entries")
    positions = {
        row[0]
        for row in site.query(
            "SELECT position FROM ledger.events JOIN ledger.books USING (book_id)"
            " WHERE book = %s AND type = 'EntryPosted'",
            book,
        )
    }
    last, repeats, contents = 0, 0, dict[int, str]()
    for record in read_topic(site, "ledger.entries"):
        if record.headers["book"] != book or record.headers["type"] != "entry":
            continue
        if record.position <= last:
            repeats += 1
            assert contents[record.position] == record.headers["content_hash"], "a repeat is the same record"
            continue
        assert record.previous == last, f"gap: {record.position} follows {record.previous}, read up to {last}"
        last = record.position
        contents[last] = record.headers["content_hash"]
    assert contents.keys() == positions
    return repeats


def assert_balances_published(site: RunningPipeline, book: str) -> None:
    """The last record of each key of the compacted topic is the projection's row."""
    shown = {
        f"{book}/{row['account']}/{row['debits']['currency']}": (row["debits"]["amount"], row["credits"]["amount"])
        for row in site.pages(f"/books/{book}/balances")
    }
    latest = {record.key: record for record in read_topic(site, "balances") if record.headers["book"] == book}
    assert {key: (record.value["debits"], record.value["credits"]) for key, record in latest.items()} == shown
