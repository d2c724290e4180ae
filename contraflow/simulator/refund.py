"""Refund: money on its way back to a customer, as one moment sees it."""

from dataclasses import dataclass
from typing import Any

from contraflow.simulator.identifiers import derived
from contraflow.simulator.purchase import Purchase


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of a purchase.

    Attributes:
        amount_minor: the gateway's minor units of the purchase's currency.
        status: ``pending``, ``succeeded`` or ``failed``.
        transaction_id: its balance transaction; empty for what was authorised and never captured, which the old API
            version calls a refund although nothing moves.
        failure_transaction_id: the balance transaction of its failure.
    """

    id: str
    purchase: Purchase
    amount_minor: int
    status: str
    created_s: int
    transaction_id: str
    failure_transaction_id: str = ""

    def as_json(self, old: bool) -> dict[str, Any]:
        """The refund object of the gateway."""
        body: dict[str, Any] = {
            "id": self.id,
            "object": "refund",
            "amount": self.amount_minor,
            "balance_transaction": self.transaction_id or None,
            "charge": self.purchase.charge_id,
            "created": self.created_s,
            "currency": self.purchase.currency,
            "metadata": {},
            "payment_intent": self.purchase.intent_id or None,
            "reason": "requested_by_customer",
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": self.status,
            "transfer_reversal": None,
        }
        if self.failure_transaction_id:
            body["failure_balance_transaction"] = self.failure_transaction_id
            body["failure_reason"] = "lost_or_stolen_card"
        if not old:
            body["destination_details"] = {
                "card": {
                    "reference": f"7{derived(self.id, 10)}",
                    "reference_status": "available",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            }
        return body
