"""A store that fills with entries and a journal topic that tells of them, as posting and publishing would."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from confluent_kafka import Producer
from psycopg import sql

from ledger.accounts import load_chart
from ledger.events import Recorded
from ledger.journal import read_events
from ledger.rules import load_rules
from ledger.store import Store
from projections.advance import advance
from projections.journal_reader import JournalReader
from projections.projection import Projection
from projections.schema import create_tables
from streams.kafka import KafkaConfig, producer
from tests.unit.ledger.builders import NOW_US, payment, refund

TOPIC = "ledger.journal"


class Stage:
    """Books in the store of `postgres_dsn`, told in the journal topic of `kafka`."""

    def __init__(self, kafka: KafkaConfig, postgres_dsn: str, books: Iterable[str] = ("main",)) -> None:
        self.kafka = kafka
        self.store = Store.open(postgres_dsn)
        self.dsn = postgres_dsn
        self.leases = self.store.take(list(books))
        self.books = {}
        for name, lease in self.leases.items():
            self.books[name] = self.store.load(name)
            if not self.books[name].version:
                self.store.open_book(lease, self.books[name], load_chart(), load_rules(), NOW_US)
        self.producer: Producer = producer(kafka, "stage", linger_ms=0)

    def close(self) -> None:
        self.producer.flush(10)
        self.store.close()

    def post(self, book: str, count: int, *, batch: int = 500) -> tuple[int, int]:
        """Append `count` facts, one in five a refund; returns the first and last position."""
        at = self.books[book].version
        first = at + 1
        while count:
            some = min(batch, count)
            facts = [
                refund(number, 100 + number % 7) if number % 5 == 0 else payment(number, 1000 + number % 900)
                for number in range(at, at + some)
            ]
            decided = self.books[book].decide(facts, {}, NOW_US + at)
            self.store.append([self.store.prepare(self.leases[book], self.books[book], decided)])
            at, count = self.books[book].version, count - some
        return first, at

    def events(self, book: str, first: int, last: int) -> list[Recorded]:
        return read_events(self.store.connection, book, after=first - 1, upto=last, limit=None)

    def tell(self, book: str, first: int, last: int, *, per_record: int = 500) -> None:
        """Send the journal records of these positions, and wait until Kafka has them."""
        events = self.events(book, first, last)
        for start in range(0, len(events), per_record):
            self.send(book, journal_record(events[start : start + per_record]))
        self.flush()

    def send(self, book: str, value: bytes | None, partition: int = -1) -> None:
        while True:
            try:
                self.producer.produce(self.kafka.topic(TOPIC), value, book.encode(), partition)
            except BufferError:
                self.producer.poll(0.1)
            else:
                return

    def flush(self) -> None:
        assert self.producer.flush(30) == 0


def journal_record(events: Sequence[Recorded]) -> bytes:
    """A record as publishing writes it: the bodies stand in it byte for byte."""
    rows = b",".join(
        b'{"position":%d,"type":"%s","recorded_at_us":%d,"body":%s}'
        % (event.position, event.type.encode(), event.recorded_at_us, event.body)
        for event in events
    )
    first, last = events[0], events[-1]
    return b'{"book":"%s","first":%d,"last":%d,"events":[%s]}' % (
        first.book.encode(), first.position, last.position, rows,
    )  # fmt: skip


def rows_of(connection: psycopg.Connection[Any], schema: str) -> dict[str, list[str]]:
    """Every row of every table of a schema, as text, sorted."""
    tables = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY 1", (schema,)
    ).fetchall()
    return {name: sorted(_rows(connection, schema, name)) for (name,) in tables}


def _rows(connection: psycopg.Connection[Any], schema: str, table: str) -> Iterator[str]:
    query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
    for (row,) in connection.execute(query):
        yield row


def fold_anew(connection: psycopg.Connection[Any], projection: Projection, schema: str) -> dict[str, list[str]]:
    """The rows that a fold of the whole store gives, made in `schema` without Kafka."""
    with connection.transaction(), connection.cursor() as cursor:
        create_tables(cursor, projection, schema)
    reader = JournalReader(connection)
    for book, head in reader.heads().items():
        advance(connection, projection, book, reader.read(book, 0, head), reader, schema)
    return rows_of(connection, schema)
