"""Payment intent: a purchase on its way to being paid, as one moment sees it.

The new API version names the latest charge by id; the old one carries all charges whole.
"""

from dataclasses import dataclass
from typing import Any

from contraflow.simulator.charge import Charge
from contraflow.simulator.identifiers import derived
from contraflow.simulator.purchase import Purchase


@dataclass(frozen=True, slots=True)
class PaymentIntent:
    """One payment intent.

    Attributes:
        status: the gateway's own word, for example ``requires_capture``.
        charges: oldest first.
        canceled_at_s: Unix time, 0 when it was not cancelled.
    """

    purchase: Purchase
    status: str
    charges: tuple[Charge, ...] = ()
    capturable_minor: int = 0
    received_minor: int = 0
    canceled_at_s: int = 0

    @property
    def id(self) -> str:
        """The intent's id."""
        return self.purchase.intent_id

    def as_json(self, old: bool) -> dict[str, Any]:
        """The payment intent object of the gateway."""
        purchase, latest = self.purchase, self.charges[-1] if self.charges else None
        body: dict[str, Any] = {
            "id": self.id,
            "object": "payment_intent",
            "amount": purchase.amount_minor,
            "amount_capturable": self.capturable_minor,
            "amount_details": {"tip": {}},
            "amount_received": self.received_minor,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": self.canceled_at_s or None,
            "cancellation_reason": "requested_by_customer" if self.canceled_at_s else None,
            "capture_method": "manual" if purchase.manual else "automatic",
            "client_secret": f"{self.id}_secret_{derived(self.id, 25)}",
            "confirmation_method": "automatic",
            "created": purchase.created_s,
            "currency": purchase.currency,
            "customer": purchase.customer.id,
            "description": purchase.description,
            "last_payment_error": _error(latest) if latest and latest.status == "failed" else None,
            "livemode": False,
            "metadata": purchase.metadata(),
            "next_action": _next_action(self) if self.status == "requires_action" else None,
            "on_behalf_of": None,
            "payment_method": f"pm_1{derived(purchase.customer.id, 23)}" if latest else None,
            "payment_method_options": {
                purchase.method: {"request_three_d_secure": "automatic"} if purchase.method == "card" else {}
            },
            "payment_method_types": [purchase.method],
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": None,
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": self.status,
            "transfer_data": None,
            "transfer_group": None,
        }
        if old:
            body["invoice"] = None
            body["charges"] = {
                "object": "list",
                "data": [charge.as_json(old) for charge in reversed(self.charges)],
                "has_more": False,
                "total_count": len(self.charges),
                "url": f"/v1/charges?payment_intent={self.id}",
            }
        else:
            body["latest_charge"] = latest.id if latest else None
            body["excluded_payment_method_types"] = None
            body["customer_account"] = None
        return body


def _error(charge: Charge) -> dict[str, Any]:
    return {
        "advice_code": "try_again_later",
        "charge": charge.id,
        "code": "card_declined",
        "decline_code": "generic_decline",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card was declined.",
        "type": "card_error",
    }


def _next_action(intent: PaymentIntent) -> dict[str, Any]:
    return {
        "redirect_to_url": {"return_url": "https://shop.example/return", "url": f"https://hooks.example/{intent.id}"},
        "type": "redirect_to_url",
    }
