"""Refunds, which we make, and reversals, which PayPal makes: both take back what a capture or a sale brought.

Each is a transaction of its own. It names what it takes back by an address (``up``), in version 1 by a field.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, expanded, text
from connectors.paypal_amounts import gross_of
from connectors.paypal_envelope import PayPalEnvelope, linked_id, own_id, plain_id, related_id, status_of
from connectors.paypal_manifest import MANIFEST
from connectors.paypal_settlement import given_back_fact
from ledger.facts import Fact

PAYMENTS: Final = ("captures", "capture", "sale", "sales")
REFUNDS: Final = ("refunds", "refund")

_EVENTS: Final = {
    "PAYMENT.CAPTURE.REFUNDED": "COMPLETED",
    "PAYMENT.SALE.REFUNDED": "COMPLETED",
    "PAYMENT.REFUND.COMPLETED": "COMPLETED",
    "PAYMENT.REFUND.PENDING": "PENDING",
    "PAYMENT.REFUND.FAILED": "FAILED",
    "PAYMENT.REFUND.CANCELLED": "CANCELLED",
}
_TRANSITIONS: Final = {"PENDING": "pending", "COMPLETED": "succeeded", "FAILED": "failed", "CANCELLED": "canceled"}


def refund_facts(envelope: PayPalEnvelope, refund: JsonObject, payment: str = "", order: str = "") -> list[Fact]:
    """What a refund tells; `payment` and `order` are those that list it, where it does not name them itself."""
    refund_id = _id(refund)
    status = status_of(refund) or _EVENTS.get(envelope.type, "")
    transition = _TRANSITIONS.get(status.upper())
    if transition is None:
        return []
    gross = gross_of(refund, "seller_payable_breakdown")
    links = {**_links(refund, payment, order), "refund": refund_id}
    reference = envelope.reference(refund_id)
    undone = transition in {"failed", "canceled"}
    fact = envelope.fact_about(
        refund,
        f"refund.{transition}",
        f"{refund_id}/{transition}",
        effective_at=envelope.happened(refund) if undone else envelope.made(refund),
        amounts={"gross": gross},
        links=links,
        status=status,
        attributes={
            "reason": text(refund, "refund_reason_code") or text(refund, "reason_code"),
            "status_reason": text(expanded(refund, "status_details"), "reason"),
        },
        references=(reference,) if transition == "succeeded" else (),
        # A refund that fails gives back money only if its success took it.
        needs=reference if undone else "",
    )
    if transition != "succeeded":
        return [fact]
    return [fact, *given_back_fact(envelope, refund, refund_id, gross, category="refund", status=status)]


def reversal_facts(envelope: PayPalEnvelope, reversal: JsonObject) -> list[Fact]:
    """``PAYMENT.CAPTURE.REVERSED`` and its like: PayPal took the payment back, usually at the end of a dispute."""
    status = status_of(reversal)
    if status.upper() not in {"", *MANIFEST.statuses["refund"], *MANIFEST.statuses["capture"]}:
        return []
    reversal_id = _id(reversal)
    gross = gross_of(reversal, "seller_payable_breakdown")
    # Where the payment itself is told, the reversal has no id of its own.
    fact = envelope.fact_about(
        reversal,
        "payment.reversed",
        f"{reversal_id}/reversed",
        effective_at=envelope.happened(reversal),
        amounts={"gross": gross},
        links=_links(reversal, "", "") | ({} if _paid(reversal) else {"payment": reversal_id}),
        status=status,
        attributes={"reason": text(reversal, "reason_code")},
    )
    if status.upper() in {"PENDING", "FAILED", "CANCELLED"}:
        return []
    return [fact, *given_back_fact(envelope, reversal, reversal_id, gross, category="reversal", status=status)]


def _id(refund: JsonObject) -> str:
    refund_id = own_id(refund, (*REFUNDS, *PAYMENTS))
    if not refund_id:
        raise TranslationError("field_missing", "id is missing")
    return refund_id


def _paid(refund: JsonObject) -> str:
    """The capture or sale that is taken back."""
    for field in ("capture_id", "sale_id"):
        if found := plain_id(refund.get(field)):
            return found
    return linked_id(refund, PAYMENTS, rel=("up", "capture", "sale")) or related_id(refund, "capture_id")


def _links(refund: JsonObject, payment: str, order: str) -> dict[str, str]:
    return {
        "payment": _paid(refund) or payment,
        "order": order or related_id(refund, "order_id"),
        "parent_payment": plain_id(refund.get("parent_payment")),
    }
