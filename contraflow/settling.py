"""Settling: wait until everything that stands in the inbound topics is posted and remembered.

By position and never by guess: the ends of the inbound topics are read once, then posting's stored offsets have to
reach them, then every projection has to reach the head that the books had when posting did.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from psycopg import sql

from contraflow.settings import Settings
from contraflow.wiring import kafka_config, postgres_dsn

POLL_S = 0.05
KAFKA_WAIT_S = 10.0


class NotSettled(Exception):
    """The pipeline did not get there in time."""


def wait_settled(
    settings: Settings, *, wait_s: float = 120.0, progress: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Wait; returns the position of every book, which every projection has reached.

    Raises NotSettled after `wait_s` seconds, naming what lags.
    """
    from projections.projection import PROJECTIONS

    deadline_s = time.monotonic() + wait_s
    ends = inbound_ends(settings)
    with psycopg.connect(postgres_dsn(settings), autocommit=True, application_name="contraflow-settling") as connection:

        def until(what: str, lag: Callable[[], int]) -> None:
            said_at_s = time.monotonic()
            while left := lag():
                now_s = time.monotonic()
                if now_s > deadline_s:
                    raise NotSettled(f"{what} did not get there within {wait_s:g} s, {left:,} left; the log says why")
                if progress is not None and now_s - said_at_s >= 2:
                    said_at_s = now_s
                    progress(f"{what}: {left:,} left")
                time.sleep(POLL_S)

        def unread() -> int:
            rows = connection.execute("SELECT topic, partition, next_offset FROM ledger.input_offsets")
            reached = {(topic, partition): next_offset for topic, partition, next_offset in rows}
            return sum(max(end - reached.get(place, 0), 0) for place, end in ends.items())

        until("posting", unread)
        heads: dict[str, int] = dict(connection.execute("SELECT book, head FROM ledger.books").fetchall())

        def behind(name: str) -> int:
            query = sql.SQL("SELECT book, position FROM {}.position").format(sql.Identifier(name))
            reached: dict[str, int] = dict(connection.execute(query).fetchall())
            return sum(max(head - reached.get(book, 0), 0) for book, head in heads.items())

        for name in PROJECTIONS:
            until(f"projection {name}", lambda name=name: behind(name))  # type: ignore[misc]
    return heads


def inbound_ends(settings: Settings) -> dict[tuple[str, int], int]:
    """The offset after the last record of every inbound partition that has records."""
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

    from streams.kafka import admin
    from streams.topics import INPUT_TOPICS

    config = kafka_config(settings)
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    places = [
        TopicPartition(config.topic(topic.name), partition)
        for topic in INPUT_TOPICS
        for partition in range(config.partitions)
    ]
    # The client is kept by name: without it, the answers would never come.
    client = admin(config)
    futures = client.list_offsets(dict.fromkeys(places, latest), request_timeout=KAFKA_WAIT_S)
    ends = {(place.topic, place.partition): future.result(KAFKA_WAIT_S + 5).offset for place, future in futures.items()}
    return {place: end for place, end in ends.items() if end > 0}
