"""The circuit breaker: an operation that fails too often is left alone for a while.

Calls of the last minute are counted; once there were enough of them and too large a share failed, it opens. Open, it
refuses until its rest is over; then one call goes through as a trial, and its outcome closes or opens it again. It
reads no clock: the time comes with every question.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

BUCKETS: Final = 12


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When a breaker opens and for how long.

    Attributes:
        window_s: calls are counted for so many seconds.
        failures_percent: it opens when so many of the calls failed, in percent.
        calls_min: and never with fewer calls than this.
        rest_s: how long it stays open.
    """

    window_s: float = 60.0
    failures_percent: int = 15
    calls_min: int = 10
    rest_s: float = 300.0


class Breaker:
    """The breaker of one operation.

    Attributes:
        opened_at_s: Unix time at which it opened, or None while it is closed.
    """

    def __init__(self, limits: BreakerLimits, opened_at_s: float | None = None) -> None:
        self.limits = limits
        self.opened_at_s = opened_at_s
        self._trying = False
        self._buckets: deque[list[float]] = deque()  # begin, calls, failures

    def wait_s(self, now_s: float) -> float:
        """Seconds until a call may be made; 0 for now. Whoever is let through while it is open makes the trial."""
        if self.opened_at_s is None:
            return 0.0
        left_s = self.opened_at_s + self.limits.rest_s - now_s
        if left_s > 0:
            return left_s
        if self._trying:
            return 1.0
        self._trying = True
        return 0.0

    def told(self, failed: bool, now_s: float) -> bool:
        """Count the outcome of a call; returns whether the breaker opened or closed by it."""
        if self.opened_at_s is not None:
            if not self._trying:
                return False  # a call that was under way when it opened
            self._trying = False
            self._buckets.clear()
            self.opened_at_s = now_s if failed else None
            return True
        self._count(failed, now_s)
        calls = sum(bucket[1] for bucket in self._buckets)
        failures = sum(bucket[2] for bucket in self._buckets)
        if calls < self.limits.calls_min or failures * 100 < self.limits.failures_percent * calls or not failed:
            return False
        self.opened_at_s = now_s
        self._buckets.clear()
        return True

    def given_up(self) -> None:
        """The call that was let through was not made: the next one is the trial."""
        self._trying = False

    def _count(self, failed: bool, now_s: float) -> None:
        width_s = self.limits.window_s / BUCKETS
        while self._buckets and self._buckets[0][0] <= now_s - self.limits.window_s:
            self._buckets.popleft()
        if not self._buckets or now_s >= self._buckets[-1][0] + width_s:
            self._buckets.append([now_s, 0, 0])
        self._buckets[-1][1] += 1
        self._buckets[-1][2] += failed
