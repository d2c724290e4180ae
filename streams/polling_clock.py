"""The clock of polling: the one place from which it takes the time and in which it waits; tests bring their own."""

import asyncio
import random
import time
from typing import Final, Protocol

BACKOFF_S: Final = 0.5
BACKOFF_S_MAX: Final = 300.0


class Clock(Protocol):
    """Unix time in seconds, and waiting."""

    def now_s(self) -> float:
        """The present time."""
        ...

    async def sleep(self, wait_s: float) -> None:
        """Return after so many seconds."""
        ...


class SystemClock:
    """The machine's clock. Wall time, because what is kept over a restart is measured by it."""

    def now_s(self) -> float:
        """The present time."""
        return time.time()

    async def sleep(self, wait_s: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(wait_s)


def backoff_s(failures: int, most_s: float = BACKOFF_S_MAX) -> float:
    """How long to wait after so many failures in a row: twice as long each time, half of it at random.

    Randomness keeps accounts that failed together from coming back together; it decides nothing else.
    """
    base_s = min(BACKOFF_S * 2.0 ** min(max(failures - 1, 0), 30), most_s)
    return base_s / 2 + random.uniform(0, base_s / 2)  # noqa: S311 - no secret
