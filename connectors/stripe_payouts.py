"""Payouts: initiated, paid, failed (also after it was paid) or canceled, told by the payout's status.

Until API version 2017-04-06 they were called transfers (`stripe_transfers`).
"""

from typing import Final

from connectors.instants import unix_instant
from connectors.json_fields import JsonObject, expanded, required_id, text
from connectors.stripe_amounts import signed_money
from connectors.stripe_envelope import StripeEnvelope
from ledger.facts import Fact

_STATUSES: Final = {
    "pending": "initiated",
    "in_transit": "initiated",
    "paid": "paid",
    "failed": "failed",
    "canceled": "canceled",
}
_EVENTS: Final = {
    "payout.created": "initiated",
    "payout.paid": "paid",
    "payout.failed": "failed",
    "payout.canceled": "canceled",
}


def payout_facts(envelope: StripeEnvelope, payout: JsonObject) -> list[Fact]:
    """What a payout tells; its gross is signed, a negative payout takes money back from the bank account."""
    payout_id = required_id(payout, "id")
    transition = _EVENTS.get(envelope.type) or _STATUSES.get(text(payout, "status"))
    if transition is None:
        return []
    reference = envelope.reference(payout_id)
    undone = transition in {"failed", "canceled"}
    return [
        envelope.fact_about(
            payout,
            f"payout.{transition}",
            f"{payout_id}/{transition}",
            effective_at=envelope.happened(payout) if undone else envelope.made(payout),
            amounts={"gross": signed_money(payout, "amount")},
            links={"payout": payout_id},
            attributes={
                "arrival_date": unix_instant(payout, "arrival_date")[:10],
                "method": text(payout, "method"),
                "automatic": str(payout["automatic"]).lower() if isinstance(payout.get("automatic"), bool) else "",
                "trace_id": text(expanded(payout, "trace_id"), "value") or text(payout, "trace_id"),
                "statement_descriptor": text(payout, "statement_descriptor"),
                "failure_code": text(payout, "failure_code"),
            },
            references=(reference,) if transition == "paid" else (),
            # A bank's return undoes what was paid; a payout that was never paid has nothing to undo.
            needs=reference if transition == "failed" else "",
        )
    ]
