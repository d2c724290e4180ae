"""A trial: the tests, run on a tree of their own, until the first one fails."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WAIT_S_MAX: Final = 60.0
# The quick ones first: most mutants never reach a server.
STAGES: Final = (
    ("tests/unit/ledger",),
    (
        "tests/integration/test_writer_in_flight.py",
        "tests/integration/test_writer.py",
        "tests/integration/test_storage.py",
        "tests/integration/test_store.py",
        "tests/integration/test_past.py",
    ),
)
_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (\S+::[^\n]*?)(?: - |$)", re.MULTILINE)
_PYTEST_PASSED, _PYTEST_FAILED = 0, 1


class TrialError(Exception):
    """The tests could not be run to an answer, so nothing is known of the mutant."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How it ended.

    Attributes:
        caught_by: the first test that failed; empty when all passed.
        took_s: seconds.
    """

    caught_by: str
    took_s: float


def try_tree(tree: Path, environment: Mapping[str, str]) -> Trial:
    """Run the stages on `tree`; raises `TrialError` when that takes too long or is no run of tests."""
    started_s = time.monotonic()
    for paths in STAGES:
        left_s = WAIT_S_MAX - (time.monotonic() - started_s)
        caught_by = _first_failure(tree, paths, environment, left_s)
        if caught_by:
            return Trial(caught_by, time.monotonic() - started_s)
    return Trial("", time.monotonic() - started_s)


def _first_failure(tree: Path, paths: tuple[str, ...], environment: Mapping[str, str], wait_s: float) -> str:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider"]
    try:
        run = subprocess.run(
            [*command, "-p", "tests.mutants.unshrunk", *paths],
            cwd=tree,
            # Bytecode is known by its source's second and size, and a mutant may have both in common with the next.
            env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": "", "COLUMNS": "500"},
            capture_output=True,
            text=True,
            timeout=max(wait_s, 0.1),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TrialError(f"no answer within {WAIT_S_MAX:.0f} s: {' '.join(paths)}") from error
    if run.returncode == _PYTEST_PASSED:
        return ""
    found = _FAILED.search(run.stdout)
    if run.returncode != _PYTEST_FAILED or found is None:
        raise TrialError(f"pytest ended with {run.returncode}:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return found[1]
