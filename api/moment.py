"""Moments as the API shows them: RFC 3339 in UTC, to the microsecond."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at_us: int) -> str:
    """``2026-03-01T09:30:00.000001Z`` for microseconds since 1970; integers throughout, so that none is lost."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")
