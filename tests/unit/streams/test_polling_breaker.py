"""The circuit breaker by its own clock: when it opens, when it tries again, what it forgets."""

from hypothesis import given
from hypothesis import strategies as st

from streams.polling_breaker import Breaker, BreakerLimits

LIMITS = BreakerLimits(window_s=60, failures_percent=15, calls_min=10, rest_s=300)


def told(breaker: Breaker, outcomes: str, begin_s: float = 0.0, step_s: float = 1.0) -> float:
    """Tell outcomes, ``x`` for a failure, `step_s` apart; the time after the last one."""
    for number, outcome in enumerate(outcomes):
        assert breaker.wait_s(begin_s + number * step_s) == 0
        breaker.told(outcome == "x", begin_s + number * step_s)
    return begin_s + (len(outcomes) - 1) * step_s


def test_nine_failures_are_too_few_calls_to_judge_by_and_the_tenth_opens_it() -> None:
    breaker = Breaker(LIMITS)
    told(breaker, "xxxxxxxxx")
    assert breaker.opened_at_s is None
    assert breaker.told(True, 9.0) and breaker.opened_at_s == 9.0
    assert breaker.wait_s(10.0) == 299.0


def test_one_failure_in_ten_is_borne_and_two_are_not() -> None:
    breaker = Breaker(LIMITS)
    told(breaker, ".........x")
    assert breaker.opened_at_s is None
    breaker.told(True, 10.0)  # 2 of 11 are 18 percent
    assert breaker.opened_at_s == 10.0


def test_failures_of_the_minute_before_are_forgotten() -> None:
    breaker = Breaker(LIMITS)
    told(breaker, "xxxxxxxxx", step_s=0.1)
    breaker.told(True, 70.0)
    assert breaker.opened_at_s is None


def test_after_its_rest_one_trial_decides() -> None:
    breaker = Breaker(LIMITS, opened_at_s=100.0)
    assert breaker.wait_s(399.0) == 1.0
    assert breaker.wait_s(400.0) == 0.0
    assert breaker.wait_s(400.0) > 0, "a second call beside the trial"
    assert breaker.told(True, 401.0) and breaker.opened_at_s == 401.0
    assert breaker.wait_s(701.0) == 0.0
    assert breaker.told(False, 702.0) and breaker.opened_at_s is None
    assert breaker.wait_s(702.0) == 0.0


def test_a_trial_that_was_never_made_leaves_the_next_one_free() -> None:
    breaker = Breaker(LIMITS, opened_at_s=0.0)
    assert breaker.wait_s(300.0) == 0.0
    breaker.given_up()
    assert breaker.wait_s(300.0) == 0.0


def test_a_call_that_was_under_way_when_it_opened_closes_nothing() -> None:
    breaker = Breaker(LIMITS, opened_at_s=100.0)
    assert not breaker.told(False, 101.0)
    assert breaker.opened_at_s == 100.0


@given(st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=200))
def test_it_never_opens_below_its_share_and_never_stays_closed_far_above_it(calls: list[tuple[float, bool]]) -> None:
    breaker, now_s, history = Breaker(LIMITS), 0.0, list[tuple[float, bool]]()
    for pause_s, failed in calls:
        now_s += pause_s
        history.append((now_s, failed))
        if breaker.told(failed, now_s):
            # Buckets forget up to a twelfth of a window late, so the judge looks a little further back.
            recent = [each for at_s, each in history if at_s > now_s - 65]
            assert len(recent) >= 10 and any(recent)
            return
        sure = [each for at_s, each in history if at_s > now_s - 54]
        assert not (failed and len(sure) >= 10 and all(sure))
