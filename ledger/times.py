"""Days and instants as the ledger writes them: ISO 8601 dates and RFC 3339 in UTC.

Nothing here reads a clock. Texts are compared as microseconds since 1970, in UTC.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

_TIME: Final = re.compile(
    r"(?!9999)[1-9][0-9]{3}-(0[1-9]|1[0-2])-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|\+00:00))?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def instant_us(text: str) -> int | None:
    """Microseconds since 1970 of a date (its first moment) or an RFC 3339 time in UTC; None when it is neither."""
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def is_day(text: str) -> bool:
    """True for an ISO 8601 date."""
    return len(text) == 10 and instant_us(text) is not None


def day_of(at_us: int) -> str:
    """The UTC date of an instant."""
    return (_EPOCH + timedelta(microseconds=at_us)).date().isoformat()


def day_after(day: str) -> str:
    """The date after `day`."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def day_before(day: str) -> str:
    """The date before `day`."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
