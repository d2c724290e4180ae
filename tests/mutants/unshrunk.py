"""A pytest plugin for a run on a mutant: the same random examples every time, and no search for a smaller one.

That a test fails is all one wants to know here; shrinking would take longer than everything else together.
"""

from pathlib import Path

import pytest
from hypothesis import Phase, settings

settings.register_profile(
    "unshrunk", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("unshrunk")


def pytest_configure() -> None:
    import ledger

    tree = Path(ledger.__file__).parents[1]
    if tree != Path.cwd().resolve():
        pytest.exit(f"the tests would run on {tree}, not on the mutant in {Path.cwd()}", returncode=4)
