"""Health: what runs, how far everything has got, and what lags behind. Asked from outside, without the parts' help.

Positions come from PostgreSQL, the ends of topics and the members of consumer groups from Kafka, readiness from the
API's own `/ready`.
"""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from contraflow.pipeline import api_url
from contraflow.settings import Settings
from contraflow.wiring import kafka_config, postgres_dsn, projecting_config

PROBE_WAIT_S = 2.0
KAFKA_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one reader of a book has got; `lag` counts events."""

    name: str
    book: str
    position: int
    lag: int


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic; `waiting` counts records that posting has not read, None for topics that it does not read."""

    topic: str
    partitions: int
    records: int
    waiting: int | None


@dataclass(slots=True)
class Health:
    """Everything that `contraflow status` shows."""

    kafka: str = "not running"
    postgres: str = "not running"
    api: str = "not running"
    books: dict[str, int] = field(default_factory=dict)
    projections: list[Progress] = field(default_factory=list)
    publishing: list[Progress] = field(default_factory=list)
    topics: list[TopicState] = field(default_factory=list)
    dead_letters_open: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def read_health(settings: Settings) -> Health:
    """Ask PostgreSQL, and Kafka and the API where the settings name a Kafka."""
    health = Health()
    offsets = _read_postgres(postgres_dsn(settings), health)
    if settings.kafka is not None:
        _read_topics(settings, offsets, health)
        health.api = "ready" if api_is_ready(settings) else "not running"
    return health


def read_projections(settings: Settings) -> list[Progress]:
    """Every projection's position and lag in each book."""
    with psycopg.connect(postgres_dsn(settings), autocommit=True, connect_timeout=10) as connection:
        books: dict[str, int] = dict(connection.execute("SELECT book, head FROM ledger.books ORDER BY book").fetchall())
        return _projections(connection, books)


def unready(settings: Settings, names: Sequence[str]) -> list[str]:
    """Which of these parts do not do their work yet. Publishing has no sign of its own: it is ready when it runs."""
    checks = {"api": api_is_ready, "posting": _posting_is_ready, "projecting": _projecting_is_ready}
    return [name for name in names if name in checks and not checks[name](settings)]


def posting_runs(settings: Settings) -> bool:
    """Whether somebody posts from the inbound topics, or is about to; raises KafkaException when Kafka is away."""
    from confluent_kafka import ConsumerGroupState

    from streams.kafka import admin
    from streams.posting import GROUP

    group = settings.topic_prefix + GROUP
    client = admin(kafka_config(settings))
    described = client.describe_consumer_groups([group], request_timeout=KAFKA_WAIT_S)[group].result(KAFKA_WAIT_S + 5)
    return described.state not in (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD, ConsumerGroupState.UNKNOWN)


def api_is_ready(settings: Settings) -> bool:
    """Whether the API says that it can do all of its work."""
    address = urlsplit(api_url(settings))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PROBE_WAIT_S)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _posting_is_ready(settings: Settings) -> bool:
    from streams.posting import GROUP

    return _group_is_stable(settings, settings.topic_prefix + GROUP)


def _projecting_is_ready(settings: Settings) -> bool:
    return _group_is_stable(settings, projecting_config(settings).group())


def _group_is_stable(settings: Settings, group: str) -> bool:
    """Whether the group has members, and they have agreed on who reads what."""
    from confluent_kafka import ConsumerGroupState, KafkaException

    from streams.kafka import admin

    client = admin(kafka_config(settings))
    try:
        described = client.describe_consumer_groups([group], request_timeout=PROBE_WAIT_S)[group].result(PROBE_WAIT_S)
    except (KafkaException, TimeoutError):
        return False
    return bool(described.state == ConsumerGroupState.STABLE and described.members)


def _read_postgres(dsn: str, health: Health) -> dict[tuple[str, int], int]:
    """Fill in what PostgreSQL knows; posting's next offsets."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        health.postgres = f"PostgreSQL {connection.info.parameter_status('server_version')}"
        if not _exists(connection, "ledger.books"):
            return {}
        health.books = dict(connection.execute("SELECT book, head FROM ledger.books ORDER BY book").fetchall())
        health.projections = _projections(connection, health.books)
        rows = connection.execute(
            "SELECT stream, book, position, head - position FROM ledger.publications JOIN ledger.books USING (book_id)"
            " ORDER BY stream, book"
        )
        health.publishing = [Progress(*row) for row in rows]
        counted = connection.execute("SELECT count(*) FROM ledger.dead_letters WHERE status = 'open'").fetchone()
        health.dead_letters_open = counted[0] if counted is not None else 0
        found = connection.execute("SELECT topic, partition, next_offset FROM ledger.input_offsets")
        return {(topic, partition): next_offset for topic, partition, next_offset in found}


def _projections(connection: psycopg.Connection[Any], books: dict[str, int]) -> list[Progress]:
    from projections.projection import PROJECTIONS

    found = []
    for name in PROJECTIONS:
        if _exists(connection, f"{name}.position"):
            query = sql.SQL("SELECT book, position FROM {}.position").format(sql.Identifier(name))
            reached = dict(connection.execute(query).fetchall())
            found += [
                Progress(name, book, reached.get(book, 0), head - reached.get(book, 0)) for book, head in books.items()
            ]
    return found


def _exists(connection: psycopg.Connection[Any], table: str) -> bool:
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return found is not None and bool(found[0])


def _read_topics(settings: Settings, offsets: dict[tuple[str, int], int], health: Health) -> None:
    from confluent_kafka import KafkaException, TopicPartition
    from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

    from streams.kafka import admin
    from streams.topics import INPUT_TOPICS, TOPICS

    config = kafka_config(settings)
    client = admin(config)
    try:
        known = client.list_topics(timeout=KAFKA_WAIT_S)
        names = [config.topic(topic.name) for topic in TOPICS if config.topic(topic.name) in known.topics]
        places = [TopicPartition(name, number) for name in names for number in known.topics[name].partitions]
        edges = []
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):  # type: ignore[no-untyped-call]
            futures = client.list_offsets(dict.fromkeys(places, spec), request_timeout=KAFKA_WAIT_S)
            edges.append(
                {
                    (place.topic, place.partition): future.result(KAFKA_WAIT_S + 5).offset
                    for place, future in futures.items()
                }
            )
    except KafkaException as error:
        health.kafka = f"not reachable: {error.args[0].str()}"
        return
    health.kafka = f"{config.bootstrap_servers}, {len(known.brokers)} brokers"
    starts, ends = edges
    inputs = {config.topic(topic.name) for topic in INPUT_TOPICS}
    for name in names:
        numbers = known.topics[name].partitions
        waiting = sum(ends[name, n] - max(offsets.get((name, n), 0), starts[name, n]) for n in numbers)
        records = sum(ends[name, n] - starts[name, n] for n in numbers)
        health.topics.append(TopicState(name, len(numbers), records, waiting if name in inputs else None))
