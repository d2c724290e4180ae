"""Each mutant in turn, on a copy of the repository: does a test notice? Run it with ``make mutants``.

    python -m tests.mutants              all of them
    python -m tests.mutants NAME ...     these

Ends with 1 when a mutant survives, cannot be applied or cannot be judged, or when the tests fail without any.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.infra import running_pair
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, MutantError
from tests.mutants.trial import TrialError, try_tree

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")


def main(names: list[str]) -> int:
    """Try the mutants of these names, or all; returns the exit code."""
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        print(f"no mutant is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    with tempfile.TemporaryDirectory(prefix="contraflow-mutants-") as folder:
        tree = Path(folder).resolve() / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        with running_pair(Path(folder) / "pair") as pair:
            given = {
                "CONTRAFLOW_TEST_INFRA": "given",
                "CONTRAFLOW_TEST_KAFKA": pair.bootstrap_servers,
                "CONTRAFLOW_TEST_POSTGRES": pair.postgres_dsn,
            }
            return _judge(chosen, tree, given)


def _judge(chosen: list[Mutant], tree: Path, given: dict[str, str]) -> int:
    try:
        sound = try_tree(tree, given)
    except TrialError as error:
        print(f"the tests without any mutant: {error}", file=sys.stderr)
        return 1
    if sound.caught_by:
        print(f"the tests fail without any mutant: {sound.caught_by}", file=sys.stderr)
        return 1
    width = max(len(mutant.name) for mutant in chosen)
    print(f"{'mutant':{width}}  seconds  caught by\n{'(none)':{width}}  {sound.took_s:7.1f}  -", flush=True)
    survived = [mutant for mutant in chosen if not _caught(mutant, tree, given, width)]
    for mutant in survived:
        print(f"\nnot caught: {mutant.name} in {mutant.path}\n  breaks {mutant.breaks}\n  {mutant.new!r}")
    print(f"\n{len(chosen) - len(survived)} of {len(chosen)} caught")
    return 1 if survived else 0


def _caught(mutant: Mutant, tree: Path, given: dict[str, str], width: int) -> bool:
    path = tree / mutant.path
    sound = path.read_text(encoding="utf-8")
    try:
        path.write_text(mutant.changed(tree), encoding="utf-8")
        trial = try_tree(tree, given)
    except (MutantError, TrialError) as error:
        print(f"{mutant.name:{width}}        -  UNKNOWN: {error}", flush=True)
        return False
    finally:
        path.write_text(sound, encoding="utf-8")
    print(f"{mutant.name:{width}}  {trial.took_s:7.1f}  {trial.caught_by or 'NOBODY'}", flush=True)
    return bool(trial.caught_by)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
