"""Reads `ledger.entries` and notices a gap or a repeat by itself.

    python docs/examples/consumer.py 127.0.0.1:9092 ledger.entries

It needs confluent-kafka and nothing of Contraflow. Each record says in its headers which book it belongs to, its
position there, and the position of the record before it. Remembering the last position of each book is therefore
enough: a record whose `previous` is above it comes after something we never saw, one whose `position` is not above it
was seen already. Manifests stand beside that chain.

Here the positions live in memory and every start reads from the beginning. Keep them in the same transaction as what
you do with an entry, and start after them, and each entry counts once whatever crashes when.
"""

import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition


class GapError(Exception):
    """Records are missing: what follows cannot be trusted to be everything."""


class Books:
    """The last position seen of every book."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def is_new(self, headers: dict[str, str]) -> bool:
        """Whether a record is the next one of its book; False for a repeat. Raises GapError."""
        book, position, previous = headers["book"], int(headers["position"]), int(headers["previous"])
        last = self.seen.get(book, 0)
        if previous > last:
            raise GapError(f"book {book}: {position} follows {previous}, the last one seen is {last}")
        if headers["type"] == "manifest":
            return previous == last
        if position <= last:
            return False
        self.seen[book] = position
        return True


def main(bootstrap_servers: str, topic: str, idle_s: float = 5.0) -> int:
    """Print what comes until nothing came for `idle_s` seconds. Returns 0; 1 after a gap."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "contraflow-example",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",  # an offset that is gone is a gap as well
        }
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    books = Books()
    try:
        while (message := consumer.poll(idle_s)) is not None:
            show(message, books)
    except GapError as gap:
        print(f"GAP     {gap}", flush=True)
        return 1
    finally:
        consumer.close()
    return 0


def show(message: Message, books: Books) -> None:
    """Print one record."""
    if message.error() is not None:
        raise KafkaException(message.error())
    headers = {name: value.decode() for name, value in message.headers()}
    if not books.is_new(headers):
        print(f"REPEAT  {headers['event_id']}", flush=True)
        return
    record = json.loads(message.value())
    if headers["type"] == "manifest":
        print(f"SUMS    {headers['event_id']} {record['entries']} entries, debits {record['debits']}", flush=True)
        return
    lines = ", ".join(f"{side} {account} {amount} {currency}" for account, side, amount, currency in record["lines"])
    print(f"ENTRY   {headers['event_id']} {record['fact']['type']}: {lines}", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
