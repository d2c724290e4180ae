"""The limiter: no more calls in any span of time than the vendor's limits allow.

It keeps the times of the last calls and lets the next one through when the oldest of them lies far enough back, so the
limit holds in every window and not on average alone. A vendor that says "too many" all the same makes it wait and go
on with half of what it was allowed, until a minute passed without complaint.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from connectors.manifest import RateLimit

SLOWER_S: Final = 60.0
SHARE_MIN: Final = 1 / 8


class Limiter:
    """The limits of one account. It reads no clock: the time comes with every question."""

    def __init__(self, limits: Sequence[RateLimit], environment: str) -> None:
        self._windows = [_Window(limit.operation, limit.requests_in(environment), limit.per_s) for limit in limits]
        self._not_before_s = 0.0
        self._share = 1.0
        self._slowed_at_s = 0.0

    def take(self, operation: str, now_s: float) -> float:
        """0 when a call may be made now, which is then counted; otherwise the seconds to wait before asking again."""
        while self._share < 1.0 and now_s >= self._slowed_at_s + SLOWER_S:
            self._share = min(self._share * 2, 1.0)
            self._slowed_at_s += SLOWER_S
        windows = [window for window in self._windows if window.operation in ("*", operation)]
        wait_s = max([self._not_before_s - now_s, *(window.wait_s(now_s, self._share) for window in windows)])
        if wait_s > 0:
            return wait_s
        for window in windows:
            window.calls.append(now_s)
        return 0.0

    def complained(self, after_s: float, now_s: float) -> None:
        """The vendor said that these were too many calls, and when to come again."""
        self._not_before_s = max(self._not_before_s, now_s + after_s)
        self._share = max(self._share / 2, SHARE_MIN)
        self._slowed_at_s = now_s


class _Window:
    def __init__(self, operation: str, requests: int, per_s: float) -> None:
        self.operation = operation
        self.per_s = per_s
        self.requests = requests
        self.calls: deque[float] = deque()

    def wait_s(self, now_s: float, share: float) -> float:
        while self.calls and self.calls[0] <= now_s - self.per_s:
            self.calls.popleft()
        allowed = max(int(self.requests * share), 1)
        return 0.0 if len(self.calls) < allowed else self.calls[-allowed] + self.per_s - now_s
