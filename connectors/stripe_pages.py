"""Reading Stripe: the request of a page, what an answer holds, and what may follow a call.

Lists are newest first and go on behind the last id (https://docs.stripe.com/api/pagination). A window of ``created``
that is closed never gets new rows in front, so pages do not shift.
"""

from typing import Final

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Item, Page, Place, Want, json_rows
from connectors.json_fields import JsonObject, expanded, optional_id, read_json, read_object, required_id, word
from connectors.outcome import Outcome, classify
from connectors.stripe_manifest import MANIFEST

_LISTS: Final = {
    "balance_transactions": "/v1/balance_transactions",
    "payouts": "/v1/payouts",
    "events": "/v1/events",
    "payment_intents": "/v1/payment_intents",
    "charges": "/v1/charges",
    "refunds": "/v1/refunds",
    "disputes": "/v1/disputes",
    "transfers": "/v1/transfers",
}
# What rows are expanded by; a converted row needs its source's amount.
_EXPANDED: Final = {
    "balance_transactions": "data.source",
    "payout_contents": "data.source",
    "payouts": "data.destination",
}
_OBJECTS: Final = {
    "payment_intent": "/v1/payment_intents",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "payout": "/v1/payouts",
    "transfer": "/v1/transfers",
    "balance_transaction": "/v1/balance_transactions",
}


def page_call(place: Place) -> Call:
    """The request of the page at a place."""
    stream = MANIFEST.stream(place.stream)
    if stream.name in _OBJECTS:
        expand = (("expand[]", "source"),) if stream.name == "balance_transaction" else ()
        return Call(stream.name, f"{_OBJECTS[stream.name]}/{place.id}", expand)
    query = [("limit", str(stream.page_size))]
    if stream.by_id:
        path = _LISTS["balance_transactions"]
        query.append(("payout", place.id))
    else:
        path = _LISTS[stream.name]
        query += [("created[gte]", str(place.since_s)), ("created[lt]", str(place.until_s))]
    if stream.name in _EXPANDED:
        query.append(("expand[]", _EXPANDED[stream.name]))
    if place.page:
        query.append(("starting_after", place.page))
    return Call(stream.name, path, tuple(query))


def read_page(place: Place, answer: Answer) -> Page:
    """The rows of a list page, or the one object asked for."""
    if place.stream in _OBJECTS:
        read_object(answer.body)
        return Page((Item(answer.body),))
    page = read_object(answer.body)
    raws = json_rows(answer.body, "data")
    rows = page["data"]
    if not all(isinstance(row, dict) for row in rows):
        raise TranslationError("page_malformed", "data of a list page is not a list of objects")
    context = {"payout": place.id} if place.stream == "payout_contents" else {}
    events = place.stream == "events"
    items = tuple(
        Item(raw, optional_id(row, "id") if events else "", context) for raw, row in zip(raws, rows, strict=True)
    )
    has_more = page.get("has_more") is True and bool(rows)
    wanted = [want for row in rows for want in _contents(row)] if place.stream == "payouts" else []
    return Page(items, required_id(rows[-1], "id") if has_more else "", tuple(wanted))


def wants(raw: bytes, telling: Telling) -> list[Want]:
    """The contents of a payout that was paid, and the object of a thin event, which holds none itself."""
    body = read_json(raw)
    if not isinstance(body, dict) or telling.is_answer:
        return []
    if body.get("object") == "v2.core.event":
        return _related(body)
    return _contents(expanded(body, "data", "object")) if body.get("type") == "payout.paid" else []


def classify_answer(call: Call, answer: Answer) -> Outcome:
    """Stripe's own word on repeating wins (``Stripe-Should-Retry``); a lock that timed out is no matter of speed."""
    outcome = classify(call, answer)
    if outcome.follow == "ok":
        return outcome
    code = _error_code(answer) or outcome.code
    should_retry = answer.headers.get("stripe-should-retry")
    follow = outcome.follow
    if follow == "rate_limited" and code == "lock_timeout":
        follow = "retry"
    elif should_retry == "true" and follow == "rejected":
        follow = "retry" if call.is_repeatable else "look_up"
    elif should_retry == "false" and follow == "retry":
        follow = "rejected" if call.method == "GET" else "look_up"
    return Outcome(follow, code, outcome.after_s)


def _contents(payout: JsonObject) -> list[Want]:
    """Only the payouts that Stripe makes by itself have contents."""
    if payout.get("automatic") is not True or payout.get("status") != "paid":
        return []
    return [Want("payout_contents", required_id(payout, "id"))]


def _related(event: JsonObject) -> list[Want]:
    """The object of a thin event: by its type, with or without the interface's version before it, or by its address."""
    related = expanded(event, "related_object")
    object_id = word(related.get("id"))
    kind, url = related.get("type"), related.get("url")
    named = kind.removeprefix("v1.") if isinstance(kind, str) else ""
    by_url = {f"{path}/{object_id}": stream for stream, path in _OBJECTS.items()}
    stream = named if named in _OBJECTS else by_url.get(url.partition("?")[0] if isinstance(url, str) else "", "")
    return [Want(stream, object_id)] if stream and object_id else []


def _error_code(answer: Answer) -> str:
    try:
        error = expanded(read_object(answer.body), "error")
    except TranslationError:
        return ""
    return next((error[name][:80] for name in ("code", "type") if isinstance(error.get(name), str)), "")
