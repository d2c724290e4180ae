"""Reading Flutterwave version 3: the request of a page, what an answer holds, and what webhooks make us fetch.

Lists are asked by whole days, newest first, page by page. A row that appears while we read pushes older ones to later
pages, so it can show one twice and hide none.
"""

from datetime import UTC, datetime
from typing import Final

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Item, Page, Place, Want
from connectors.flutterwave_answers import list_items, next_page, objects_bytes
from connectors.flutterwave_currency import payment_asked, payment_wanted
from connectors.flutterwave_envelope import first_text, is_path_safe, object_id
from connectors.flutterwave_kinds import kind_of
from connectors.flutterwave_statuses import status_of
from connectors.flutterwave_v3_manifest import MANIFEST
from connectors.flutterwave_v3_shapes import told_by_webhook
from connectors.json_fields import JsonObject, expanded, read_json, read_object

_LISTS: Final = {
    "transactions": "/transactions",
    "refunds": "/refunds",
    "settlements": "/settlements",
    "transfers": "/transfers",
    "chargebacks": "/chargebacks",
}
_OBJECTS: Final = {
    "transaction": "/transactions/{}/verify",
    "refund": "/refunds/{}",
    "transfer": "/transfers/{}",
    "settlement_contents": "/settlements/{}",
}
_REFERENCE_CHARS_MAX: Final = 200


def page_call(place: Place) -> Call:
    """The request of the page at a place."""
    name = MANIFEST.stream(place.stream).name
    if name == "payment_of":
        return Call(name, _OBJECTS["transaction"].format(payment_asked(place.id)))
    if name in _OBJECTS:
        return Call(name, _OBJECTS[name].format(place.id))
    if name == "transaction_by_reference":
        return Call(name, "/transactions/verify_by_reference", (("tx_ref", place.id),))
    page = ("page", place.page or "1")
    if name == "chargebacks_of":
        return Call(name, _LISTS["chargebacks"], (("flw_ref", place.id), page))
    days = (("from", _day(place.since_s)), ("to", _day(place.until_s - 1)))
    return Call(name, _LISTS[name], (*days, page))


def read_page(place: Place, answer: Answer) -> Page:
    """The rows of a list, the one object asked for, or the rows that a settlement is made of."""
    if place.stream == "settlement_contents":
        return _contents(place, answer)
    if place.stream in _OBJECTS or place.stream in ("transaction_by_reference", "payment_of"):
        raws = objects_bytes(answer)
        kind = "refund" if place.stream == "refund" else ""
        found = [want for raw in raws for want in payment_wanted(kind, read_object(raw))]
        return Page(tuple(Item(raw) for raw in raws), wants=tuple(found))
    rows, items = list_items(answer)
    wanted: list[Want] = []
    for row in rows:
        match place.stream:
            case "refunds":
                wanted += payment_wanted("refund", row)
            case "chargebacks" | "chargebacks_of":
                wanted += payment_wanted("chargeback", row)
            case "settlements":
                wanted += _contents_wanted(row)
    return Page(items, next_page(place, answer, len(rows)), tuple(wanted))


def wants(raw: bytes, telling: Telling) -> list[Want]:
    """The object that a webhook speaks of: its body proves nothing, so only the answer to our own call is believed."""
    body = read_json(raw)
    if telling.is_answer or not isinstance(body, dict):
        return []
    return [want for kind, owner in told_by_webhook(body) for want in _wanted(kind, owner)]


def _wanted(kind: str, owner: JsonObject) -> list[Want]:
    try:
        named = object_id(owner, "id")
    except TranslationError:
        return []  # translation refuses the body and says why
    if kind == "chargeback":
        reference = first_text(owner, "flw_ref", "flwRef", "FlwRef")
        return [Want("chargebacks_of", reference)] if 0 < len(reference) <= _REFERENCE_CHARS_MAX else []
    if kind in ("transaction", "refund", "transfer") and is_path_safe(named):
        return [Want(kind, named)]
    reference = first_text(owner, "tx_ref", "txRef")
    if kind == "transaction" and 0 < len(reference) <= _REFERENCE_CHARS_MAX:
        return [Want("transaction_by_reference", reference)]
    return []


def _contents(place: Place, answer: Answer) -> Page:
    """The transactions of a settlement, each a row that can be refused alone."""
    settlement = expanded(read_object(answer.body), "data")
    if settlement and not isinstance(settlement.get("transactions"), list):
        return Page(())
    _, items = list_items(answer, "transactions")
    return Page(tuple(Item(item.raw, context={"payout": place.id}) for item in items))


def _contents_wanted(settlement: JsonObject) -> list[Want]:
    if kind_of(settlement) != "settlement" or status_of("settlement", settlement) != "succeeded":
        return []
    try:
        named = object_id(settlement, "id")
    except TranslationError:
        return []
    return [Want("settlement_contents", named)] if is_path_safe(named) else []


def _day(at_s: int) -> str:
    return datetime.fromtimestamp(max(at_s, 0), UTC).date().isoformat()
