"""`runtime.json`: what runs in a data directory, so that a second command finds the running pair. Mode 0600.

It is a hint, never proof: after a power cut or a SIGKILL it names processes that are gone. A reader believes it
only when owner and servers are the very processes that were written down (id and start time) and both addresses
answer.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from contraflow.embedded.port import answers
from contraflow.embedded.process import ProcessRef

FILE_NAME = "runtime.json"


@dataclass(frozen=True, slots=True)
class Runtime:
    """The running pair: who started it, its two servers, their addresses."""

    owner: ProcessRef
    kafka: ProcessRef
    postgres: ProcessRef
    bootstrap_servers: str
    postgres_dsn: str

    def is_alive(self) -> bool:
        """Whether owner and servers run, and both accept connections."""
        processes = (self.owner, self.kafka, self.postgres)
        if not all(process.is_alive() for process in processes):
            return False
        return answers(int(self.bootstrap_servers.rpartition(":")[2])) and _socket_answers(self.postgres_dsn)


def write_runtime(data_dir: Path, runtime: Runtime) -> None:
    """Write it in one step; only its owner may read it."""
    path = data_dir / FILE_NAME
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(runtime), file, indent=2)
    fresh.replace(path)


def read_runtime(data_dir: Path) -> Runtime | None:
    """What was written last, alive or not; None when there is nothing or it is no longer readable."""
    try:
        content = json.loads((data_dir / FILE_NAME).read_text())
        return Runtime(
            owner=ProcessRef(**content["owner"]),
            kafka=ProcessRef(**content["kafka"]),
            postgres=ProcessRef(**content["postgres"]),
            bootstrap_servers=content["bootstrap_servers"],
            postgres_dsn=content["postgres_dsn"],
        )
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def remove_runtime(data_dir: Path) -> None:
    """Forget it: the pair was stopped."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)


def _socket_answers(dsn: str) -> bool:
    query = parse_qs(urlsplit(dsn).query)
    path = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
