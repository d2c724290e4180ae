"""A vendor's times as RFC 3339 in UTC and whole seconds.

Vendors write Unix seconds, Unix milliseconds, or ISO 8601 with and without an offset. A time without an offset is
taken to be UTC, which is what those of our vendors mean that write one.
"""

from datetime import UTC, date, datetime
from typing import Final

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject

_INSTANT_S_MAX: Final = 253402300799  # the last second of the year 9999


def unix_instant(owner: JsonObject, field: str = "created") -> str:
    """A Unix time in seconds, or empty when missing or null."""
    return _unix(owner.get(field), 1, field)


def unix_ms_instant(owner: JsonObject, field: str) -> str:
    """A Unix time in milliseconds, or empty when missing or null."""
    return _unix(owner.get(field), 1000, field)


def iso_instant(owner: JsonObject, *fields: str) -> str:
    """A time in ISO 8601, from the first of `fields` that is there; empty when none is."""
    for field in fields:
        value = owner.get(field)
        if value is not None and value != "":
            return _iso(value, field)
    return ""


def iso_date(owner: JsonObject, field: str) -> str:
    """The date of a time or date in ISO 8601, as it is written; empty when missing or null."""
    value = owner.get(field)
    if value is None or value == "":
        return ""
    try:
        return date.fromisoformat(value[:10] if isinstance(value, str) else "").isoformat()
    except ValueError as error:
        raise TranslationError("time_malformed", f"{field} is not a date in ISO 8601") from error


def _unix(value: object, parts: int, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value // parts <= _INSTANT_S_MAX:
        raise TranslationError(
            "time_malformed", f"{field} is not a Unix time in {'seconds' if parts == 1 else 'milliseconds'}"
        )
    return _written(datetime.fromtimestamp(value // parts, UTC))


def _iso(value: object, field: str) -> str:
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else "")
        return _written(at.astimezone(UTC) if at.tzinfo else at)
    except (ValueError, OverflowError) as error:
        raise TranslationError("time_malformed", f"{field} is not a time in RFC 3339") from error


def _written(at: datetime) -> str:
    return f"{at.year:04}-{at:%m-%dT%H:%M:%SZ}"
