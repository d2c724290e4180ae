"""Dispute: a customer's bank takes money back, as one moment sees it."""

from dataclasses import dataclass
from typing import Any, Final

from contraflow.simulator.balance_transaction import BalanceTransaction
from contraflow.simulator.purchase import Purchase

_EVIDENCE: Final = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "product_description",
    "receipt",
    "refund_policy",
    "service_date",
    "shipping_address",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute.

    Attributes:
        amount_minor: the gateway's minor units of the purchase's currency.
        status: the gateway's own word, for example ``needs_response``.
        transactions: the movements so far: withdrawal, then reinstatement.
    """

    id: str
    purchase: Purchase
    amount_minor: int
    status: str
    created_s: int
    transactions: tuple[BalanceTransaction, ...] = ()

    def as_json(self, old: bool) -> dict[str, Any]:
        """The dispute object of the gateway."""
        body: dict[str, Any] = {
            "id": self.id,
            "object": "dispute",
            "amount": self.amount_minor,
            "balance_transactions": [row.as_json(old) for row in self.transactions],
            "charge": self.purchase.charge_id,
            "created": self.created_s,
            "currency": self.purchase.currency,
            "evidence": dict.fromkeys(_EVIDENCE),
            "evidence_details": {
                "due_by": self.created_s + 9 * 86_400,
                "has_evidence": self.status != "needs_response",
                "past_due": False,
                "submission_count": int(self.status in ("under_review", "won", "lost")),
            },
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": self.purchase.intent_id or None,
            "reason": "fraudulent",
            "status": self.status,
        }
        if old:
            body["balance_transaction"] = self.transactions[0].id if self.transactions else None
        else:
            body["enhanced_eligibility_types"] = []
            body["payment_method_details"] = {
                "card": {
                    "brand": self.purchase.customer.brand,
                    "case_type": "inquiry" if self.status.startswith("warning") else "chargeback",
                    "network_reason_code": "10.4",
                },
                "type": "card",
            }
        return body
