"""Fixtures of every test: one real Kafka and PostgreSQL a session, a database and topic names for each test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from tests.infra import fresh_database, running_pair

# The kit of the connectors is inherited, not collected: its asserts explain themselves all the same.
pytest.register_assert_rewrite("tests.unit.connectors.kit")

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PairAddresses]:
    """`pair.bootstrap_servers` and `pair.postgres_dsn` of the session's servers."""
    with running_pair(tmp_path_factory.mktemp("pair")) as addresses:
        yield addresses


@pytest.fixture
def postgres_dsn(pair: PairAddresses) -> Iterator[str]:
    """Connection string of an empty database that only this test uses."""
    with fresh_database(pair.postgres_dsn, f"test_{uuid.uuid4().hex[:12]}") as dsn:
        yield dsn


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for the topics and groups of this test on the shared broker."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that returns a TCP port of the loopback interface that is free right now."""
    return lambda: free_ports(1)[0]


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample payloads and statements beside this repository."""
    if not SAMPLES.is_dir():
        pytest.skip("the samples are not beside this repository")
    return SAMPLES
