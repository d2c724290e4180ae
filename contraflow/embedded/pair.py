"""The embedded pair: Kafka and PostgreSQL of one data directory, started, found again and stopped together.

    with EmbeddedPair.open(data_dir, progress=print) as pair:
        pair.bootstrap_servers, pair.postgres_dsn

One process owns a data directory. Others find the addresses with `EmbeddedPair.attach`, or take whichever holds
with `EmbeddedPair.use`. When the owner dies, however it dies, its servers stop within a second or two; the next
start waits for that, and recovers what was written.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from contraflow.embedded.errors import PairInUse, ServerDidNotStart
from contraflow.embedded.jars import class_path, default_jars_dir
from contraflow.embedded.kafka import EmbeddedKafka
from contraflow.embedded.lock import DirectoryLock
from contraflow.embedded.postgres import EmbeddedPostgres
from contraflow.embedded.process import ProcessRef
from contraflow.embedded.runtime import Runtime, read_runtime, remove_runtime, write_runtime

REVIVE_ATTEMPTS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class PairAddresses:
    """Where a pair answers: `host:port` of Kafka, connection string of PostgreSQL."""

    bootstrap_servers: str
    postgres_dsn: str


@dataclass(frozen=True, slots=True)
class PairOptions:
    """How to start a pair. `jars_dir`: where the jars are kept (default: the user's cache). `heap_mb`: Kafka's."""

    jars_dir: Path | None = None
    maven_repository: str | None = None
    heap_mb: int = 512
    postgres_settings: dict[str, str] | None = None


class EmbeddedPair:
    """A running pair that this process owns. Make one with `open`."""

    def __init__(
        self, data_dir: Path, lock: DirectoryLock, kafka: EmbeddedKafka, postgres: EmbeddedPostgres, say: _Say
    ) -> None:
        self.data_dir = data_dir
        self._lock = lock
        self._kafka = kafka
        self._postgres = postgres
        self._say = say

    @classmethod
    def open(cls, data_dir: Path, *, progress: _Say | None = None, options: PairOptions | None = None) -> Self:
        """Start both servers on `data_dir` and wait until they answer.

        Raises PairInUse when another process owns the directory, JarsUnavailable, ServiceUserUnusable,
        EmbeddedNotInstalled or ServerDidNotStart. A failed start leaves nothing running.
        """
        say = progress or _say_nothing
        options = options or PairOptions()
        data_dir = data_dir.expanduser().absolute()
        # Root's PostgreSQL runs as another user, who has to pass through; what is inside has narrower modes of its own.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        lock = DirectoryLock(data_dir)
        try:
            logs = data_dir / "logs"
            logs.mkdir(mode=0o700, exist_ok=True)
            jars = class_path(options.jars_dir or default_jars_dir(data_dir), say, options.maven_repository)
            kafka = EmbeddedKafka(data_dir / "kafka", logs / "kafka.log", jars, options.heap_mb)
            postgres = EmbeddedPostgres(data_dir / "postgres", logs / "postgres.log", options.postgres_settings)
            pair = cls(data_dir, lock, kafka, postgres, say)
        except BaseException:
            lock.release()
            raise
        try:
            pair._start(["kafka", "postgres"])
        except BaseException:
            pair.stop()
            raise
        return pair

    @staticmethod
    def attach(data_dir: Path, wait_s: float = 0) -> PairAddresses | None:
        """The addresses of the pair that another process runs on `data_dir`; None when none runs.

        `wait_s`: how long to wait for one that is still starting.
        """
        data_dir = data_dir.expanduser().absolute()
        deadline_s = time.monotonic() + wait_s
        while True:
            runtime = read_runtime(data_dir)
            if runtime is not None and runtime.is_alive():
                return PairAddresses(runtime.bootstrap_servers, runtime.postgres_dsn)
            if time.monotonic() >= deadline_s:
                return None
            time.sleep(0.1)

    @classmethod
    @contextlib.contextmanager
    def use(
        cls, data_dir: Path, *, progress: _Say | None = None, options: PairOptions | None = None, wait_s: float = 120
    ) -> Iterator[PairAddresses]:
        """The running pair of `data_dir`, or one started here and stopped at the end of the block.

        When another process is just starting it, waits up to `wait_s` seconds for that, then raises PairInUse.
        """
        running = cls.attach(data_dir)
        if running is not None:
            yield running
            return
        try:
            pair = cls.open(data_dir, progress=progress, options=options)
        except PairInUse:
            running = cls.attach(data_dir, wait_s)
            if running is None:
                raise
            yield running
            return
        with pair:
            yield pair.addresses

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's address, `host:port`."""
        return self._kafka.bootstrap_servers

    @property
    def postgres_dsn(self) -> str:
        """Connection string of the database `contraflow`."""
        return self._postgres.dsn

    @property
    def addresses(self) -> PairAddresses:
        """Both addresses."""
        return PairAddresses(self.bootstrap_servers, self.postgres_dsn)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the two servers, by the names `kafka` and `postgres`."""
        return {"kafka": self._kafka.server().pid, "postgres": self._postgres.server().pid}

    def dead(self) -> list[str]:
        """Which of `kafka` and `postgres` no longer run. Cheap: ask as often as you like."""
        running = {"kafka": self._kafka.is_running(), "postgres": self._postgres.is_running()}
        return [name for name, runs in running.items() if not runs]

    def revive(self) -> list[str]:
        """Start again what died, at the same addresses, and wait until it answers; the names of what was started.

        A server that dies while another one starts, or again while it starts itself, is started in the next attempt.
        Raises ServerDidNotStart after `REVIVE_ATTEMPTS_MAX` failed ones; then the pair is stopped as a whole.
        """
        started: dict[str, None] = {}
        failed = 0
        while gone := self.dead():
            self._say(f"Starting {' and '.join(gone)} again")
            started |= dict.fromkeys(gone)
            try:
                self._start(gone)
            except ServerDidNotStart as error:
                failed += 1
                if failed == REVIVE_ATTEMPTS_MAX:
                    self.stop()
                    raise
                self._say(str(error).splitlines()[0])
            except BaseException:
                self.stop()
                raise
        return list(started)

    def stop(self) -> None:
        """Stop both servers cleanly and let go of the directory. Repeating it does nothing."""
        remove_runtime(self.data_dir)
        try:
            self._kafka.stop()
        finally:
            try:
                self._postgres.stop()
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, names: list[str]) -> None:
        """Launch both before waiting for either: Kafka takes seconds, PostgreSQL is ready meanwhile."""
        started_s = time.monotonic()
        if "kafka" in names:
            self._kafka.launch(self._say)
        if "postgres" in names:
            self._postgres.launch(self._say)
            self._postgres.wait_ready()
        if "kafka" in names:
            self._kafka.wait_ready(self._say)
        owner = ProcessRef.of(os.getpid())
        assert owner is not None, "this process exists"
        write_runtime(
            self.data_dir,
            Runtime(owner, self._kafka.server(), self._postgres.server(), self.bootstrap_servers, self.postgres_dsn),
        )
        self._say(f"{' and '.join(names)} answered after {time.monotonic() - started_s:.1f} s")


_Say = Callable[[str], None]


def _say_nothing(_: str) -> None:
    return None
