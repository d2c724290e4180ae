"""Modern Treasury: payment orders, returns, reversals, receipts and the bank's transactions, translated into facts.

It moves money through our own bank accounts and holds none: what it says was executed stands on its clearing account
until the bank's line shows it. An event that moves nothing becomes ``event.observed``.
"""

import re
from typing import Final

from connectors.connector import Connector, Telling
from connectors.errors import TranslationError
from connectors.exchange import Verified, WebhookRequest
from connectors.json_fields import JsonObject, numbered_id, text, word
from connectors.modern_treasury_announcements import expected_payment_facts, return_facts, reversal_facts
from connectors.modern_treasury_bodies import TOPIC, Told, tellings
from connectors.modern_treasury_envelope import TreasuryEnvelope
from connectors.modern_treasury_manifest import MANIFEST, NAME, SCHEME
from connectors.modern_treasury_orders import order_facts, reversal_failed_fact
from connectors.modern_treasury_pages import classify_answer, page_call, read_page, wants
from connectors.modern_treasury_plain_fields import PLAIN_FIELDS
from connectors.modern_treasury_receipts import receipt_facts
from connectors.modern_treasury_transactions import transaction_facts
from connectors.signatures import body_verifier
from ledger.facts import Fact

_TOPIC: Final = re.compile(r"[a-z_]{1,60}")
# Bodies without any of these name an object and do not hold it.
_OF_AN_OBJECT: Final = ("amount", "currency", "direction", "returnable_type", "reason", "reconciliation_rule_variables")
_WEBHOOK_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,120}")


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """Facts of a webhook, an event read back, an object, or a list page of objects; raises `TranslationError`."""
    return [fact for told in tellings(raw, telling) for fact in _facts(told, telling, raw)]


def _facts(told: Told, telling: Telling, raw: bytes) -> list[Fact]:
    owner = told.owner
    envelope = TreasuryEnvelope.around(telling, owner, told.kind or "object", told.event, told.at, told.delivery)
    facts = _money_facts(envelope, told, telling) if _is_whole(told) else []
    return facts or [_observed(envelope, told, raw)]


def _money_facts(envelope: TreasuryEnvelope, told: Told, telling: Telling) -> list[Fact]:
    owner = told.owner
    match told.kind:
        case "payment_order" if telling.stream == "reversal_failed":
            return [reversal_failed_fact(envelope, owner)]
        case "payment_order":
            return order_facts(envelope, owner, telling)
        case "incoming_payment_detail" | "paper_item":
            return receipt_facts(envelope, owner, told.kind, telling)
        case "transaction":
            return transaction_facts(envelope, owner)
        case "return":
            return return_facts(envelope, owner)
        case "reversal":
            return reversal_facts(envelope, owner)
        case "expected_payment":
            return expected_payment_facts(envelope, owner)
    return []


def _is_whole(told: Told) -> bool:
    """Whether a body holds its object, and not just the id of one or the two ends of a link."""
    owner = told.owner
    return "entity_a_id" not in owner and any(field in owner for field in _OF_AN_OBJECT)


def _observed(envelope: TreasuryEnvelope, told: Told, raw: bytes) -> Fact:
    owner, status = told.owner, text(told.owner, "status")
    if not _any_id(owner):
        raise TranslationError("field_missing", "the object has no id")
    if told.event == "failed" and word(owner.get("id")):  # an order that could not be made
        reason = {"failure_reason": text(owner, "vendor_failure_reason"), "failure_code": told.error}
        return envelope.seen(owner, told.kind, "failed", attributes=reason)
    return envelope.observed(
        _any_id(owner),
        envelope.type or status or told.kind,
        effective_at=envelope.at,
        status=status,
        kind=told.kind,
        raw=b"" if status else raw,
    )


def _any_id(owner: JsonObject) -> str:
    value = owner.get("id")
    return value if isinstance(value, str) else numbered_id(owner, "id")


def _told_by_headers(request: WebhookRequest) -> Verified:
    """The delivery's id, the same on retries, and what the body is about; neither is signed, so both are only hints."""
    delivery, topic = request.headers.get("x-webhook-id", ""), request.headers.get("x-topic", "").lower()
    return Verified(
        delivery if _WEBHOOK_ID.fullmatch(delivery) else "",
        {TOPIC: topic} if _TOPIC.fullmatch(topic) else {},
    )


MODERN_TREASURY: Final = Connector(
    source=NAME,
    translate=translate,
    plain_fields=PLAIN_FIELDS,
    manifest=MANIFEST,
    verify=body_verifier(SCHEME, _told_by_headers),
    wants=wants,
    page_call=page_call,
    read_page=read_page,
    classify=classify_answer,
)
