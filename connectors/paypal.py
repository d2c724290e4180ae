"""PayPal: webhooks of both versions, objects of its interface and rows of its report, translated into facts.

What PayPal sends names its kind in many ways: an event by its type, everything else by its fields, its own address or
the stream that asked for it. Version 1 (``amount.total``, ``state``) and version 2 (``amount.value``, ``status``) are
read alike, field by field, because events announce neither reliably. An event that moves nothing and a status that
nobody has mapped become ``event.observed``.
"""

import re
from collections.abc import Callable
from typing import Final

from connectors.connector import Connector, Telling
from connectors.envelope import Envelope, short_id
from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, expanded, read_json, required_id, text
from connectors.paypal_amounts import optional_money
from connectors.paypal_disputes import dispute_facts
from connectors.paypal_envelope import PayPalEnvelope, instant_of, own_id, plain_id, related_id, status_of
from connectors.paypal_kinds import event_kind, list_of, object_kind
from connectors.paypal_manifest import MANIFEST
from connectors.paypal_orders import is_known_status, order_facts
from connectors.paypal_pages import classify_answer, page_call, read_page
from connectors.paypal_payments import authorization_facts, capture_facts
from connectors.paypal_payouts import payout_batch_facts, payout_item_facts
from connectors.paypal_plain_fields import PLAIN_FIELDS
from connectors.paypal_refunds import refund_facts, reversal_facts
from connectors.paypal_signature import key_urls, verify
from connectors.paypal_transactions import transaction_facts
from connectors.paypal_wants import is_incomplete, wants
from ledger.facts import Fact

_EVENT_TYPE: Final = re.compile(r"[A-Za-z0-9_.-]{1,120}")

_READERS: Final[dict[str, Callable[[PayPalEnvelope, JsonObject], list[Fact]]]] = {
    "capture": capture_facts,
    "sale": capture_facts,
    "authorization": authorization_facts,
    "refund": refund_facts,
    "reversal": reversal_facts,
    "order": order_facts,
    "payment": order_facts,
    "dispute": dispute_facts,
    "payout_batch": payout_batch_facts,
    "payout_item": payout_item_facts,
    "transaction": transaction_facts,
}


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """Facts of an event, of an object or row that we asked for, or of a page of either; raises `TranslationError`."""
    body = read_json(raw)
    known = Envelope.of("paypal", telling)
    envelope = PayPalEnvelope(known.source, known.account, known.delivery)
    facts = []
    for each in body if isinstance(body, list) else [body]:
        if not isinstance(each, dict):
            raise TranslationError("not_an_object", "the body is neither a JSON object nor a list of objects")
        facts += _facts(envelope, each, telling.stream)
    return facts


def _facts(envelope: PayPalEnvelope, body: JsonObject, stream: str) -> list[Fact]:
    if "event_type" in body:
        return _event_facts(envelope, body)
    listed = list_of(body)
    if listed is not None:
        kind, members = listed
        facts = []
        for member in members:
            facts += _event_facts(envelope, member) if kind == "event" else _object_facts(envelope, kind, member)
        return facts
    kind = object_kind(body, stream)
    if not kind:
        raise TranslationError(
            "unsupported_object", "the body is neither an event nor an object of PayPal that we know"
        )
    return _object_facts(envelope, kind, body)


def _event_facts(envelope: PayPalEnvelope, event: JsonObject) -> list[Fact]:
    event_type = event.get("event_type")
    if not isinstance(event_type, str) or not _EVENT_TYPE.fullmatch(event_type):
        raise TranslationError("field_missing", "event_type is missing or not the name of an event type")
    resource = event.get("resource")
    if isinstance(resource, list) and len(resource) == 1:
        resource = resource[0]
    if not isinstance(resource, dict):
        resource = {}
    event_id = required_id(event, "id")
    told = PayPalEnvelope(
        source=envelope.source,
        account=envelope.account,
        delivery=event_id,
        type=event_type.upper(),
        at=instant_of(event, "create_time"),
    )
    kind = event_kind(told.type, resource)
    if kind and not resource:
        raise TranslationError("field_missing", "resource is missing")
    facts = [] if not kind or is_incomplete(told.type, resource) else _READERS[kind](told, resource)
    if facts and (kind != "order" or is_known_status(resource)):
        return facts
    return [*facts, _observed_event(told, resource, kind)]


def _object_facts(envelope: PayPalEnvelope, kind: str, owner: JsonObject) -> list[Fact]:
    facts = _READERS[kind](envelope, owner)
    if facts and (kind != "order" or is_known_status(owner)):
        return facts
    info = expanded(owner, "transaction_info") or expanded(owner, "batch_header") or owner
    fields = ("transaction_id", "dispute_id", "payout_item_id", "payout_batch_id", "id")
    named = next((found for field in fields if (found := plain_id(info.get(field)))), "") or own_id(
        owner, (f"{kind}s",)
    )
    status = status_of(info, "status", "state", "transaction_status", "batch_status", "dispute_status")
    outcome = text(expanded(owner, "dispute_outcome"), "outcome_code")
    at = (
        envelope.happened(info)
        or envelope.made(info)
        or instant_of(info, "transaction_updated_date", "transaction_initiation_date")
    )
    return [*facts, envelope.observed(named, outcome or status, effective_at=at, status=outcome or status, kind=kind)]


def _observed_event(envelope: PayPalEnvelope, resource: JsonObject, kind: str) -> Fact:
    """An event that moves no money of ours: kept for the timeline, with the sum that it speaks of where it has one."""
    fields = ("id", "dispute_id", "payout_item_id", "payout_batch_id", "order_id")
    named = next((short_id(value) for field in fields if isinstance(value := resource.get(field), str) and value), "")
    fee = expanded(resource, "seller_receivable_breakdown")
    told = {"gross": optional_money(resource, "amount"), "fee": optional_money(fee, "paypal_fee")} if kind else {}
    return envelope.fact(
        "event.observed",
        f"{envelope.delivery}/{envelope.type}/{named or '-'}/observed",
        effective_at=envelope.happened(resource),
        amounts={name: money for name, money in told.items() if money},
        links={"object": named, "order": related_id(resource, "order_id") if kind else ""},
        status=status_of(resource, "status", "state", "transaction_status")
        or (envelope.type.rpartition(".")[2] if kind else ""),
        attributes={"object": kind or plain_id(resource.get("resource_type"))},
    )


PAYPAL: Final = Connector(
    source="paypal",
    translate=translate,
    plain_fields=PLAIN_FIELDS,
    manifest=MANIFEST,
    verify=verify,
    key_urls=key_urls,
    wants=wants,
    page_call=page_call,
    read_page=read_page,
    classify=classify_answer,
)
