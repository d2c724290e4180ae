"""Servers as processes: start one under a guard, find again what an earlier run left behind, stop either.

Only processes that we started are ever signalled: a process id counts as ours when the process was already running
at the moment its pid file was written, and the file was written by its guard.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from contraflow.embedded.errors import ServerDidNotStart

LOG_BYTES_MAX = 16 * 1024 * 1024
# Process start times are computed from the boot time, which moves when the clock is set.
START_TIME_SLACK_S = 2.0


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """A process that can be told apart from a later one with the same id. `started_at_s`: seconds since 1970."""

    pid: int
    started_at_s: float

    @classmethod
    def of(cls, pid: int) -> ProcessRef | None:
        """The process that has this id now, None when there is none."""
        import psutil

        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def is_alive(self) -> bool:
        """Whether exactly this process still runs. A zombie does not."""
        import psutil

        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            started_at_s: float = process.create_time()
            return abs(started_at_s - self.started_at_s) < START_TIME_SLACK_S
        except psutil.NoSuchProcess:
            return False

    def send(self, signal_number: int) -> None:
        """Signal exactly this process; nothing when it is gone."""
        if self.is_alive():
            try:
                os.kill(self.pid, signal_number)
            except ProcessLookupError:
                return

    def wait_gone(self, wait_s: float) -> bool:
        """Wait until it is gone; False when it is still there after `wait_s` seconds."""
        deadline_s = time.monotonic() + wait_s
        while self.is_alive():
            if time.monotonic() > deadline_s:
                return False
            time.sleep(0.02)
        return True


@dataclass(frozen=True, slots=True)
class Order:
    """What a guard is told: the command line, its user (uid, gid), a Linux capability to keep, how to stop it."""

    argv: list[str]
    pid_file: str
    stop_signal: int
    stop_wait_s: float
    user: tuple[int, int] | None = None
    capability: int | None = None
    parent_pid: int = field(default_factory=os.getpid)


class GuardedProcess:
    """One running server with its guard."""

    def __init__(self, name: str, order: Order, log_path: Path, environment: dict[str, str] | None = None) -> None:
        """Start the guard, which starts the server; output goes to `log_path`."""
        self.name = name
        self.log_path = log_path
        self._order = order
        self._pid_file = Path(order.pid_file)
        self._pid_file.unlink(missing_ok=True)
        if log_path.exists() and log_path.stat().st_size > LOG_BYTES_MAX:
            log_path.replace(log_path.with_suffix(".log.1"))
        guard = Path(__file__).with_name("guard.py")
        with log_path.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(guard), json.dumps(asdict(order))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=clean_environment() | (environment or {}),
                start_new_session=True,  # a Ctrl-C in our terminal is for us alone
            )

    def server(self, wait_s: float = 10) -> ProcessRef:
        """The server's process id, once the guard has written it. Raises ServerDidNotStart."""
        deadline_s = time.monotonic() + wait_s
        while True:
            found = read_pid_file(self._pid_file)
            if found is not None and found[1] is not None:
                return found[1]
            if self._guard.poll() is not None or time.monotonic() > deadline_s:
                raise ServerDidNotStart(f"{self.name} ended at once. The end of {self.log_path}:\n{self.log_tail()}")
            time.sleep(0.01)

    def is_running(self) -> bool:
        """Whether guard and server still run."""
        return self._guard.poll() is None

    def wait(self, wait_s: float) -> int:
        """Wait until the server ends by itself; its exit code. Raises subprocess.TimeoutExpired."""
        return self._guard.wait(wait_s)

    def stop(self) -> None:
        """Ask the server to end, wait, kill it when it does not."""
        if self._guard.poll() is None:
            self._guard.terminate()
            try:
                self._guard.wait(self._order.stop_wait_s + 5)
            except subprocess.TimeoutExpired:
                self._guard.kill()
                self._guard.wait()
        stop_leftover(self._pid_file, self._order.stop_signal, self._order.stop_wait_s)

    def log_tail(self, lines: int = 15) -> str:
        """The last lines that the server wrote."""
        try:
            return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
        except OSError as error:
            return f"(no log: {error})"


def read_pid_file(pid_file: Path) -> tuple[ProcessRef | None, ProcessRef | None] | None:
    """Guard and server of a pid file, each None when it is gone or its id is a younger process's; None: no file."""
    try:
        content = json.loads(pid_file.read_text())
    except FileNotFoundError:
        return None
    written_at_s = float(content["written_at_s"])

    def ours(pid: int) -> ProcessRef | None:
        found = ProcessRef.of(pid)
        return found if found is not None and found.started_at_s <= written_at_s + START_TIME_SLACK_S else None

    return ours(content["guard_pid"]), ours(content["server_pid"])


def stop_leftover(pid_file: Path, stop_signal: int, wait_s: float) -> bool:
    """Stop what an earlier run left behind, if anything; True when there was something to stop."""
    found = read_pid_file(pid_file)
    if found is None:
        return False
    guard, server = found
    stopped = False
    for process, gentle in ((server, stop_signal), (guard, signal.SIGTERM)):
        if process is not None and process.is_alive():
            stopped = True
            process.send(gentle)
            if not process.wait_gone(wait_s):
                process.send(signal.SIGKILL)
                process.wait_gone(5)
    pid_file.unlink(missing_ok=True)
    return stopped


def clean_environment() -> dict[str, str]:
    """What a server gets to see: nothing of PG*, JAVA_*, KAFKA_* or our secrets."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", **kept}
