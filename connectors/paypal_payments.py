"""Payments: what captures, sales and authorizations say.

A payment is known by the id of its capture or, in version 1, of its sale: that is the transaction which the report of
transactions, refunds and disputes name. What comes before money moves has ids of its own: an authorization is a
payment of its own id, and its captures link to it. Every later telling of a capture that was paid says
``payment.succeeded`` again, which costs nothing and closes gaps that lost webhooks left.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, expanded, text
from connectors.paypal_amounts import gross_of
from connectors.paypal_envelope import PayPalEnvelope, linked_id, own_id, plain_id, related_id, status_of
from connectors.paypal_refunds import PAYMENTS
from connectors.paypal_settlement import received_facts
from ledger.facts import Fact

AUTHORIZATIONS: Final = ("authorizations", "authorization")

_EVENTS: Final = {
    "PAYMENT.CAPTURE.COMPLETED": "COMPLETED",
    "PAYMENT.CAPTURE.PENDING": "PENDING",
    "PAYMENT.CAPTURE.DENIED": "DENIED",
    "PAYMENT.CAPTURE.DECLINED": "DECLINED",
    "PAYMENT.CAPTURE.REFUNDED": "REFUNDED",
    "PAYMENT.SALE.COMPLETED": "COMPLETED",
    "PAYMENT.SALE.PENDING": "PENDING",
    "PAYMENT.SALE.DENIED": "DENIED",
    "PAYMENT.SALE.REFUNDED": "REFUNDED",
    "PAYMENT.AUTHORIZATION.CREATED": "CREATED",
    "PAYMENT.AUTHORIZATION.VOIDED": "VOIDED",
}
_CAPTURES: Final = {
    "COMPLETED": "succeeded",
    "PARTIALLY_REFUNDED": "succeeded",
    "REFUNDED": "succeeded",
    "REVERSED": "succeeded",
    "PENDING": "pending",
    "DECLINED": "failed",
    "DENIED": "failed",
    "FAILED": "failed",
}
_AUTHORIZATIONS: Final = {
    "CREATED": "authorized",
    "AUTHORIZED": "authorized",
    "PARTIALLY_CAPTURED": "authorized",
    "CAPTURED": "authorized",
    "PENDING": "pending",
    "DENIED": "failed",
    "EXPIRED": "canceled",
    "VOIDED": "canceled",
}


def capture_facts(envelope: PayPalEnvelope, capture: JsonObject, order: str = "") -> list[Fact]:
    """What a capture or a sale tells; `order` is the one that lists it, where it does not name one itself."""
    capture_id = _id(capture, PAYMENTS)
    status = status_of(capture) or _EVENTS.get(envelope.type, "")
    transition = _CAPTURES.get(status.upper())
    if transition is None:
        return []
    gross = gross_of(capture, "seller_receivable_breakdown")
    fact = envelope.fact_about(
        capture,
        f"payment.{transition}",
        f"{capture_id}/{transition}",
        effective_at=envelope.happened(capture) if transition == "failed" else envelope.made(capture),
        amounts={"gross": gross},
        links={
            "payment": capture_id,
            "authorization": linked_id(capture, AUTHORIZATIONS, rel=("up", "authorization"))
            or related_id(capture, "authorization_id"),
            "order": related_id(capture, "order_id") or linked_id(capture, ("orders",), rel=("up", "order")) or order,
            "parent_payment": plain_id(capture.get("parent_payment")),
            "billing_agreement": plain_id(capture.get("billing_agreement_id")),
        },
        status=status,
        attributes={
            "reason": text(expanded(capture, "status_details"), "reason")
            or text(capture, "reason_code")
            or text(capture, "pending_reason"),
            "hold": text(capture, "payment_hold_status"),
            "payment_mode": text(capture, "payment_mode"),
            "disbursement_mode": text(capture, "disbursement_mode"),
        },
        references=(envelope.reference(capture_id),) if transition == "succeeded" else (),
    )
    return (
        [fact, *received_facts(envelope, capture, capture_id, gross, status)] if transition == "succeeded" else [fact]
    )


def authorization_facts(envelope: PayPalEnvelope, authorization: JsonObject, order: str = "") -> list[Fact]:
    """What an authorization tells."""
    authorization_id = _id(authorization, AUTHORIZATIONS)
    status = status_of(authorization) or _EVENTS.get(envelope.type, "")
    transition = _AUTHORIZATIONS.get(status.upper())
    if transition is None:
        return []
    ended = transition in {"failed", "canceled"}
    return [
        envelope.fact_about(
            authorization,
            f"payment.{transition}",
            f"{authorization_id}/{transition}",
            effective_at=envelope.happened(authorization) if ended else envelope.made(authorization),
            amounts={"gross": gross_of(authorization)},
            links={
                "payment": authorization_id,
                "authorization": authorization_id,
                "order": related_id(authorization, "order_id")
                or linked_id(authorization, ("orders",), rel=("up", "order"))
                or order,
                "parent_payment": plain_id(authorization.get("parent_payment")),
            },
            status=status,
            attributes={
                "reason": text(expanded(authorization, "status_details"), "reason")
                or text(authorization, "reason_code")
                or text(authorization, "pending_reason"),
                "valid_until": text(authorization, "expiration_time") or text(authorization, "valid_until"),
            },
        )
    ]


def _id(owner: JsonObject, kinds: tuple[str, ...]) -> str:
    found = own_id(owner, kinds)
    if not found:
        raise TranslationError("field_missing", "id is missing")
    return found
