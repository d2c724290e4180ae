"""Where the tests get their Kafka and PostgreSQL: the embedded pair, or containers with CONTRAFLOW_TEST_INFRA=docker.

A run of the tests that another program starts many times is given its servers: CONTRAFLOW_TEST_INFRA=given, with their
addresses in CONTRAFLOW_TEST_KAFKA and CONTRAFLOW_TEST_POSTGRES. Real servers in any case. Without them the tests fail
and say what to do; they never skip.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from contraflow.embedded import EmbeddedError, EmbeddedPair, PairAddresses, PairOptions
from contraflow.embedded.kafka import broker_count
from contraflow.embedded.lockfile import KAFKA_VERSION
from contraflow.embedded.port import LOOPBACK, free_ports

KAFKA_IMAGE = f"apache/kafka:{KAFKA_VERSION}"
POSTGRES_IMAGE = "postgres:18"
# Small memory; commits still reach the disk.
TEST_OPTIONS = PairOptions(heap_mb=384, postgres_settings={"shared_buffers": "128MB", "max_wal_size": "1GB"})


@contextlib.contextmanager
def running_pair(data_dir: Path) -> Iterator[PairAddresses]:
    """A pair for one test session."""
    chosen = os.environ.get("CONTRAFLOW_TEST_INFRA", "embedded")
    if chosen == "docker":
        with _containers() as addresses:
            yield addresses
    elif chosen == "given":
        yield PairAddresses(os.environ["CONTRAFLOW_TEST_KAFKA"], os.environ["CONTRAFLOW_TEST_POSTGRES"])
    elif chosen == "embedded":
        try:
            pair = EmbeddedPair.open(data_dir, progress=_say, options=TEST_OPTIONS)
        except EmbeddedError as error:
            pytest.fail(
                f"the tests need a Kafka and a PostgreSQL, and the embedded pair did not start: {error}\n"
                "With Docker at hand, run them with CONTRAFLOW_TEST_INFRA=docker.",
                pytrace=False,
            )
        with pair:
            yield pair.addresses
    else:
        pytest.fail(
            f"CONTRAFLOW_TEST_INFRA={chosen!r}: use 'embedded' (the default), 'docker' or 'given'", pytrace=False
        )


@contextlib.contextmanager
def fresh_database(server_dsn: str, name: str) -> Iterator[str]:
    """A new, empty database on the server, dropped at the end with whoever is still connected to it."""
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} STRATEGY wal_log").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(server_dsn)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def _containers() -> Iterator[PairAddresses]:
    from docker.errors import DockerException
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer

    (port,) = free_ports(1)
    kafka = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENERS": "BROKER://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"BROKER://{LOOPBACK}:{port}",
        "LISTENER_SECURITY_PROTOCOL_MAP": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "INTER_BROKER_LISTENER_NAME": "BROKER",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "MESSAGE_MAX_BYTES": str(4 * 1024 * 1024),
    }.items():
        kafka = kafka.with_env(f"KAFKA_{name}", value)
    postgres = PostgresContainer(POSTGRES_IMAGE, driver=None)
    with contextlib.ExitStack() as running:
        try:
            running.enter_context(kafka)
            running.enter_context(postgres)
        except DockerException as error:
            pytest.fail(f"CONTRAFLOW_TEST_INFRA=docker, and Docker cannot be used: {error}", pytrace=False)
        deadline_s = time.monotonic() + 60
        while broker_count(f"{LOOPBACK}:{port}", wait_s=2) == 0:
            if time.monotonic() > deadline_s:
                pytest.fail(f"{KAFKA_IMAGE} did not answer on {LOOPBACK}:{port} within 60 s", pytrace=False)
            time.sleep(0.2)
        yield PairAddresses(f"{LOOPBACK}:{port}", postgres.get_connection_url())


def _say(line: str) -> None:
    print(line, file=sys.__stderr__, flush=True)
