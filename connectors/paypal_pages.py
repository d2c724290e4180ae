"""Reading PayPal: the request of a page, what an answer holds, and what may follow a call.

The report counts its pages; other lists hand out the address of the next one, of which only the query is followed.
Times in a query are whole seconds in UTC, a window's end excluded by us where the list includes it.
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Item, Page, Place, Want, json_rows
from connectors.json_fields import JsonObject, optional_id, read_object, rows, text
from connectors.outcome import Outcome, classify
from connectors.paypal_envelope import plain_id
from connectors.paypal_manifest import MANIFEST
from connectors.paypal_wants import wanted_by

_REPORT: Final = "/v1/reporting/transactions"
_DISPUTES: Final = "/v1/customer/disputes"
_EVENTS: Final = "/v1/notifications/webhooks-events"
_OBJECTS: Final = {
    "order": "/v2/checkout/orders",
    "authorization": "/v2/payments/authorizations",
    "capture": "/v2/payments/captures",
    "refund": "/v2/payments/refunds",
    "dispute": _DISPUTES,
    "payout_batch": "/v1/payments/payouts",
    "payout_item": "/v1/payments/payouts-item",
    "sale": "/v1/payments/sale",
    "payment": "/v1/payments/payment",
}
_MARK_CHARS_MAX: Final = 2000


def page_call(place: Place) -> Call:
    """The request of the page at a place."""
    stream = MANIFEST.stream(place.stream)
    size = str(stream.page_size)
    since, until = _time(place.since_s), _time(place.until_s - 1)
    match stream.name:
        case "transactions" | "transactions_again":
            query = [
                ("start_date", since),
                ("end_date", until),
                ("fields", "transaction_info"),
                ("balance_affecting_records_only", "Y"),
                ("page_size", size),
                ("page", place.page or "1"),
            ]
            return Call(stream.name, _REPORT, tuple(query))
        case "disputes":
            query = [("update_time_after", since), ("update_time_before", until), ("page_size", size)]
            return Call(stream.name, _DISPUTES, tuple(_followed(place.page) or query))
        case "events":
            query = [("start_time", since), ("end_time", until), ("page_size", size)]
            return Call(stream.name, _EVENTS, tuple(_followed(place.page) or query))
        case "payout_batch":
            query = [("page_size", size), ("page", place.page or "1"), ("total_required", "true")]
            return Call(stream.name, f"{_OBJECTS[stream.name]}/{place.id}", tuple(query))
    return Call(stream.name, f"{_OBJECTS[stream.name]}/{place.id}")


def read_page(place: Place, answer: Answer) -> Page:
    """The rows of a list page, or the one object asked for; raises `TranslationError` when it is neither."""
    body = read_object(answer.body)
    match place.stream:
        case "transactions" | "transactions_again":
            return Page(_items(answer.body, body, "transaction_details"), _numbered_next(place, body))
        case "disputes":
            items = _items(answer.body, body, "items")
            # A summary does not say how a dispute ended.
            ended = [row for row in rows(body, "items") if text(row, "status").upper() == "RESOLVED"]
            wanted = [Want("dispute", found) for row in ended if (found := plain_id(row.get("dispute_id")))]
            return Page(items, _linked_next(body) if items else "", tuple(wanted))
        case "events":
            items = _items(answer.body, body, "events", delivered=True)
            named = [want for event in rows(body, "events") for want in wanted_by(event)]
            return Page(items, _linked_next(body) if items else "", tuple(named))
        case "payout_batch":
            header = (Item(json_member(answer.body, "batch_header")),) if not place.page else ()
            items = _items(answer.body, body, "items") if "items" in body else ()
            return Page(header + items, _numbered_next(place, body) if items else "")
    return Page((Item(answer.body),))


def classify_answer(call: Call, answer: Answer) -> Outcome:
    """By status, with PayPal's own name for what is wrong."""
    outcome = classify(call, answer)
    if outcome.follow == "ok":
        return outcome
    return Outcome(outcome.follow, _error_name(answer) or outcome.code, outcome.after_s)


def json_member(raw: bytes, field: str) -> bytes:
    """The exact bytes of a member of a JSON object, read as a list of one; raises `TranslationError` without it."""
    [member] = json_rows(b'{"rows":[' + _member(raw, field) + b"]}", "rows")
    return member


def _member(raw: bytes, field: str) -> bytes:
    import msgspec

    try:
        return bytes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])[field])
    except (ValueError, KeyError, RecursionError) as error:
        raise TranslationError("page_malformed", f"the answer has no {field}") from error


def _items(raw: bytes, body: JsonObject, field: str, *, delivered: bool = False) -> tuple[Item, ...]:
    """The rows as they stand; none where PayPal leaves an empty list out."""
    if body.get(field) is None and not body.get("name"):
        return ()
    members = json_rows(raw, field)
    if not all(isinstance(row, dict) for row in body[field]):
        raise TranslationError("page_malformed", f"{field} of a list page is not a list of objects")
    return tuple(
        Item(member, optional_id(row, "id") if delivered else "")
        for member, row in zip(members, body[field], strict=True)
    )


def _numbered_next(place: Place, body: JsonObject) -> str:
    page = int(place.page or "1")
    total = body.get("total_pages")
    if isinstance(total, str) and total.isascii() and total.isdigit():
        total = int(total[:9])
    return str(page + 1) if isinstance(total, int) and page < total else ""


def _linked_next(body: JsonObject) -> str:
    """The query of the next page's address."""
    for link in rows(body, "links"):
        href = link.get("href")
        if link.get("rel") == "next" and isinstance(href, str):
            mark = urlsplit(href).query
            if not mark or len(mark) > _MARK_CHARS_MAX or not _followed(mark):
                raise TranslationError("page_malformed", "the address of the next page has no query")
            return urlencode(_followed(mark))
    return ""


def _followed(mark: str) -> list[tuple[str, str]]:
    return parse_qsl(mark)


def _time(at_s: int) -> str:
    return f"{datetime.fromtimestamp(max(at_s, 0), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _error_name(answer: Answer) -> str:
    try:
        error = read_object(answer.body)
    except TranslationError:
        return ""
    issue = next((text(each, "issue") for each in rows(error, "details") if text(each, "issue")), "")
    return (issue or text(error, "name") or text(error, "error"))[:80].lower()
