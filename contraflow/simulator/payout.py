"""Payout: the gateway sends its balance to the bank, as one moment sees it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Payout:
    """One payout.

    Attributes:
        amount_minor: minor units of `currency` (lower case).
        status: ``pending``, ``in_transit``, ``paid`` or ``failed``.
        arrival_s: midnight UTC of the day on which the bank should have it.
        trace: the trace id, which the bank may repeat; empty while unknown.
    """

    id: str
    amount_minor: int
    currency: str
    status: str
    created_s: int
    arrival_s: int
    transaction_id: str
    trace: str = ""
    failure_transaction_id: str = ""
    reconciled: bool = False

    def as_json(self, old: bool) -> dict[str, Any]:
        """The payout object of the gateway."""
        failed = self.status == "failed"
        body: dict[str, Any] = {
            "id": self.id,
            "object": "payout",
            "amount": self.amount_minor,
            "arrival_date": self.arrival_s,
            "automatic": True,
            "balance_transaction": self.transaction_id,
            "created": self.created_s,
            "currency": self.currency,
            "description": "STRIPE PAYOUT",
            "destination": f"ba_1Northwind{self.currency.upper()}",
            "failure_balance_transaction": self.failure_transaction_id or None,
            "failure_code": "could_not_process" if failed else None,
            "failure_message": "The bank could not process this transfer." if failed else None,
            "livemode": False,
            "metadata": {},
            "method": "standard",
            "original_payout": None,
            "reversed_by": None,
            "source_type": "card",
            "statement_descriptor": "STRIPE",
            "status": self.status,
            "type": "bank_account",
        }
        if not old:
            body["application_fee"] = None
            body["application_fee_amount"] = None
            body["payout_method"] = None
            body["reconciliation_status"] = "completed" if self.reconciled else "in_progress"
            body["trace_id"] = {"status": "supported" if self.trace else "pending", "value": self.trace or None}
        return body
