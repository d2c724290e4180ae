"""Reading Paystack: the request of a page, what an answer holds, what it makes us fetch, and what may follow a call.

Lists are newest first and numbered by pages; a window of ``from`` and ``to`` that is closed gets no new rows in front.
Refunds are read payment by payment: only among all refunds of a payment does a row say which one it is.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import msgspec

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Item, Page, Place, Want, json_rows
from connectors.json_fields import JsonObject, expanded, read_object, rows
from connectors.outcome import Outcome, classify
from connectors.paystack_disputes import is_lost
from connectors.paystack_fields import currency_of, reference_of, required_money, status_of, transaction_of
from connectors.paystack_manifest import MANIFEST
from connectors.paystack_payments import is_fee_told
from connectors.paystack_refunds import NUMBER, PAYMENT

_LISTS: Final = {
    "transactions": "/transaction",
    "refunds": "/refund",
    "settlements": "/settlement",
    "transfers": "/transfer",
    "disputes": "/dispute",
}
_OBJECTS: Final = {
    "payment": "/transaction/verify/",
    "refund": "/refund/",
    "transfer": "/transfer/verify/",
    "dispute": "/dispute/",
}
# How the stream `refunded_payment` is asked for a payment: by its reference, or by the transaction's id.
_BY_REFERENCE: Final = "reference:"
_BY_ID: Final = "id:"


def page_call(place: Place) -> Call:
    """The request of the page at a place."""
    stream = MANIFEST.stream(place.stream)
    if stream.name in _OBJECTS:
        return Call(stream.name, _OBJECTS[stream.name] + quote(place.id, safe=""))
    if stream.name == "refunded_payment":
        by_reference = place.id.startswith(_BY_REFERENCE)
        named = quote(place.id.partition(":")[2], safe="")
        return Call(stream.name, f"/transaction/{'verify/' if by_reference else ''}{named}")
    query = [("perPage", str(stream.page_size)), ("page", place.page or "1")]
    if stream.name == "settlement_transactions":
        return Call(stream.name, f"/settlement/{quote(place.id, safe='')}/transactions", tuple(query))
    if stream.name == "payment_refunds":
        return Call(stream.name, _LISTS["refunds"], (*query, ("transaction", place.id.partition(":")[0])))
    query += [("from", _instant(place.since_s)), ("to", _instant(place.until_s))]
    if stream.name == "settlements":
        query.append(("subaccount", "none"))  # others' settlements are not our money
    return Call(stream.name, _LISTS[stream.name], tuple(query))


def read_page(place: Place, answer: Answer) -> Page:
    """The rows of a list page, or the one object asked for."""
    body = read_object(answer.body)
    if place.stream in _OBJECTS or place.stream == "refunded_payment":
        raw, found = _object(answer.body, body)
        wants = _refunds_of(found) if place.stream == "refunded_payment" else []
        return Page((Item(raw),), wants=tuple(wants))
    raws = json_rows(answer.body, "data")
    found_rows = body["data"]
    if not all(isinstance(row, dict) for row in found_rows):
        raise TranslationError("page_malformed", "data of a list page is not a list of objects")
    following = _next(place, body, len(raws))
    match place.stream:
        case "refunds":
            return _payments_refunded(raws, found_rows, following)
        case "payment_refunds":
            if following:
                raise TranslationError("page_malformed", "a payment has more refunds than a page holds")
            return Page(_numbered(place, raws, found_rows))
    context = {"settlement": place.id} if place.stream == "settlement_transactions" else {}
    return Page(tuple(Item(raw, "", context) for raw in raws), following, tuple(_wanted(place.stream, found_rows)))


def wants(raw: bytes, telling: Telling) -> list[Want]:
    """What a webhook tells in part: which refund it means, the fee of a payment, the refund that pays a dispute."""
    try:
        body = read_object(raw)
    except TranslationError:
        return []
    event = body.get("event")
    if telling.is_answer or not isinstance(event, str):
        return []
    data = body.get("data")
    found: list[Want] = []
    for owner in [data] if isinstance(data, dict) else rows({"data": data}, "data"):
        if event.startswith("refund.") or (event == "charge.dispute.resolve" and is_lost(owner)):
            found += _refunded(owner)
        elif event == "charge.success" and not is_fee_told(owner) and (reference := reference_of(owner, "reference")):
            found.append(Want("payment", reference))
    return found


def classify_answer(call: Call, answer: Answer) -> Outcome:
    """By status, by Paystack's own code, and by ``status`` of the body, which is false in answers that hold nothing."""
    outcome = classify(call, answer)
    status, code = _told(answer)
    if outcome.follow == "ok":
        return Outcome("rejected", code or "status_false") if status is False else outcome
    code = code or outcome.code
    if code == "duplicate_reference":
        return Outcome("look_up", code)  # it was done before
    if outcome.follow == "rejected" and call.method == "GET" and code.endswith("_not_found"):
        return Outcome("skip", code)
    return Outcome(outcome.follow, code, outcome.after_s)


def _instant(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _next(place: Place, body: JsonObject, count: int) -> str:
    """The number of the next page. Without a count of pages in ``meta`` a full page has one behind it."""
    page = int(place.page or "1")
    meta = expanded(body, "meta")
    pages = reference_of(meta, "pageCount")
    full = count >= MANIFEST.stream(place.stream).page_size
    more = page < int(pages) if pages.isdecimal() else full
    return str(page + 1) if more and count else ""


def _object(raw: bytes, body: JsonObject) -> tuple[bytes, JsonObject]:
    """The bytes and the object under ``data``."""
    found = body.get("data")
    if not isinstance(found, dict):
        raise TranslationError("page_malformed", "data of the answer is not an object")
    return bytes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])["data"]), found


def _payments_refunded(raws: list[bytes], refunds: list[JsonObject], following: str) -> Page:
    """Rows make us read their payments' refunds; a row without a payment stands for itself."""
    wanted = [_refunded(refund) for refund in refunds]
    items = tuple(Item(raw) for raw, found in zip(raws, wanted, strict=True) if not found)
    return Page(items, following, _distinct(want for found in wanted for want in found))


def _numbered(place: Place, raws: list[bytes], refunds: list[JsonObject]) -> tuple[Item, ...]:
    """Each refund with its payment's reference and its number among those of its sum, the oldest first."""
    reference = place.id.partition(":")[2]
    counted: dict[tuple[str, str], int] = {}
    found: list[Item] = []
    for raw, refund in sorted(zip(raws, refunds, strict=True), key=lambda each: _age(each[1])):
        try:
            money = required_money(refund, "amount", currency_of(refund, expanded(refund, "transaction")))
        except TranslationError:
            found.append(Item(raw))  # refused when it is translated
            continue
        sum_told = (money.amount, money.currency)
        counted[sum_told] = counted.get(sum_told, 0) + 1
        found.append(Item(raw, "", {PAYMENT: reference, NUMBER: str(counted[sum_told])}))
    return tuple(found)


def _age(refund: JsonObject) -> tuple[int, str]:
    refund_id = reference_of(refund, "id")
    return len(refund_id), refund_id


def _wanted(stream: str, found: list[JsonObject]) -> tuple[Want, ...]:
    match stream:
        case "settlements":
            paid = [row for row in found if MANIFEST.status("settlement", status_of(row)) == "succeeded"]
            return _distinct(
                Want("settlement_transactions", number) for row in paid if (number := reference_of(row, "id"))
            )
        case "transactions":
            return _distinct(want for row in found if status_of(row) == "reversed" for want in _refunds_of(row))
        case "disputes":
            return _distinct(want for row in found if is_lost(row) for want in _refunded(row))
    return ()


def _refunds_of(transaction: JsonObject) -> list[Want]:
    """The refunds of a transaction that says both its names."""
    number, reference = reference_of(transaction, "id"), reference_of(transaction, "reference")
    return [Want("payment_refunds", f"{number}:{reference}")] if number.isdecimal() and reference else []


def _refunded(owner: JsonObject) -> list[Want]:
    """The refunds of an object's payment, by way of the payment where only one of its names is told."""
    number, reference = transaction_of(owner)
    if number and reference:
        return [Want("payment_refunds", f"{number}:{reference}")]
    if reference:
        return [Want("refunded_payment", _BY_REFERENCE + reference)]
    return [Want("refunded_payment", _BY_ID + number)] if number else []


def _distinct(found: Iterable[Want]) -> tuple[Want, ...]:
    return tuple(dict.fromkeys(found))


def _told(answer: Answer) -> tuple[object, str]:
    """``status`` and ``code`` of a body, None and empty where it is no object."""
    try:
        body = read_object(answer.body)
    except TranslationError:
        return None, ""
    code = body.get("code")
    return body.get("status"), code[:80] if isinstance(code, str) else ""
