"""Benches: what the system does on this machine, measured, with everything needed to judge the figure.

Every bench starts an embedded pair of its own in a temporary directory (fsync on), or uses the servers that the
settings name, and returns one object: figures, sizes, versions, machine.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from contraflow.bench.options import BenchOptions

BENCHES: Final = ("post", "pipeline", "latency", "rebuild", "api", "processor")


def run(name: str, options: BenchOptions) -> dict[str, Any]:
    """Run one bench; returns the object that ``contraflow bench NAME`` prints.

    Raises:
        ValueError: there is no such bench.
    """
    if name not in BENCHES:
        raise ValueError(f"there is no bench {name!r}; there are {', '.join(BENCHES)}")
    measure: Callable[[BenchOptions], dict[str, Any]] = import_module(f"contraflow.bench.{name}_bench").measure
    return measure(options)


__all__ = ["BENCHES", "BenchOptions", "run"]
