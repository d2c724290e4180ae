"""Reads single fields of Stripe's JSON objects, tolerant of absence and strict about kind.

Stripe's bodies differ by API version: a field may be missing, null, an id or the expanded object. All of that is
normal. A number that is a string, an amount that is a float, an id that is a list is not Stripe's, and is refused.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import msgspec

from connectors.errors import TranslationError
from connectors.stripe_amounts import iso_currency, iso_money
from ledger.money import Money

# `Any` because it is unread JSON: every value goes through one of the readers below.
JsonObject: TypeAlias = dict[str, Any]

TEXT_CHARS_MAX: Final = 500
METADATA_ENTRIES_MAX: Final = 50

_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,120}")
_INSTANT_S_MAX: Final = 253402300799  # the last second of the year 9999
_decoder: Final = msgspec.json.Decoder()


def read_json(raw: bytes) -> object:
    """The JSON value in `raw`; integers stay exact. Raises `TranslationError` for anything else."""
    try:
        value: object = _decoder.decode(raw)
    except (ValueError, RecursionError) as error:  # msgspec's errors and UnicodeDecodeError are ValueErrors
        raise TranslationError("json_malformed", _without_content(error)) from error
    return value


def _without_content(error: Exception) -> str:
    # msgspec names positions and byte offsets only, but a path may contain keys of the body.
    at = re.search(r"\(byte ([0-9]+)\)", str(error))
    return f"not JSON ({type(error).__name__}{f' at byte {at[1]}' if at else ''})"


def required_id(owner: JsonObject, field: str) -> str:
    """An id that must be there: letters, digits and ``_.:-``, at most 120."""
    found = optional_id(owner, field)
    if not found:
        raise TranslationError("field_missing", f"{field} is missing")
    return found


def optional_id(owner: JsonObject, field: str) -> str:
    """An id, or the id of the object expanded in its place, or empty."""
    value = owner.get(field)
    if isinstance(value, dict):
        value = value.get("id")
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise TranslationError("id_malformed", f"{field} is not an id")
    return value


def expanded(owner: JsonObject, field: str) -> JsonObject:
    """The object expanded in a field, or an empty one."""
    value = owner.get(field)
    return value if isinstance(value, dict) else {}


def rows(owner: JsonObject, field: str) -> list[JsonObject]:
    """The objects of a list field, which Stripe writes as ``{"object": "list", "data": [...]}`` or as a plain list."""
    value = owner.get(field)
    if isinstance(value, dict):
        value = value.get("data")
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def whole(owner: JsonObject, field: str) -> int:
    """An integer that must be there."""
    found = optional_whole(owner, field)
    if found is None:
        raise TranslationError("field_missing", f"{field} is missing")
    return found


def optional_whole(owner: JsonObject, field: str) -> int | None:
    """An integer, or None when missing or null; a float, a string or a truth value is refused."""
    value = owner.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TranslationError("amount_malformed", f"{field} is not a whole number")
    return value


def currency(owner: JsonObject) -> str:
    """The object's currency as an upper-case ISO 4217 code."""
    return iso_currency(owner.get("currency"), "currency")


def money(owner: JsonObject, field: str) -> Money:
    """An amount field in the object's own currency, in ISO 4217 minor units."""
    return iso_money(whole(owner, field), currency(owner), field)


def text(owner: JsonObject, field: str) -> str:
    """A text that may be missing, at most 500 characters; NUL, which PostgreSQL's JSON cannot hold, is replaced."""
    value = owner.get(field)
    return clean(value) if isinstance(value, str) else ""


def clean(value: str) -> str:
    """A text cut to 500 characters and freed of NUL."""
    return value[:TEXT_CHARS_MAX].replace("\0", "�")


def instant(owner: JsonObject, field: str = "created") -> str:
    """A Unix time in seconds as RFC 3339 in UTC, or empty when missing or null."""
    value = owner.get(field)
    if value is None:
        return ""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _INSTANT_S_MAX:
        raise TranslationError("time_malformed", f"{field} is not a Unix time in seconds")
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata(owner: JsonObject) -> dict[str, str]:
    """The caller's own metadata: text values only, at most 50."""
    entries = list(expanded(owner, "metadata").items())[:METADATA_ENTRIES_MAX]
    return {clean(name): clean(value) for name, value in entries if isinstance(value, str)}
