"""The answers of Flutterwave's API: ``{"status", "message", "data"}`` around an object or a list, in both versions."""

from typing import Final

import msgspec

from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Item, Place, json_rows
from connectors.json_fields import JsonObject, expanded, read_object
from connectors.outcome import Outcome, classify

_FAILED: Final = ("error", "failed")  # compared one by one: a status of the outside may be of any kind


def is_answer_frame(body: JsonObject) -> bool:
    """Whether the body is an answer's frame and no object of its own; version 4 leaves the status out at times."""
    if "message" not in body or "id" in body:
        return False
    return body["status"] in ("success", *_FAILED) if "status" in body else "data" in body


def told_objects(body: JsonObject) -> list[JsonObject]:
    """The objects in an answer; an answer that says it failed is refused."""
    if body.get("status") in _FAILED:
        raise TranslationError("answer_failed", "the answer says that the call failed and holds no object")
    data = body.get("data")
    if data is None:
        return []
    listed = data if isinstance(data, list) else [data]
    if not all(isinstance(each, dict) for each in listed):
        raise TranslationError("page_malformed", "data of the answer is neither an object nor a list of objects")
    return listed


def objects_bytes(answer: Answer) -> list[bytes]:
    """The exact bytes of what was asked for by id, which is mostly one object; raises `TranslationError` for none."""
    body = read_object(answer.body)
    if not (is_answer_frame(body) or "data" in body):
        return [answer.body]
    if not told_objects(body):
        raise TranslationError("page_malformed", "the answer holds no object")
    if isinstance(body.get("data"), list):
        return json_rows(answer.body, "data")
    return [bytes(msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])["data"])]


def list_items(answer: Answer, *below: str) -> tuple[list[JsonObject], tuple[Item, ...]]:
    """The objects of a list and their exact bytes; `below` are fields of ``data`` that lead to it."""
    body = read_object(answer.body)
    if body.get("status") in _FAILED:
        raise TranslationError("page_malformed", "the answer says that the call failed and holds no list")
    if body.get("data") is None:
        return [], ()
    raws = json_rows(answer.body, "data", *below)
    read = [read_object(raw) for raw in raws]
    return read, tuple(Item(raw) for raw in raws)


def next_page(place: Place, answer: Answer, rows: int) -> str:
    """The mark of the page behind this one: its number, or the cursor where the answer has one; empty at the end."""
    meta = expanded(read_object(answer.body), "meta")
    following = expanded(meta, "cursor").get("next")
    if isinstance(following, str) and following and rows:
        return following if following != place.page else ""
    total = expanded(meta, "page_info").get("total_pages")
    if isinstance(total, str) and total.isdigit() and len(total) < 10:
        total = int(total)
    number = int(place.page) if place.page.isdigit() else 1
    is_more = isinstance(total, int) and not isinstance(total, bool) and number < total and rows > 0
    return str(number + 1) if is_more else ""


def classify_answer(call: Call, answer: Answer) -> Outcome:
    """An object that is not there is told with 400, and even with 200, and a word in the message."""
    outcome = classify(call, answer)
    failed, code = _failure(answer)
    code = code or outcome.code
    if call.method == "GET" and failed and outcome.follow in ("ok", "rejected"):
        message = text_of(answer)
        if outcome.follow == "ok" and not message:
            return outcome
        is_absent = any(word in message for word in ("not found", "was found", "not exist", "no transaction"))
        return Outcome("skip" if is_absent else "rejected", code or "answer_failed")
    return Outcome(outcome.follow, code, outcome.after_s) if outcome.follow != "ok" else outcome


def text_of(answer: Answer) -> str:
    """The message of an answer in lower case; it chooses what follows and is shown to nobody."""
    try:
        body = read_object(answer.body)
    except TranslationError:
        return ""
    told = (body.get("message"), expanded(body, "error").get("message"), expanded(body, "error").get("type"))
    return " ".join(each.lower() for each in told if isinstance(each, str))


def _failure(answer: Answer) -> tuple[bool, str]:
    try:
        body = read_object(answer.body)
    except TranslationError:
        return False, ""
    code = expanded(body, "error").get("code")
    named = code[:80] if isinstance(code, str) and code.isprintable() else ""
    return body.get("status") in _FAILED and not isinstance(body.get("data"), (dict, list)), named
