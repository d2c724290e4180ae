"""Pipeline: servers, topics, tables and parts of one installation, brought up in this order and down in the other.

`up` and `demo` run one. Its parts are processes of their own; this process only watches them, and the embedded servers
where they are ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from contraflow.embedded import EmbeddedPair
from contraflow.embedded.port import is_free
from contraflow.parts import needed_parts, part_orders
from contraflow.servers import Say, any_servers, own_servers
from contraflow.settings import Settings, SettingsInvalid
from contraflow.supervision import POLL_S, Supervisor
from contraflow.wiring import polling_config, posting_config

PARTS_FILE: Final = "parts.json"
READY_WAIT_S: Final = 90.0


class PortInUse(Exception):
    """Somebody else listens where the API should."""


class NotReady(Exception):
    """The parts did not get ready in time."""


class Pipeline:
    """A pipeline whose parts have been started. Make one with `running`.

    Attributes:
        settings: with both servers named.
    """

    def __init__(self, settings: Settings, names: Sequence[str], pair: EmbeddedPair | None, say: Say) -> None:
        self.settings = settings
        self.names = names
        self._pair = pair
        self.supervisor = Supervisor(part_orders(settings, names), say, on_change=self._write_parts)

    @classmethod
    @contextlib.contextmanager
    def running(cls, settings: Settings, names: Sequence[str], say: Say) -> Iterator[Pipeline]:
        """Servers, topics, tables, parts; all stopped at the end of the block.

        Raises PortInUse, and whatever the servers and the schemas raise; then nothing is left running.
        """
        if "api" in names and not is_free(settings.api_port):
            raise PortInUse(
                f"port {settings.api_port} is in use: stop what listens there, or choose another with "
                "CONTRAFLOW_API_PORT"
            )
        with contextlib.ExitStack() as stack:
            pair = None
            if set(names) >= set(needed_parts(settings)):
                wired, pair = stack.enter_context(own_servers(settings, say))
            else:
                # Some parts only: the others may run beside us, on the pair that one of us owns.
                wired = stack.enter_context(any_servers(settings, say))
            if "posting" in names:
                posting_config(wired)  # a chart or rules that cannot be read are said here, not by a part that dies
            if "polling" in names and not polling_config(wired).gateways:  # files of credentials are read here as well
                raise SettingsInvalid("CONTRAFLOW_GATEWAYS: there is nobody to poll: name an account with credentials")
            prepare_stores(wired, say)
            pipeline = cls(wired, names, pair, say)
            stack.callback(pipeline._stop)
            pipeline.supervisor.start()
            yield pipeline

    def run(self, is_over: Callable[[], bool]) -> None:
        """Watch until `is_over` says so."""
        while not is_over():
            self.tick()
            time.sleep(POLL_S)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Watch from a thread for the length of the block; what it could not mend is raised at its end."""
        over = threading.Event()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pipeline-watch") as thread:
            watching = thread.submit(self.run, over.is_set)
            try:
                yield
            finally:
                over.set()
            watching.result()

    def tick(self) -> None:
        """Start again what died, servers first."""
        if self._pair is not None and self._pair.dead():
            self._pair.revive()
        self.supervisor.tick()

    def wait_ready(self, is_over: Callable[[], bool] = lambda: False, wait_s: float = READY_WAIT_S) -> bool:
        """Tick until every part does its work; False when `is_over` came first. Raises NotReady after `wait_s`."""
        from contraflow.health import unready

        deadline_s = time.monotonic() + wait_s
        missing = list(self.names)
        while not is_over():
            self.tick()
            missing = unready(self.settings, missing)
            if not missing and len(self.supervisor.pids) == len(self.names):
                return True
            if time.monotonic() > deadline_s:
                raise NotReady(
                    f"{' and '.join(missing) or 'a part'} did not get ready within {wait_s:g} s; the log says why"
                )
            time.sleep(POLL_S)
        return False

    def _stop(self) -> None:
        try:
            self.supervisor.stop()
        finally:
            (self.settings.data_dir / PARTS_FILE).unlink(missing_ok=True)

    def _write_parts(self, supervisor: Supervisor) -> None:
        """`parts.json`: which processes run, for `contraflow status`. A hint, like `runtime.json`."""
        content = {
            "supervisor_pid": os.getpid(),
            "api_url": api_url(self.settings) if "api" in self.names else None,
            "pids": supervisor.pids,
            "restarts": supervisor.restarts_by_part,
        }
        self.settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.settings.data_dir / f"{PARTS_FILE}.new"
        fresh.write_text(json.dumps(content))
        fresh.replace(self.settings.data_dir / PARTS_FILE)


def prepare_stores(settings: Settings, say: Say) -> None:
    """Topics, migrations and schemas: made when missing, checked when there."""
    import psycopg

    from contraflow.wiring import kafka_config, postgres_dsn
    from ledger.schema import migrate
    from projections.schema import ensure_schemas
    from streams.gateway_schema import migrate_gateways
    from streams.topics import ensure_topics

    created = ensure_topics(kafka_config(settings))
    if created:
        say(f"Created {len(created)} topics")
    with psycopg.connect(postgres_dsn(settings), autocommit=True) as connection:
        migrate(connection)
        ensure_schemas(connection)
        migrate_gateways(connection)


def api_url(settings: Settings) -> str:
    """Where this machine reaches the API."""
    host = settings.api_host if settings.api_host not in ("0.0.0.0", "::", "") else "127.0.0.1"  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}"


def read_parts(data_dir: Path) -> dict[str, object]:
    """What `parts.json` says; empty when no pipeline of this data directory wrote one."""
    try:
        content = json.loads((data_dir / PARTS_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
