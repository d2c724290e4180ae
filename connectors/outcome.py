"""What an answer of a vendor means: not what went wrong, but what may follow.

The rule that costs money when broken: a call that may have done something is never blindly repeated. Without an
idempotency key, silence, 5xx and 409 all mean that only a look-up may follow.
"""

from email.utils import parsedate_to_datetime
from typing import Final, Literal

import msgspec

from connectors.exchange import Answer, Call

Follow = Literal["ok", "retry", "rate_limited", "look_up", "rejected", "credentials_expired", "skip"]

RETRY_AFTER_S_MAX: Final = 24 * 3600.0


class Outcome(msgspec.Struct, frozen=True):
    """What may follow a call.

    Attributes:
        follow: ``ok``; ``retry`` the same call later; ``rate_limited``: as retry, and slower; ``look_up``: the outcome
            is unknown, ask what became of it; ``rejected``: never repeat it; ``credentials_expired``: pause with this
            reason until somebody renews them; ``skip``: this item is a dead letter, the stream goes on.
        code: the vendor's or our own word, lower case.
        after_s: seconds that the vendor asks us to wait, or None.
    """

    follow: Follow
    code: str = ""
    after_s: float | None = None


class CallFailed(Exception):
    """A call that gave nothing to read; `outcome` says what may follow. Shows no body and no address."""

    def __init__(self, operation: str, outcome: Outcome) -> None:
        super().__init__(f"{operation}: {outcome.follow} ({outcome.code or 'no code'})")
        self.operation = operation
        self.outcome = outcome


def classify(call: Call, answer: Answer) -> Outcome:
    """By status and ``Retry-After`` alone (RFC 9110, RFC 6585); connectors ask this where they know nothing better."""
    status = answer.status
    code = f"http_{status}"
    if 200 <= status < 300:
        return Outcome("ok")
    if status == 429:
        return Outcome("rate_limited", code, retry_after_s(answer))
    if status == 401:
        return Outcome("credentials_expired", code)
    if status in (404, 410) and call.method == "GET":
        return Outcome("skip", code)
    if status in (408, 409, 425) or status >= 500:
        return Outcome("retry" if call.is_repeatable else "look_up", code, retry_after_s(answer))
    return Outcome("rejected", code)


def classify_silence(call: Call, *, was_sent: bool) -> Outcome:
    """For a call without an answer: `was_sent` is false only when it is sure that nothing reached the vendor."""
    if was_sent and not call.is_repeatable:
        return Outcome("look_up", "no_answer")
    return Outcome("retry", "no_answer" if was_sent else "not_reached")


def retry_after_s(answer: Answer) -> float | None:
    """Seconds of ``Retry-After``, which may be a number or a date; at most a day; None when absent or unreadable."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told[:9]), RETRY_AFTER_S_MAX)
    try:
        wait_s = parsedate_to_datetime(told).timestamp() - answer.at_s
    except (ValueError, OverflowError):
        return None
    return min(max(wait_s, 0.0), RETRY_AFTER_S_MAX)
