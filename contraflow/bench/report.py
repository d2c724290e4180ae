"""The report of a bench: figures beside everything that one needs to judge them."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import psycopg

_PACKAGES: Final = (
    "contraflow",
    "confluent-kafka",
    "eventsourcing",
    "faust-streaming",
    "fastapi",
    "granian",
    "msgspec",
    "psycopg",
    "uvloop",
)


def report(
    bench: str,
    figures: dict[str, float],
    sizes: dict[str, Any],
    postgres: str = "",
    tables: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """One JSON object: the figures rounded, the sizes, versions and machine beside them.

    Args:
        postgres: connection string, to ask the server for its version and durability settings.
        tables: what stands behind the figures, by name; taken as it is.
    """
    return {
        "bench": bench,
        "figures": {name: round(value, 2 if value < 1000 else 0) for name, value in figures.items()},
        **(tables or {}),
        "sizes": sizes,
        "versions": versions(postgres),
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """Processors, memory and kernel of this machine."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions(postgres: str = "") -> dict[str, str]:
    """Versions of what was measured, and whether the database was durable."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if postgres:
        with psycopg.connect(postgres) as connection:
            for setting in ("server_version", "fsync", "synchronous_commit"):
                row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
                found[f"postgresql {setting}"] = str(row[0]) if row else ""
    return found


def percentile(sorted_values: list[float], percent: float) -> float:
    """The value below which `percent` of the sorted values lie; nearest rank."""
    if not sorted_values:
        return 0.0
    rank = max(1, -(-len(sorted_values) * percent // 100))
    return sorted_values[int(rank) - 1]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
