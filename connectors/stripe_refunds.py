"""Refunds: one fact for each status a refund reaches, whichever event tells it.

The same refund is told by ``refund.*``, by ``charge.refund.updated`` and, until 2022, inside ``charge.refunded``.
"""

from typing import Final

from connectors.json_fields import JsonObject, expanded, optional_id, required_id, text
from connectors.stripe_amounts import money
from connectors.stripe_envelope import StripeEnvelope
from connectors.stripe_releases import is_release
from ledger.facts import Fact

_TYPES: Final = {
    "pending": "refund.pending",
    "requires_action": "refund.pending",
    "succeeded": "refund.succeeded",
    "failed": "refund.failed",
    "canceled": "refund.canceled",
}


def refund_facts(envelope: StripeEnvelope, refund: JsonObject, charge: JsonObject | None = None) -> list[Fact]:
    """What a refund tells; `charge` is the charge that lists it, where one does. A new status word tells nothing."""
    # Refunds had no ids until 2014; what moved the balance names them as well.
    refund_id = optional_id(refund, "id") or optional_id(refund, "balance_transaction") or required_id(refund, "id")
    # Refunds had no status until 2015: they were made at once.
    status = text(refund, "status") if "status" in refund else "succeeded"
    fact_type = _TYPES.get(status)
    if fact_type is None or (charge is None and is_release(refund, envelope.version)):
        return []
    charge = charge or expanded(refund, "charge")
    charge_id = optional_id(refund, "charge") or optional_id(charge, "id")
    payment = optional_id(refund, "payment_intent") or optional_id(charge, "payment_intent") or charge_id
    reference = envelope.reference(refund_id)
    undone = fact_type in {"refund.failed", "refund.canceled"}
    return [
        envelope.fact_about(
            refund,
            fact_type,
            f"{refund_id}/{status}",
            # The balance is debited when a refund is made; that it did not work out is learnt later.
            effective_at=envelope.happened(refund) if undone else envelope.made(refund),
            amounts={"gross": money(refund, "amount")},
            links={"refund": refund_id, "payment": payment, "charge": charge_id},
            attributes={"reason": text(refund, "reason"), "failure_reason": text(refund, "failure_reason")},
            references=(reference,) if fact_type == "refund.succeeded" else (),
            # A refund that fails gives back money only if its success took it.
            needs=reference if fact_type == "refund.failed" else "",
        )
    ]
