"""Charge: one attempt at a purchase's money, as one moment sees it.

In the old API version a charge carries its refunds; in the new one it does not, and a refund is told by itself.
"""

from dataclasses import dataclass
from typing import Any

from contraflow.simulator.identifiers import derived
from contraflow.simulator.purchase import Purchase
from contraflow.simulator.refund import Refund


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge.

    Attributes:
        id: the purchase's charge, or another one for an attempt that failed.
        status: ``succeeded``, ``pending`` or ``failed``.
        captured_minor: 0 while only authorised.
        transaction_id: its balance transaction; empty while there is none.
        refunds: oldest first.
    """

    id: str
    purchase: Purchase
    status: str
    created_s: int
    captured_minor: int = 0
    refunded_minor: int = 0
    transaction_id: str = ""
    refunds: tuple[Refund, ...] = ()
    disputed: bool = False

    def as_json(self, old: bool) -> dict[str, Any]:
        """The charge object of the gateway."""
        purchase, failed = self.purchase, self.status == "failed"
        body: dict[str, Any] = {
            "id": self.id,
            "object": "charge",
            "amount": purchase.amount_minor,
            "amount_captured": self.captured_minor,
            "amount_refunded": self.refunded_minor,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": self.transaction_id or None,
            "billing_details": {
                "address": purchase.customer.address(),
                "email": purchase.customer.email,
                "name": purchase.customer.name,
                "phone": None,
            },
            "calculated_statement_descriptor": "NORTHWIND GOODS",
            "captured": self.captured_minor > 0,
            "created": self.created_s,
            "currency": purchase.currency,
            "customer": purchase.customer.id,
            "description": purchase.description,
            "destination": None,
            "dispute": None,
            "disputed": self.disputed,
            "failure_balance_transaction": None,
            "failure_code": "card_declined" if failed else None,
            "failure_message": "Your card was declined." if failed else None,
            "fraud_details": {},
            "invoice": None,
            "livemode": False,
            "metadata": purchase.metadata(),
            "on_behalf_of": None,
            "order": None,
            "outcome": _outcome(self),
            "paid": self.status == "succeeded",
            "payment_intent": purchase.intent_id or None,
            "payment_method": f"pm_1{derived(purchase.customer.id, 23)}",
            "payment_method_details": _method_details(self),
            "receipt_email": None,
            "receipt_number": None,
            "receipt_url": f"https://pay.stripe.com/receipts/payment/{derived(self.id, 48)}",
            "refunded": 0 < self.refunded_minor == (self.captured_minor or purchase.amount_minor),
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": self.status,
            "transfer_data": None,
            "transfer_group": None,
        }
        if old:
            body["refunds"] = {
                "object": "list",
                "data": [refund.as_json(old) for refund in reversed(self.refunds)],
                "has_more": False,
                "total_count": len(self.refunds),
                "url": f"/v1/charges/{self.id}/refunds",
            }
        return body


def _outcome(charge: Charge) -> dict[str, Any]:
    if charge.status == "failed":
        return {
            "advice_code": "try_again_later",
            "network_advice_code": None,
            "network_decline_code": "05",
            "network_status": "declined_by_network",
            "reason": "generic_decline",
            "risk_level": "normal",
            "risk_score": 37,
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "risk_score": int(derived(charge.id, 2), 16) % 60,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }


def _method_details(charge: Charge) -> dict[str, Any]:
    customer = charge.purchase.customer
    if charge.purchase.method == "sepa_debit":
        return {
            "sepa_debit": {
                "bank_code": "37040044",
                "branch_code": "",
                "country": "DE",
                "fingerprint": derived(customer.id),
                "last4": customer.last4,
                "mandate": f"mandate_1{derived(charge.id, 23)}",
            },
            "type": "sepa_debit",
        }
    card: dict[str, Any] = {
        "amount_authorized": charge.purchase.amount_minor if charge.status == "succeeded" else None,
        "authorization_code": derived(charge.id, 6).upper(),
        "brand": customer.brand,
        "checks": {"address_line1_check": "pass", "address_postal_code_check": "pass", "cvc_check": "pass"},
        "country": customer.country,
        "exp_month": 8,
        "exp_year": 2030,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": derived(customer.id),
        "funding": "credit",
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": customer.last4,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": customer.brand,
        "network_token": {"used": False},
        "overcapture": {"maximum_amount_capturable": charge.purchase.amount_minor, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "wallet": None,
    }
    if charge.purchase.manual:
        card["capture_before"] = charge.created_s + 7 * 86_400
    return {"card": card, "type": "card"}
