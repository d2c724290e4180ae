"""Reading Flutterwave version 4: the request of a page, what an answer holds, and what bodies make us fetch.

Lists are newest first. Transfers go on behind a cursor and cannot be asked by time: reading stops at the first page
that ends before the window. All other lists are asked by time and numbered pages.
"""

from datetime import UTC, datetime
from typing import Final

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Item, Page, Place, Want
from connectors.flutterwave_answers import list_items, next_page, objects_bytes
from connectors.flutterwave_currency import payment_asked, payment_wanted
from connectors.flutterwave_envelope import CREATED, instant, is_path_safe, object_id
from connectors.flutterwave_statuses import status_of
from connectors.flutterwave_v4_events import told_by_event
from connectors.flutterwave_v4_manifest import MANIFEST
from connectors.json_fields import JsonObject, read_json, read_object, rows

_KINDS: Final = {"refunds": "refund", "chargebacks": "chargeback", "refund": "refund", "chargeback": "chargeback"}


def page_call(place: Place) -> Call:
    """The request of the page at a place."""
    stream = MANIFEST.stream(place.stream)
    if stream.name == "payment_of":
        return Call(stream.name, f"/charges/{payment_asked(place.id)}")
    if stream.by_id:
        return Call(stream.name, f"/{stream.name}s/{place.id}")
    size = ("size", str(stream.page_size))
    if stream.name == "transfers":
        return Call(stream.name, "/transfers", (size, *([("next", place.page)] if place.page else [])))
    window = (("from", _at(place.since_s)), ("to", _at(place.until_s)))
    return Call(stream.name, f"/{stream.name}", (("page", place.page or "1"), size, *window))


def read_page(place: Place, answer: Answer) -> Page:
    """The rows of a list, or the one object asked for."""
    kind = _KINDS.get(place.stream, "")
    if MANIFEST.stream(place.stream).by_id:
        raws = objects_bytes(answer)
        found = [want for raw in raws for want in payment_wanted(kind, read_object(raw))]
        return Page(tuple(Item(raw) for raw in raws), wants=tuple(found))
    told, items = list_items(answer)
    following = next_page(place, answer, len(told))
    if place.stream == "transfers" and told and _is_before(told[-1], place.since_s):
        following = ""
    return Page(items, following, tuple(want for row in told for want in payment_wanted(kind, row)))


def wants(raw: bytes, telling: Telling) -> list[Want]:
    """The fees of a charge that succeeded, and the currency of a refund or chargeback: webhooks say neither."""
    body = read_json(raw)
    if telling.is_answer or not isinstance(body, dict):
        return []
    return [want for kind, owner in told_by_event(body) for want in _wanted(kind, owner)]


def _wanted(kind: str, owner: JsonObject) -> list[Want]:
    if kind == "transaction":
        try:
            named = object_id(owner, "id")
        except TranslationError:
            return []  # translation refuses the body and says why
        lacks_fees = status_of("payment", owner) == "succeeded" and not rows(owner, "fees")
        return [Want("charge", named)] if lacks_fees and named.startswith("chg_") and is_path_safe(named) else []
    return payment_wanted(kind, owner)


def _is_before(transfer: JsonObject, since_s: int) -> bool:
    """Whether the last row of a page, which is its oldest, was made before the window."""
    try:
        made = instant(transfer, *CREATED)
    except TranslationError:
        return False
    return bool(made) and made < _at(since_s)


def _at(at_s: int) -> str:
    return f"{datetime.fromtimestamp(max(at_s, 0), UTC):%Y-%m-%dT%H:%M:%SZ}"
