"""Reading Modern Treasury: the request of a page, what an answer holds, what must be fetched, what may follow a call.

Lists are bare arrays; the mark of the next page is the header ``X-After-Cursor``, empty or absent at the end
(https://docs.moderntreasury.com/platform/reference/cursor-pagination).
"""

from datetime import UTC, datetime
from typing import Final

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Item, Page, Place, Want, json_rows
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, expanded, numbered_id, read_json, read_object, text, word
from connectors.modern_treasury_announcements import is_notification_of_change
from connectors.modern_treasury_bodies import Told, event_told, tellings
from connectors.modern_treasury_drafts import counted, needs_history
from connectors.modern_treasury_manifest import MANIFEST
from connectors.outcome import Outcome, classify

# What bounds a list in time: the names of its bounds, and whether they are days or instants. Both are inclusive.
_DAY, _INSTANT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"
_LISTS: Final = {
    "payment_orders": ("effective_date_start", "effective_date_end", _DAY),
    "transactions": ("as_of_date_start", "as_of_date_end", _DAY),
    "incoming_payment_details": ("as_of_date_start", "as_of_date_end", _DAY),
    "expected_payments": ("created_at_lower_bound", "created_at_upper_bound", _INSTANT),
    "events": ("event_time_start", "event_time_end", _INSTANT),
    "returns": ("", "", _INSTANT),  # cannot be asked by time
}
_OBJECTS: Final = {
    "payment_order": "/api/payment_orders",
    "incoming_payment_detail": "/api/incoming_payment_details",
    "paper_item": "/api/paper_items",
    "reversal_failed": "/api/payment_orders",
    "return_failed": "/api/incoming_payment_details",
}
_UNDONE: Final = frozenset({"failed", "returned"})


def page_call(place: Place) -> Call:
    """The request of the page at a place."""
    stream = MANIFEST.stream(place.stream)
    if stream.name in _OBJECTS:
        return Call(stream.name, f"{_OBJECTS[stream.name]}/{place.id}")
    query = [("per_page", str(stream.page_size))]
    if stream.name == "payment_order_events":
        path = "/api/events"
        query += [("resource", "payment_order"), ("entity_id", place.id)]
    else:
        path = f"/api/{stream.name}"
        since, until, form = _LISTS[stream.name]
        if since:
            query += [(since, _when(place.since_s, form)), (until, _when(place.until_s - 1, form))]
    if place.page:
        query.append(("after_cursor", place.page))
    return Call(stream.name, path, tuple(query))


def read_page(place: Place, answer: Answer) -> Page:
    """The rows of a list page, or the one object asked for."""
    if place.stream in _OBJECTS:
        read_object(answer.body)
        return Page((Item(answer.body),))
    raws, read = json_rows(answer.body), read_json(answer.body)
    rows: list[JsonObject] = [row if isinstance(row, dict) else {} for row in read] if isinstance(read, list) else []
    cursor = answer.headers.get("x-after-cursor", "").strip()
    following = cursor if rows and cursor != place.page else ""
    if place.stream == "payment_order_events":
        return Page(_history(raws, rows), following)
    if place.stream == "returns" and _reaches_back(place, rows):
        following = ""
    wanted: dict[Want, None] = {}
    for row in rows:
        wanted |= dict.fromkeys(_wanted_of_row(place.stream, row))
    events = place.stream == "events"
    items = tuple(Item(raw, word(row.get("id")) if events else "") for raw, row in zip(raws, rows, strict=True))
    return Page(items, following, tuple(wanted))


def wants(raw: bytes, telling: Telling) -> list[Want]:
    """What a webhook leaves open: an order of which only the id is told, the object of a return, a second draft."""
    if telling.is_answer:
        return []
    try:
        told = tellings(raw, telling)
        return list(dict.fromkeys(want for each in told for want in _wanted(each)))
    except TranslationError:  # a dead letter, which says why
        return []


def classify_answer(call: Call, answer: Answer) -> Outcome:
    """By status, with the vendor's own code."""
    outcome = classify(call, answer)
    if outcome.follow == "ok":
        return outcome
    try:
        code = text(expanded(read_object(answer.body), "errors"), "code")[:80]
    except TranslationError:
        code = ""
    return Outcome(outcome.follow, code or outcome.code, outcome.after_s)


def _wanted(told: Told) -> list[Want]:
    owner, status = told.owner, text(told.owner, "status")
    match told.kind:
        case "payment_order" | "":
            object_id = numbered_id(owner, "id")
            if not object_id or "entity_a_id" in owner:
                return []
            if owner.get("amount") is None:
                # Only an order that could not be made is told by its id alone; without a header nobody says so.
                return [Want("payment_order", object_id)] if told.kind or told.event == "failed" else []
            return [Want("payment_order_events", object_id)] if told.kind and needs_history(told.event, owner) else []
        case "return":
            return _wanted_of_return(owner, status)
        case "reversal":
            order = numbered_id(owner, "payment_order_id")
            if not order:
                return []
            return [Want("reversal_failed" if status in _UNDONE else "payment_order", order)]
    return []


def _wanted_of_return(returned: JsonObject, status: str) -> list[Want]:
    of, kind = numbered_id(returned, "returnable_id"), text(returned, "returnable_type")
    if not of or is_notification_of_change(returned):
        return []
    match kind:
        case "payment_order":
            return [Want("payment_order", of), Want("payment_order_events", of)]
        case "incoming_payment_detail":
            return [Want("return_failed" if status in _UNDONE else "incoming_payment_detail", of)]
        case "paper_item":
            return [Want("paper_item", of)]
    return []


def _wanted_of_row(stream: str, row: JsonObject) -> list[Want]:
    try:
        return _wanted(event_told(row) if stream == "events" else Told(stream.removesuffix("s"), "", row))
    except TranslationError:  # one bad row is one dead letter, which says why, and stops no stream
        return []


def _history(raws: list[bytes], rows: list[JsonObject]) -> tuple[Item, ...]:
    """The events of one order, oldest first, each with how often its transitions happened before under one mark."""
    told = []
    for raw, row in zip(raws, rows, strict=True):
        try:
            told.append((event_told(row), raw))
        except TranslationError:
            told.append((Told("", "", {}), raw))
    told.sort(key=lambda each: each[0].at)
    numbers = counted([(each.event, each.owner) for each, _ in told])
    return tuple(
        Item(raw, each.delivery, {"drafts": number} if number else {})
        for (each, raw), number in zip(told, numbers, strict=True)
    )


def _reaches_back(place: Place, rows: list[JsonObject]) -> bool:
    """Whether a page, newest first, ends before the window begins; a list in another order is read to its end."""
    try:
        made = [iso_instant(row, "created_at") for row in rows]
    except TranslationError:
        return False
    return bool(made) and made == sorted(made, reverse=True) and "" < made[-1] < _when(place.since_s, _INSTANT)


def _when(at_s: int, form: str) -> str:
    return datetime.fromtimestamp(max(at_s, 0), UTC).strftime(form)
