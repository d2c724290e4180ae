"""All mutants, in the order in which they are tried."""

from typing import Final

from tests.mutants.command_mutants import COMMAND_MUTANTS
from tests.mutants.fact_mutants import FACT_MUTANTS
from tests.mutants.hold_mutants import HOLD_MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.storage_mutants import STORAGE_MUTANTS

MUTANTS: Final[tuple[Mutant, ...]] = (*FACT_MUTANTS, *HOLD_MUTANTS, *COMMAND_MUTANTS, *STORAGE_MUTANTS)
