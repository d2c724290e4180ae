"""The shapes in which Modern Treasury tells something: webhook, event read back, row or fetched object.

A webhook is ``{event, data, errors?}`` and says in a header what it is about, because `data` may hold nothing but an id
or, where objects are linked, another shape altogether. Events that are read back hold the same data in another cover.
"""

from typing import Final

import msgspec

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, expanded, read_json, text, word

# What the header of a webhook said that it is about (`X-Topic`).
TOPIC: Final = "topic"

_KINDS_OF_STREAMS: Final = {"reversal_failed": "payment_order", "return_failed": "incoming_payment_detail"}
_KINDS_BY_FIELDS: Final = {
    "returnable_type": "return",
    "payment_order_id": "reversal",
    "posted": "transaction",
    "amount_upper_bound": "expected_payment",
    "lockbox_number": "paper_item",
    "originating_account_id": "payment_order",
    "virtual_account_id": "incoming_payment_detail",
}


class Told(msgspec.Struct, frozen=True):
    """One thing told.

    Attributes:
        kind: of the object, for example ``payment_order``, or empty when nobody says.
        event: name of the event without its kind, empty for rows and fetched objects.
        owner: the object.
        at: time of the event where its cover says so.
        delivery: id of the event where its cover says so.
        error: code of the error that an event came with.
    """

    kind: str
    event: str
    owner: JsonObject
    at: str = ""
    delivery: str = ""
    error: str = ""


def tellings(raw: bytes, telling: Telling) -> list[Told]:
    """What a body tells: one thing, or the rows of a list page; raises `TranslationError`."""
    body = read_json(raw)
    if isinstance(body, list):
        return [_told(row, telling) for row in body]
    return [_told(body, telling)]


def event_told(row: JsonObject) -> Told:
    """An event that was read back, as the webhook that it was."""
    data = expanded(row, "data")
    if isinstance(data.get("data"), dict):  # the whole body of the webhook
        data = expanded(data, "data")
    if "id" not in data:
        data = {**data, "id": row.get("entity_id")}
    kind = _kind(data) or word(row.get("resource")).lower()
    return Told(kind, _event(row, "event_name")[1], data, iso_instant(row, "event_time"), word(row.get("id")))


def _told(body: object, telling: Telling) -> Told:
    if not isinstance(body, dict):
        raise TranslationError("not_an_object", "neither an object of Modern Treasury nor a list of them")
    if body.get("object") == "event":
        return event_told(body)
    if isinstance(body.get("data"), dict) and "object" not in body:
        data = expanded(body, "data")
        named, event = _event(body, "event")
        if not event:
            raise TranslationError("field_missing", "event is missing or not the name of an event")
        return Told(
            _kind(data) or telling.context.get(TOPIC, "") or named or _kind_by_fields(data),
            event,
            data,
            error=text(expanded(body, "errors"), "code"),
        )
    kind = _kind(body) or (_kind_of_stream(telling.stream) if telling.is_answer else _kind_by_fields(body))
    if not kind:
        raise TranslationError("field_missing", "neither event and data nor object: no body of Modern Treasury")
    return Told(kind, "", body)


def _event(owner: JsonObject, field: str) -> tuple[str, str]:
    """The name of an event, and the kind of object that may stand before it: ``payment_order.completed``."""
    kind, _, event = word(owner.get(field)).rpartition(".")
    return kind.lower(), event


def _kind(owner: JsonObject) -> str:
    return word(owner.get("object")).lower()


def _kind_of_stream(stream: str) -> str:
    return _KINDS_OF_STREAMS.get(stream, stream.removesuffix("s"))


def _kind_by_fields(owner: JsonObject) -> str:
    """What only one kind of object has, for bodies that say neither in a header nor in themselves what they are."""
    return next((kind for field, kind in _KINDS_BY_FIELDS.items() if field in owner), "")
