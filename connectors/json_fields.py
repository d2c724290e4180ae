"""Reads single fields of a vendor's JSON objects, tolerant of absence and strict about kind.

Bodies differ by API version: a field may be missing, null, an id or the expanded object. All of that is normal. A whole
number that is a string, a truth value where a number should be, an id that is a list is not the vendor's, and is
refused. Numbers stay exact: integers as they are, everything else as `decimal.Decimal`.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec

from connectors.errors import TranslationError

# `Any` because it is unread JSON: every value goes through one of the readers below.
JsonObject: TypeAlias = dict[str, Any]

TEXT_CHARS_MAX: Final = 500
METADATA_ENTRIES_MAX: Final = 50

_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,120}")
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)


def read_json(raw: bytes) -> object:
    """The JSON value in `raw`; numbers stay exact. Raises `TranslationError` for anything else."""
    try:
        value: object = _decoder.decode(raw)
    except (ValueError, ArithmeticError, RecursionError) as error:  # msgspec's and UnicodeDecodeError are ValueErrors
        raise TranslationError("json_malformed", _without_content(error)) from error
    return value


def read_object(raw: bytes) -> JsonObject:
    """The JSON object in `raw`; raises `TranslationError` for anything else."""
    value = read_json(raw)
    if not isinstance(value, dict):
        raise TranslationError("not_an_object", "the body is not a JSON object")
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


def numbered_id(owner: JsonObject, field: str) -> str:
    """As `optional_id` for vendors who number their objects: a whole number becomes its digits."""
    value = owner.get(field)
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**40:
        return str(value)
    return optional_id(owner, field)


def required_numbered_id(owner: JsonObject, field: str) -> str:
    """As `numbered_id`, for one that must be there."""
    found = numbered_id(owner, field)
    if not found:
        raise TranslationError("field_missing", f"{field} is missing")
    return found


def word(value: object) -> str:
    """A value as a part of a key: as it is when it is a plain word of at most 120 characters, else empty."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def expanded(owner: JsonObject, *fields: str) -> JsonObject:
    """The object in a field, or in a field of that, and so on; an empty one when there is none."""
    for field in fields:
        value = owner.get(field)
        owner = value if isinstance(value, dict) else {}
    return owner


def rows(owner: JsonObject, field: str) -> list[JsonObject]:
    """The objects of a list field, written as ``{"data": [...]}`` or as a plain list."""
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
    """An integer, or None when missing or null; a fraction, a string or a truth value is refused."""
    value = owner.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TranslationError("amount_malformed", f"{field} is not a whole number")
    return value


def decimal_text(value: object) -> str:
    """A rate, number or text, as plain decimal text; it is shown and never calculated with. Empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return ""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", value):
        return ""
    number = Decimal(value)
    return format(number, "f") if -40 <= number.adjusted() <= 40 else ""


def text(owner: JsonObject, field: str) -> str:
    """A text that may be missing, at most 500 characters; NUL, which PostgreSQL's JSON cannot hold, is replaced."""
    value = owner.get(field)
    return clean(value) if isinstance(value, str) else ""


def clean(value: str) -> str:
    """A text cut to 500 characters and freed of NUL."""
    return value[:TEXT_CHARS_MAX].replace("\0", "�")


def metadata(owner: JsonObject, field: str = "metadata") -> dict[str, str]:
    """The caller's own metadata, which is an object: at most 50 entries, each as text."""
    return texts(expanded(owner, field).items())


def texts(entries: Iterable[tuple[object, object]]) -> dict[str, str]:
    """Pairs as metadata: numbers become digits, truth values words; objects, lists and nulls are left out."""
    found: dict[str, str] = {}
    for name, value in list(entries)[:METADATA_ENTRIES_MAX]:
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, int | Decimal):
            value = decimal_text(value) or None
        if isinstance(name, str) and isinstance(value, str):
            found[clean(name)] = clean(value)
    return found
