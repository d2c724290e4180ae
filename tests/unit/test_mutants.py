"""The mutants do not rot: each still changes a text that stands in the code exactly once, into code that compiles."""

from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, MutantError

ROOT = Path(__file__).resolve().parents[2]
MUTANTS_MIN = 30


def test_there_are_enough_and_each_has_its_own_name_and_change() -> None:
    assert len(MUTANTS) >= MUTANTS_MIN
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert len({(mutant.path, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_can_be_applied(mutant: Mutant) -> None:
    changed = mutant.changed(ROOT)
    assert changed != (ROOT / mutant.path).read_text(encoding="utf-8")
    compile(changed, mutant.path, "exec")


def test_a_text_that_stands_there_twice_or_never_is_no_mutant(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one = 1\nanother_one = 1\n")
    for old in ("one", "two"):
        with pytest.raises(MutantError, match="not once"):
            Mutant("m", "a law", "a.py", old, "three").changed(tmp_path)
