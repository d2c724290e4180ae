"""`contraflow` as its users run it: a process of its own, with settings in its environment."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

ACCOUNT = "acct_cli"
SECRET = "whsec_cli"
WAIT_S = 90.0


class CommandLine:
    """Runs commands with one set of settings."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        endpoints = {"shop": {"account": ACCOUNT, "secrets": [SECRET], "book": "main"}}
        own = {
            "DATA_DIR": str(data_dir),
            "ENDPOINTS": json.dumps(endpoints),
            "KAFKA_HEAP_MB": "384",
            "LOG_LEVEL": "warning",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONTRAFLOW_")}
        self.environment = kept | {f"CONTRAFLOW_{name}": value for name, value in (own | settings).items()}

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run to the end; fails unless it leaves with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "contraflow", *arguments],
            env=self.environment,
            cwd=self.data_dir,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        """What it answers with `-o json`."""
        return json.loads(self.run("-o", "json", *arguments, code=code).stdout)

    @contextlib.contextmanager
    def up(self, *arguments: str, **more: str) -> Iterator[RunningUp]:
        """`contraflow up` until the block ends, ready at its beginning."""
        running = RunningUp([*arguments], self.environment | more, self.data_dir)
        try:
            running.wait_ready()
            yield running
        finally:
            running.end()


class RunningUp:
    """A running `contraflow up`."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], directory: Path) -> None:
        self._lines: list[str] = []
        self.announced: dict[str, Any] = {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "contraflow", "-o", "json", "up", *arguments],
            env=environment,
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._family: set[int] = set()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def said(self) -> str:
        """Everything on stderr so far."""
        return "".join(self._lines)

    def wait_ready(self) -> None:
        """Until it announced itself on stdout."""
        reader = threading.Thread(target=self._announcement, daemon=True)
        reader.start()
        reader.join(WAIT_S)
        assert self.announced, f"not ready within {WAIT_S} s\n{self.said}"
        self._family = self.family()

    def family(self) -> set[int]:
        """Its process and all below it: parts, guards, servers."""
        try:
            process = psutil.Process(self.process.pid)
            return {process.pid, *(child.pid for child in process.children(recursive=True))}
        except psutil.NoSuchProcess:
            return set()

    def pids(self, parts_file: Path) -> dict[str, int]:
        """The parts' processes now."""
        found: dict[str, int] = json.loads(parts_file.read_text())["pids"]
        return found

    def stop(self) -> int:
        """Ask it to stop with SIGTERM; its exit code."""
        self._family |= self.family()
        self.process.terminate()
        return self.process.wait(WAIT_S)

    def left(self) -> set[int]:
        """Processes of it that still run."""
        return {pid for pid in self._family if is_running(pid)}

    def end(self) -> None:
        self._family |= self.family()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        eventually(lambda: not self.left(), "nothing of it runs any more")

    def _read(self) -> None:
        assert self.process.stderr is not None
        self._lines.extend(self.process.stderr)

    def _announcement(self) -> None:
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            with contextlib.suppress(json.JSONDecodeError):
                self.announced = json.loads(text)
                return


def is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def eventually(check: Callable[[], bool], what: str, wait_s: float = WAIT_S) -> None:
    """Wait for a state of things that must come."""
    deadline_s = time.monotonic() + wait_s
    while not check():
        assert time.monotonic() < deadline_s, f"not within {wait_s:g} s: {what}"
        time.sleep(0.1)
