"""How large a bench is and where it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from contraflow.settings import Settings


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """Sizes of a bench; each bench takes those that mean something to it.

    Attributes:
        settings: where the servers are; embedded ones get a temporary data directory.
        seconds: how long load is held; 0 for the bench's own default.
        facts: how many facts are made; 0 for the bench's own default.
        accounts: over how many accounts they are spread.
        rate_per_s: offered load of the latency bench.
        one_by_one: `post`: concurrent callers who each wait for their own durable answer; 0 for batches.
        batch: facts in a batch of `post`.
        progress: told what is going on.
    """

    settings: Settings
    seconds: float = 0
    facts: int = 0
    accounts: int = 10_000
    rate_per_s: int = 200
    one_by_one: int = 0
    batch: int = 4_000
    progress: Callable[[str], None] = field(default=lambda _: None)
