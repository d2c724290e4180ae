"""Paystack: webhooks, answers of its API and single rows, translated into facts.

What moves no money (subscriptions, invoices, payment requests, customers) becomes ``event.observed``, as does every
event and status that nobody has mapped. Webhooks of refunds and of customers say no time at all: such a fact counts on
the day on which it is recorded, and its time is the word `TIME_UNTOLD`.
"""

import re
from typing import Final

from connectors.connector import Connector, Telling
from connectors.envelope import Envelope
from connectors.errors import TranslationError
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, expanded, numbered_id, read_json, text
from connectors.paystack_disputes import dispute_facts
from connectors.paystack_fields import changed_at, livemode, reference_of, status_of
from connectors.paystack_manifest import MANIFEST, SCHEME
from connectors.paystack_pages import classify_answer, page_call, read_page, wants
from connectors.paystack_payments import initialized_fact, preauthorization_facts, transaction_facts
from connectors.paystack_plain_fields import PLAIN_FIELDS
from connectors.paystack_refunds import refund_facts
from connectors.paystack_settlements import settlement_facts
from connectors.paystack_transfers import transfer_facts
from connectors.signatures import body_verifier
from ledger.facts import Fact

ACCOUNT_UNNAMED: Final = "default"
TIME_UNTOLD: Final = "unknown"

_EVENT: Final = re.compile(r"[A-Za-z0-9_.-]{1,120}")
# The longest prefix that fits decides.
_FAMILIES: Final = (
    ("charge.dispute.", "dispute"),
    ("charge.", "payment"),
    ("refund.", "refund"),
    ("transfer.", "transfer"),
    ("preauthorization.", "preauthorization"),
)
_STREAMS: Final = {
    "transactions": "payment",
    "payment": "payment",
    "refunded_payment": "payment",
    "settlement_transactions": "payment",
    "refunds": "refund",
    "refund": "refund",
    "payment_refunds": "refund",
    "transfers": "transfer",
    "transfer": "transfer",
    "settlements": "settlement",
    "disputes": "dispute",
    "dispute": "dispute",
}
# What only objects of a kind have; the first kind of which an object has one decides.
_MARKS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("transfer", frozenset({"transfer_code", "transferred_at", "titan_code"})),
    ("settlement", frozenset({"effective_amount", "total_processed", "settlement_date"})),
    ("dispute", frozenset({"refund_amount", "resolution", "resolvedAt"})),
    (
        "refund",
        frozenset(
            {"refunded_by", "refunded_at", "deducted_amount", "fully_deducted", "refund_reference", "merchant_note"}
        ),
    ),
    ("preauthorization", frozenset({"expire_action"})),
    ("checkout", frozenset({"authorization_url"})),
)
# Ids of what is observed, the one that says most first.
_IDS: Final = (
    *("invoice_code", "request_code", "subscription_code", "customer_code", "transfer_code"),
    *("reference", "authorization_code", "id"),
)


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """Facts of a webhook, of an answer (``status``, ``message``, ``data``), or of one row or a list of them."""
    body = read_json(raw)
    if isinstance(body, list):
        return _rows(body, telling, raw)
    if not isinstance(body, dict):
        raise TranslationError("not_an_object", "the body is not a JSON object")
    if "event" in body:
        return _event_facts(body, telling, raw)
    if isinstance(body.get("status"), bool):
        if body["status"] is False:
            raise TranslationError("answer_failed", "an answer that says that the call failed tells nothing")
        data = body.get("data")
        return _rows(data if isinstance(data, list) else [data], telling, raw)
    return _rows([body], telling, raw)


PAYSTACK: Final = Connector(
    source="paystack",
    translate=translate,
    plain_fields=PLAIN_FIELDS,
    manifest=MANIFEST,
    verify=body_verifier(SCHEME),
    wants=wants,
    page_call=page_call,
    read_page=read_page,
    classify=classify_answer,
)


def _event_facts(body: JsonObject, telling: Telling, raw: bytes) -> list[Fact]:
    event = body["event"]
    if not isinstance(event, str) or not _EVENT.fullmatch(event):
        raise TranslationError("field_missing", "event is not the name of an event")
    data = body.get("data")
    kind = next((kind for prefix, kind in _FAMILIES if event.startswith(prefix)), "")
    owners = data if isinstance(data, list) else [data]
    if kind and not (owners and all(isinstance(owner, dict) for owner in owners)):
        raise TranslationError("field_missing", "data of the event is not an object")
    facts: list[Fact] = []
    for owner in owners:
        told = owner if isinstance(owner, dict) else {}
        envelope = _envelope(telling, told, event)
        known = _facts(kind, envelope, told, telling, event.rpartition(".")[2]) if kind else []
        facts += known or [_observed(envelope, told, event, raw), *_invoiced(envelope, told, event)]
    return facts


def _invoiced(envelope: Envelope, invoice: JsonObject, event: str) -> list[Fact]:
    """The payment of an invoice that was paid, which `charge.success` tells as well."""
    transaction = expanded(invoice, "transaction")
    if not event.startswith("invoice.") or MANIFEST.status("payment", status_of(transaction)) != "succeeded":
        return []
    return transaction_facts(envelope, {"paid_at": invoice.get("paid_at"), **transaction})


def _rows(found: list[object], telling: Telling, raw: bytes) -> list[Fact]:
    facts: list[Fact] = []
    for row in found:
        if not isinstance(row, dict):
            raise TranslationError("unsupported_object", "data holds neither an object nor a list of objects")
        kind = _STREAMS.get(telling.stream, "") if telling.is_answer else ""
        kind = kind or _kind_of(row)
        envelope = _envelope(telling, row, "")
        facts += _facts(kind, envelope, row, telling, "") or [_observed(envelope, row, kind or "row", raw)]
    return facts


def _facts(kind: str, envelope: Envelope, owner: JsonObject, telling: Telling, word: str) -> list[Fact]:
    match kind:
        case "payment":
            settlement = numbered_id(dict(telling.context), "settlement")
            return transaction_facts(envelope, owner, word=word, payout=settlement)
        case "preauthorization":
            return preauthorization_facts(envelope, owner, word=word)
        case "checkout":
            return [initialized_fact(envelope, owner)]
        case "refund":
            return refund_facts(envelope, owner, telling, word=word)
        case "dispute":
            return dispute_facts(envelope, owner, word=word)
        case "transfer":
            return transfer_facts(envelope, owner, word=word)
        case "settlement":
            return settlement_facts(envelope, owner)
    return []


def _kind_of(row: JsonObject) -> str:
    """What a row is that nobody asked for by name; empty for anything that tells no money."""
    kind = next((kind for kind, marks in _MARKS if marks & row.keys()), "")
    if not kind and "reference" in row and ("gateway_response" in row or "status" in row):
        return "payment"  # also what the charge endpoints answer in the middle
    return kind


def _envelope(telling: Telling, owner: JsonObject, event: str) -> Envelope:
    live = livemode(owner, expanded(owner, "transaction"))
    if not telling.account:
        telling = Telling(telling.source, ACCOUNT_UNNAMED, telling.delivery, telling.context)
    return Envelope.of("paystack", telling, type=event, at=TIME_UNTOLD, live=live)


def _observed(envelope: Envelope, owner: JsonObject, what: str, raw: bytes) -> Fact:
    """Something that moves no money of ours, once for the same bytes."""
    about = reference_of(owner, *_IDS) or reference_of(expanded(owner, "customer"), "customer_code")
    at = iso_instant(owner, "paid_at") or changed_at(owner)
    return envelope.observed(about, what, effective_at=at, status=text(owner, "status"), kind=what, raw=raw)
