"""PayPal's objects and rows (https://developer.paypal.com/docs/api); amounts are major units as text."""

from contraflow.simulator.gateway_scene import iso
from contraflow.simulator.hook import Json
from ledger.money import major

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def money(minor: int, currency: str) -> Json:
    """An amount."""
    return {"currency_code": currency, "value": major(minor, currency)}


def capture(
    named: str,
    order: str,
    minor: int,
    fee: int,
    currency: str,
    words: str,
    status: str,
    at_s: int,
    converted: Json | None = None,
) -> Json:
    """A capture; `converted` is what its breakdown says of a conversion."""
    return {
        "id": named,
        "status": status,
        "amount": money(minor, currency),
        "final_capture": True,
        "custom_id": words,
        "seller_protection": {"status": "ELIGIBLE"},
        **(
            {
                "seller_receivable_breakdown": {
                    "gross_amount": money(minor, currency),
                    "paypal_fee": money(fee, currency),
                    "net_amount": money(minor - fee, currency),
                    **(converted or {}),
                }
            }
            if status == "COMPLETED"
            else {}
        ),
        "supplementary_data": {"related_ids": {"order_id": order}},
        "create_time": iso(at_s, _INSTANT),
        "update_time": iso(at_s, _INSTANT),
        "links": [
            _link("self", f"/v2/payments/captures/{named}"),
            _link("up", f"/v2/checkout/orders/{order}"),
        ],
    }


def refund(named: str, of: str, minor: int, fee: int, currency: str, at_s: int) -> Json:
    """A refund; `fee` is what PayPal gives back of its own."""
    return {
        "id": named,
        "status": "COMPLETED",
        "amount": money(minor, currency),
        "seller_payable_breakdown": {
            "gross_amount": money(minor, currency),
            "paypal_fee": money(fee, currency),
            "net_amount": money(minor - fee, currency),
            "total_refunded_amount": money(minor, currency),
        },
        "create_time": iso(at_s, _INSTANT),
        "update_time": iso(at_s, _INSTANT),
        "links": [_link("self", f"/v2/payments/refunds/{named}"), _link("up", f"/v2/payments/captures/{of}")],
    }


def dispute(named: str, of: str, minor: int, currency: str, outcome: str, at_s: int) -> Json:
    """A dispute as it is fetched; open while `outcome` is empty."""
    ended = {"dispute_outcome": {"outcome_code": outcome}} if outcome else {}
    return {
        "dispute_id": named,
        "create_time": iso(at_s, _INSTANT),
        "update_time": iso(at_s + (7_200 if outcome else 0), _INSTANT),
        "disputed_transactions": [{"seller_transaction_id": of, "buyer_transaction_id": f"B{of[1:]}"}],
        "reason": "UNAUTHORISED",
        "status": "RESOLVED" if outcome else "OPEN",
        "dispute_state": "RESOLVED" if outcome else "REQUIRED_ACTION",
        "dispute_amount": money(minor, currency),
        "dispute_life_cycle_stage": "CHARGEBACK",
        "dispute_channel": "INTERNAL",
        **ended,
        "links": [_link("self", f"/v1/customer/disputes/{named}")],
    }


def summary(dispute: Json) -> Json:
    """A dispute as its list shows it."""
    hidden = ("disputed_transactions", "dispute_outcome", "dispute_life_cycle_stage", "dispute_channel")
    return {name: value for name, value in dispute.items() if name not in hidden}


def event(named: str, kind: str, resource_type: str, resource: Json, at_s: int) -> Json:
    """An event, as a webhook delivers it and as the list of events repeats it."""
    return {
        "id": named,
        "create_time": iso(at_s),
        "resource_type": resource_type,
        "event_type": kind,
        "summary": kind.capitalize(),
        "resource": resource,
        "event_version": "1.0",
        "resource_version": "2.0",
        "links": [_link("self", f"/v1/notifications/webhooks-events/{named}")],
    }


def row(named: str, code: str, minor: int, fee: int, currency: str, at_s: int, *, of: str = "", **more: str) -> Json:
    """A row of the report of transactions; `minor` is signed, `fee` negative where PayPal took it."""
    made = iso(at_s, "%Y-%m-%dT%H:%M:%S+0000")
    return {
        "transaction_info": {
            "transaction_id": named,
            "transaction_event_code": code,
            "transaction_initiation_date": made,
            "transaction_updated_date": made,
            "transaction_amount": money(minor, currency),
            **({"fee_amount": money(fee, currency)} if fee else {}),
            **({"paypal_reference_id": of, "paypal_reference_id_type": "TXN"} if of else {}),
            "transaction_status": "S",
            "protection_eligibility": "02",
            **more,
        }
    }


def _link(rel: str, path: str) -> Json:
    return {"rel": rel, "href": f"https://api-m.paypal.com{path}", "method": "GET"}
