"""The limiter by its own clock: no window of time ever holds more calls than the vendor allows."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.manifest import RateLimit
from streams.polling_limiter import Limiter


def taken(limiter: Limiter, operation: str, now_s: float) -> float:
    """Wait as long as it says; the time of the call."""
    while (wait_s := limiter.take(operation, now_s)) > 0:
        now_s += wait_s
    return now_s


@given(st.integers(1, 7), st.floats(0.1, 5), st.lists(st.floats(0, 2), max_size=60))
def test_no_window_holds_more_than_the_limit(requests: int, per_s: float, pauses: list[float]) -> None:
    limiter, now_s, times = Limiter((RateLimit(requests, per_s),), "live"), 0.0, list[float]()
    for pause_s in pauses:
        now_s = taken(limiter, "any", now_s + pause_s)
        times.append(now_s)
    for first, beyond in zip(times, times[requests:], strict=False):
        assert beyond - first >= per_s * (1 - 1e-9)


def test_the_sandbox_may_have_a_limit_of_its_own_and_an_operation_too() -> None:
    limits = (RateLimit(4, sandbox_requests=2), RateLimit(1, operation="slow"))
    limiter = Limiter(limits, "sandbox")
    assert limiter.take("slow", 0.0) == 0.0
    assert limiter.take("slow", 0.1) > 0
    assert limiter.take("other", 0.1) == 0.0
    assert limiter.take("other", 0.2) > 0, "two in the sandbox, whatever they do"
    assert [Limiter(limits, "live").take("other", 0.0) for _ in range(1)] == [0.0]


def test_a_complaint_is_waited_out_and_then_half_is_asked_until_a_minute_passed() -> None:
    limiter = Limiter((RateLimit(8),), "live")
    assert limiter.take("any", 0.0) == 0.0
    limiter.complained(5.0, 0.0)
    assert limiter.take("any", 1.0) == 4.0
    assert sum(limiter.take("any", 6.0) == 0 for _ in range(8)) == 4
    assert sum(limiter.take("any", 70.0) == 0 for _ in range(9)) == 8


def test_without_limits_nothing_waits() -> None:
    limiter = Limiter((), "live")
    assert all(limiter.take("any", 0.0) == 0 for _ in range(1000))
