"""Disputes: opened, lost when we accept or are held to accept, won when we decline, closed when filed away.

Paystack takes nothing when a dispute is opened. One that is accepted is paid by a refund that names the dispute, and
that refund moves the money (`connectors.paystack_refunds`).
"""

from connectors.envelope import Envelope
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, expanded, required_numbered_id, text
from connectors.paystack_fields import (
    changed_at,
    currency_of,
    made_at,
    optional_money,
    status_of,
    sum_part,
    transaction_of,
)
from connectors.paystack_manifest import MANIFEST
from ledger.facts import Fact
from ledger.money import Money


def dispute_facts(envelope: Envelope, dispute: JsonObject, *, word: str = "") -> list[Fact]:
    """What a dispute tells; `word` is its status where the object does not say."""
    dispute_id = required_numbered_id(dispute, "id")
    transaction_id, reference = transaction_of(dispute)
    status = dispute_status(dispute) or word
    state = MANIFEST.status("dispute", status)
    amount = _amount(dispute)
    named = f"dispute:{dispute_id}"
    if state is None or (amount is None and status != "archived"):
        return [envelope.observed(named, status, effective_at=changed_at(dispute), status=status, kind="dispute")]
    transition = {"disputed": "opened", "reversed": "lost", "succeeded": "won"}[state]
    transition = "closed" if status == "archived" else transition
    decided_at = iso_instant(dispute, "resolvedAt", "resolved_at") or changed_at(dispute)
    return [
        envelope.fact(
            f"dispute.{transition}",
            # What is asked for may change while the dispute is open.
            f"{named}/opened{sum_part(amount)}" if transition == "opened" else f"{named}/{transition}",
            effective_at=made_at(dispute) if transition == "opened" else decided_at,
            amounts={"gross": amount} if amount is not None and transition != "closed" else {},
            links={"dispute": dispute_id, "payment": reference, "charge": transaction_id},
            status=status,
            attributes={
                "category": text(dispute, "category"),
                "due_at": iso_instant(dispute, "dueAt", "due_at"),
                "resolution": text(dispute, "resolution"),
            },
        )
    ]


def dispute_status(dispute: JsonObject) -> str:
    """Its status, with the resolution behind a slash where it is resolved."""
    status, resolution = status_of(dispute), text(dispute, "resolution").lower()
    return f"{status}/{resolution}" if status == "resolved" and resolution else status


def is_lost(dispute: JsonObject) -> bool:
    """Whether a refund will pay it, or has."""
    return MANIFEST.status("dispute", dispute_status(dispute)) == "reversed"


def _amount(dispute: JsonObject) -> Money | None:
    """What is asked back, or the whole payment where no sum is told."""
    transaction = expanded(dispute, "transaction")
    owner, field = (
        (dispute, "refund_amount") if dispute.get("refund_amount") not in (None, "") else (transaction, "amount")
    )
    if owner.get(field) in (None, ""):
        return None
    return optional_money(owner, field, currency_of(dispute, transaction))
