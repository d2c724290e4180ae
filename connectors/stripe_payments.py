"""Payments: what payment intents and charges say, told as one story.

A payment is known by its payment intent, or by its charge when it has none. Both tell the same money, so both give the
same key and the same gross amount; fees come from balance transactions alone. A charge that is captured and paid says
``payment.succeeded`` again in every later event, which costs nothing and closes gaps that lost webhooks left.

Sums that may change before money moves (an intent that is edited, an authorization that is raised) stand in the key of
their transition: a new sum is a new fact and contradicts nothing. Where a charge may be captured several times, what it
says before all is captured is not the last word: its intent alone says the sum, once it has succeeded.
"""

from typing import Final

from connectors.json_fields import JsonObject, expanded, optional_id, optional_whole, required_id, rows, text, whole
from connectors.stripe_amounts import currency, iso_money, money, not_negative
from connectors.stripe_envelope import StripeEnvelope
from connectors.stripe_refunds import refund_facts
from connectors.stripe_releases import true_refunds
from ledger.facts import Fact
from ledger.money import Money

_INTENT_EVENTS: Final = {
    "payment_intent.created": "initiated",
    "payment_intent.requires_action": "initiated",
    "payment_intent.requires_confirmation": "initiated",
    "payment_intent.processing": "pending",
    "payment_intent.amount_capturable_updated": "authorized",
    "payment_intent.succeeded": "succeeded",
    "payment_intent.payment_failed": "failed",
    "payment_intent.canceled": "canceled",
}
_INTENT_STATUSES: Final = {
    "requires_payment_method": "initiated",
    "requires_confirmation": "initiated",
    "requires_action": "initiated",
    "requires_source": "initiated",  # the names of 2018
    "requires_source_action": "initiated",
    "processing": "pending",
    "requires_capture": "authorized",
    "succeeded": "succeeded",
    "canceled": "canceled",
}
# Events that happen at the moment of success; every other telling of it comes later and dates it by the charge.
_SUCCEEDED_NOW: Final = frozenset(
    {"payment_intent.succeeded", "payment_intent.amount_capturable_updated", "charge.succeeded", "charge.captured"}
)
_CHARGE_PAID: Final = frozenset({"succeeded", "paid", ""})  # "paid" until 2015, nothing at all before


def payment_intent_facts(envelope: StripeEnvelope, intent: JsonObject) -> list[Fact]:
    """What a payment intent tells: at most one fact, none for an event that moves nothing."""
    status = text(intent, "status")
    transition = _INTENT_EVENTS.get(envelope.type, "") if envelope.type else _INTENT_STATUSES.get(status, "")
    if transition == "authorized" and status in {"succeeded", "canceled"}:
        transition = status
    if not transition:
        return []
    charge = _charge_of(intent, transition)
    return [_payment_fact(envelope, intent, transition, _intent_gross(intent, transition), charge)]


def charge_facts(envelope: StripeEnvelope, charge: JsonObject) -> list[Fact]:
    """What a charge tells: its payment's transition, then the refunds it lists."""
    transition = _charge_transition(envelope, charge)
    if transition == "succeeded" and _may_capture_more(charge):
        transition = ""
    facts = []
    if transition:
        gross = _charge_gross(envelope, charge) if transition == "succeeded" else money(charge, "amount")
        facts.append(_payment_fact(envelope, charge, transition, gross, required_id(charge, "id")))
    if envelope.type in {"charge.refunded", ""}:
        for refund in true_refunds(charge):
            facts += refund_facts(envelope, refund, charge)
    return facts


def _payment_fact(envelope: StripeEnvelope, owner: JsonObject, transition: str, gross: Money, charge: str) -> Fact:
    """One transition of a payment; `owner` is the intent or the charge that tells it."""
    object_id = required_id(owner, "id")
    payment = optional_id(owner, "payment_intent") or object_id
    links = {"payment": payment}
    attributes = {
        "capture_method": text(owner, "capture_method"),
        "cancellation_reason": text(owner, "cancellation_reason"),
    }
    references: tuple[str, ...] = ()
    name = transition
    match transition:
        case "initiated" | "pending":
            # A payment that fails and starts again has a new charge each time: no link, it would contradict itself.
            name = f"{transition}/{gross.amount}-{gross.currency}"
            attributes["charge"] = charge
        case "authorized":
            name = f"{transition}/{gross.amount}-{gross.currency}"
            links["charge"] = charge
        case "failed":
            name = f"failed/{charge or envelope.delivery or object_id}"
            links["charge"] = charge
            attributes["failure_code"] = text(owner, "failure_code") or text(
                expanded(owner, "last_payment_error"), "code"
            )
        case "succeeded":
            links["charge"] = charge
            references = tuple(dict.fromkeys(envelope.reference(each) for each in (payment, charge) if each))
    retold = transition == "succeeded" and envelope.type not in _SUCCEEDED_NOW
    return envelope.fact_about(
        owner,
        f"payment.{transition}",
        f"{payment}/{name}",
        effective_at=envelope.made(owner) if retold else envelope.happened(owner),
        amounts={"gross": gross},
        links=links,
        attributes=attributes,
        references=references,
    )


def _charge_of(intent: JsonObject, transition: str) -> str:
    """The charge that an intent's transition is about, or empty when the intent does not say."""
    if transition == "failed" and (error := expanded(intent, "last_payment_error")):
        return optional_id(error, "charge")  # a failed authentication makes no charge; the latest one is an older try
    if latest := optional_id(intent, "latest_charge"):
        return latest
    charges = rows(intent, "charges")  # until 2022; newest first
    paid = [charge for charge in charges if charge.get("paid") is True]
    return optional_id((paid or charges or [{}])[0], "id")


def _intent_gross(intent: JsonObject, transition: str) -> Money:
    if transition == "succeeded" and optional_whole(intent, "amount_received") is not None:
        return money(intent, "amount_received")
    if transition == "authorized" and optional_whole(intent, "amount_capturable"):
        return money(intent, "amount_capturable")
    return money(intent, "amount")


def _charge_transition(envelope: StripeEnvelope, charge: JsonObject) -> str:
    """The payment's transition that a charge tells, or empty when it tells nothing that is sure."""
    match envelope.type:
        case "charge.pending":
            return "pending"
        case "charge.failed":
            return "failed"
        case "charge.expired":
            return "canceled"
        case "charge.captured":
            return "succeeded"
        case "charge.succeeded":
            return "authorized" if charge.get("captured") is False else "succeeded"
    status = text(charge, "status")
    if charge.get("captured") is True and charge.get("paid") is True and status in _CHARGE_PAID:
        return "succeeded"
    if envelope.type:
        return ""
    if status in {"pending", "failed"}:
        return status
    return "authorized" if status == "succeeded" and charge.get("refunded") is False else ""


def _charge_gross(envelope: StripeEnvelope, charge: JsonObject) -> Money:
    """What was captured, which may be less than what was authorized."""
    if optional_whole(charge, "amount_captured") is not None:
        return money(charge, "amount_captured")
    if envelope.type == "charge.captured":  # before 2020: what was not captured counts as refunded
        captured = whole(charge, "amount") - (optional_whole(charge, "amount_refunded") or 0)
        return not_negative(iso_money(captured, currency(charge), "amount"), "amount less amount_refunded")
    return money(charge, "amount")


def _may_capture_more(charge: JsonObject) -> bool:
    """Whether the charge allows several captures and not all of it is captured; only intents have such charges."""
    details = expanded(charge, "payment_method_details")
    allowed = any(
        text(expanded(details, kind, "multicapture"), "status") == "available" for kind in ("card", "card_present")
    )
    captured = optional_whole(charge, "amount_captured")
    return allowed and captured is not None and captured < whole(charge, "amount")
