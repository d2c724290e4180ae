"""Servers: where this run's Kafka and PostgreSQL are, whoever runs them.

Settings that name servers are taken as they are. Otherwise the embedded pair of the data directory is meant: the one
that another process runs there, or one started for as long as it is needed. Whatever is found comes back as settings
that name both servers, so that nobody behind this module has to ask again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pydantic import SecretStr

from contraflow.embedded import EmbeddedPair, PairAddresses, PairInUse, PairOptions
from contraflow.embedded.lock import DirectoryLock
from contraflow.embedded.postgres import EmbeddedPostgres
from contraflow.kafka_security import KafkaSecurity
from contraflow.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

Say = Callable[[str], None]

IN_USE_WAIT_S = 30.0


@contextlib.contextmanager
def own_servers(settings: Settings, say: Say) -> Iterator[tuple[Settings, EmbeddedPair | None]]:
    """Both servers for a whole pipeline: the named ones, or an embedded pair that this process starts and owns.

    Raises PairInUse when another process runs the pair.
    """
    if not settings.is_embedded:
        yield settings, None
        return
    with EmbeddedPair.open(settings.data_dir, progress=say, options=pair_options(settings)) as pair:
        yield resolved(settings, pair.addresses), pair


@contextlib.contextmanager
def any_servers(settings: Settings, say: Say) -> Iterator[Settings]:
    """Both servers: the named ones, the running pair, or one started for the block."""
    if not settings.is_embedded:
        yield settings
        return
    with EmbeddedPair.use(settings.data_dir, progress=say, options=pair_options(settings)) as addresses:
        yield resolved(settings, addresses)


@contextlib.contextmanager
def readable_postgres(settings: Settings, say: Say, purpose: str = "read from it") -> Iterator[Settings]:
    """PostgreSQL alone: the named one, the running pair's, or an embedded one started for the block.

    Args:
        purpose: what the embedded one is started for, to be said.

    In the last case the settings that come back name no Kafka.
    """
    if settings.postgres is not None:
        yield settings
        return
    deadline_s = time.monotonic() + IN_USE_WAIT_S
    while True:
        running = EmbeddedPair.attach(settings.data_dir)
        if running is not None:
            yield resolved(settings, running)
            return
        try:
            lock = _lock(settings.data_dir)
        except PairInUse:
            # Somebody starts or stops the servers right now.
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)
            continue
        break
    logs = settings.data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    server = EmbeddedPostgres(settings.data_dir / "postgres", logs / "postgres.log")
    try:
        say(f"Starting the embedded PostgreSQL to {purpose} (no pipeline is running)")
        server.launch(say)
        server.wait_ready()
        yield settings.model_copy(update={"postgres": SecretStr(server.dsn)})
    finally:
        try:
            server.stop()
        finally:
            lock.release()


def running_servers(settings: Settings) -> Settings | None:
    """Settings with the named servers or the running pair's; None when an embedded pair is meant and none runs."""
    if not settings.is_embedded:
        return settings
    running = EmbeddedPair.attach(settings.data_dir)
    return None if running is None else resolved(settings, running)


def resolved(settings: Settings, addresses: PairAddresses) -> Settings:
    """The settings with the pair's addresses where they name none."""
    found: dict[str, object] = {}
    if settings.kafka is None:
        # The embedded broker listens on loopback without TLS or login.
        found |= {"kafka": addresses.bootstrap_servers, "kafka_security": KafkaSecurity(), "replication_factor": 1}
    if settings.postgres is None:
        found["postgres"] = SecretStr(addresses.postgres_dsn)
    return settings.model_copy(update=found)


def pair_options(settings: Settings) -> PairOptions:
    """How the embedded pair is started."""
    return PairOptions(
        jars_dir=settings.jars_dir, maven_repository=settings.maven_repository, heap_mb=settings.kafka_heap_mb
    )


def _lock(data_dir: Path) -> DirectoryLock:
    import os

    # As the pair makes it: root's PostgreSQL runs as another user, who has to pass through.
    data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return DirectoryLock(data_dir)
