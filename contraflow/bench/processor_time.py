"""Processor time by process: which part, server and session spent how much during a bench.

Wall time says little on a machine that others share, and nothing about where it went. Linux tells what every process
has used; elsewhere, and for servers on other machines, the figures are missing rather than wrong.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg

from contraflow.embedded.runtime import read_runtime
from contraflow.settings import Settings
from contraflow.wiring import postgres_dsn

BENCH: Final = "bench"  # this process: makes the load and watches
OTHER: Final = "postgres other"  # checkpoints, the log's writer, vacuum, sessions that have ended
_OURS: Final = "contraflow-"


def spent_s(pid: int) -> float:
    """Processor seconds of a process so far, user and system, all threads; 0 where nobody tells."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S if fields else 0.0


class ProcessorTimes:
    """Reads the clocks of a pipeline's processes, and of the embedded servers where `settings` mean them."""

    def __init__(self, settings: Settings, parts: Mapping[str, int]) -> None:
        """`parts`: part -> process id."""
        self._parts = dict(parts)
        self._runtime = read_runtime(settings.data_dir)
        self._dsn = postgres_dsn(settings)

    def read(self) -> dict[str, float]:
        """Processor seconds so far, by part, server and PostgreSQL session (``postgres <application>``)."""
        times = {name: spent_s(pid) for name, pid in self._parts.items()} | {BENCH: spent_s(os.getpid())}
        if self._runtime is None:
            return times
        times["kafka"] = spent_s(self._runtime.kafka.pid)
        return times | self._postgres(self._runtime.postgres.pid)

    def _postgres(self, server: int) -> dict[str, float]:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            names: dict[int, str] = dict(
                connection.execute(
                    "SELECT pid, application_name FROM pg_stat_activity WHERE application_name LIKE %s", (f"{_OURS}%",)
                ).fetchall()
            )
        times: dict[str, float] = {OTHER: _with_ended_children_s(server)}
        for pid in _children(server):
            name = f"postgres {names[pid].removeprefix(_OURS)}" if pid in names else OTHER
            times[name] = times.get(name, 0.0) + spent_s(pid)
        return times


def microseconds(before: Mapping[str, float], after: Mapping[str, float], count: int) -> dict[str, float]:
    """What each process spent between two readings, in microseconds for each of `count` things, and their sum."""
    spent = {name: (after[name] - before.get(name, 0.0)) * 1e6 / max(count, 1) for name in after}
    rounded = {name: round(spent[name], 1) for name in sorted(spent, key=lambda name: -spent[name])}
    return {"all": round(sum(spent.values()), 1), **rounded}


_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields after the name, of which the first is the state; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _with_ended_children_s(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS_PER_S if fields else 0.0


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields and int(fields[1]) == pid:
            found.append(int(folder.name))
    return found
