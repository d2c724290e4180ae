"""PayPal's objects, made here: of both versions, with the fields that translation reads and a few that it does not."""

import json
from typing import Any

from connectors import CONNECTORS, Telling
from ledger.facts import Fact, check_fact

TELLING = Telling("paypal", "acct_1", "digest_1")
AT = "2023-11-14T22:13:20Z"

Json = dict[str, Any]


def money(value: str, currency: str = "USD") -> Json:
    return {"currency_code": currency, "value": value}


def old_money(total: str, currency: str = "USD") -> Json:
    return {"total": total, "currency": currency}


def link(rel: str, path: str) -> Json:
    return {"rel": rel, "href": f"https://api.sandbox.paypal.com{path}", "method": "GET"}


def event(event_type: str, resource: Json, **fields: Any) -> Json:
    made = {"id": "WH-1", "event_version": "1.0", "create_time": AT, "event_type": event_type, "resource": resource}
    return {**made, "resource_version": "2.0", **fields}


def capture(value: str = "20.00", fee: str = "0.88", currency: str = "USD", **fields: Any) -> Json:
    net = f"{float(value) - float(fee):.2f}"
    made = {
        "id": "CAP1",
        "status": "COMPLETED",
        "amount": money(value, currency),
        "create_time": AT,
        "update_time": AT,
        "custom_id": "loan-1",
        "seller_receivable_breakdown": {
            "gross_amount": money(value, currency),
            "paypal_fee": money(fee, currency),
            "net_amount": money(net, currency),
        },
        "supplementary_data": {"related_ids": {"order_id": "ORD1"}},
        "links": [link("self", "/v2/payments/captures/CAP1"), link("up", "/v2/checkout/orders/ORD1")],
    }
    return {**made, **fields}


def sale(**fields: Any) -> Json:
    made = {
        "id": "SALE1",
        "state": "completed",
        "amount": old_money("20.00"),
        "transaction_fee": {"value": "0.88", "currency": "USD"},
        "create_time": AT,
        "parent_payment": "PAY-1",
        "invoice_number": "inv-1",
        "links": [link("self", "/v1/payments/sale/SALE1")],
    }
    return {**made, **fields}


def authorization(**fields: Any) -> Json:
    made = {
        "id": "AUTH1",
        "status": "CREATED",
        "amount": money("20.00"),
        "create_time": AT,
        "expiration_time": "2023-12-13T22:13:20Z",
        "links": [link("self", "/v2/payments/authorizations/AUTH1"), link("up", "/v2/checkout/orders/ORD1")],
    }
    return {**made, **fields}


def refund(value: str = "5.00", fee: str = "0.15", **fields: Any) -> Json:
    made = {
        "id": "REF1",
        "status": "COMPLETED",
        "amount": money(value),
        "create_time": AT,
        "update_time": AT,
        "seller_payable_breakdown": {
            "gross_amount": money(value),
            "paypal_fee": money(fee),
            "net_amount": money(f"{float(value) - float(fee):.2f}"),
            "total_refunded_amount": money(value),
        },
        "links": [link("self", "/v2/payments/refunds/REF1"), link("up", "/v2/payments/captures/CAP1")],
    }
    return {**made, **fields}


def order(*captures: Json, **fields: Any) -> Json:
    unit = {"reference_id": "default", "amount": money("20.00"), "custom_id": "loan-1"}
    made = {
        "id": "ORD1",
        "intent": "CAPTURE",
        "status": "APPROVED",
        "create_time": AT,
        "purchase_units": [{**unit, "payments": {"captures": list(captures)}} if captures else unit],
        "links": [link("self", "/v2/checkout/orders/ORD1")],
    }
    return {**made, **fields}


def dispute(**fields: Any) -> Json:
    made = {
        "dispute_id": "PP-D-1",
        "status": "UNDER_REVIEW",
        "reason": "UNAUTHORISED",
        "dispute_amount": money("20.00"),
        "create_time": AT,
        "update_time": AT,
        "disputed_transactions": [{"seller_transaction_id": "CAP1", "buyer_transaction_id": "BUY1"}],
    }
    return {**made, **fields}


def item(status: str = "SUCCESS", **fields: Any) -> Json:
    made = {
        "payout_item_id": "ITEM1",
        "payout_batch_id": "BATCH1",
        "transaction_id": "TXN1",
        "transaction_status": status,
        "payout_item_fee": {"currency": "USD", "value": "0.25"},
        "payout_item": {"amount": {"currency": "USD", "value": "10.00"}, "sender_item_id": "wage-1"},
        "time_processed": AT,
    }
    return {**made, **fields}


def batch(status: str = "SUCCESS", **fields: Any) -> Json:
    header = {
        "payout_batch_id": "BATCH1",
        "batch_status": status,
        "time_created": AT,
        "amount": {"currency": "USD", "value": "10.00"},
        "fees": {"currency": "USD", "value": "0.25"},
        "sender_batch_header": {"sender_batch_id": "wages-11"},
    }
    return {"batch_header": header, **fields}


def row(code: str = "T0006", value: str = "20.00", fee: str = "-0.88", currency: str = "USD", /, **fields: Any) -> Json:
    made = {
        "transaction_id": "CAP1",
        "transaction_event_code": code,
        "transaction_initiation_date": "2023-11-14T22:13:20+0000",
        "transaction_updated_date": "2023-11-14T22:13:20+0000",
        "transaction_amount": money(value, currency),
        "transaction_status": "S",
    }
    fees = {"fee_amount": money(fee, currency)} if fee else {}
    return {"transaction_info": {**made, **fees, **fields}}


def page(*rows: Json) -> Json:
    return {"transaction_details": list(rows), "page": 1, "total_items": len(rows), "total_pages": 1}


def facts(body: Any, telling: Telling = TELLING) -> list[Fact]:
    found = CONNECTORS["paypal"].translate(json.dumps(body).encode(), telling)
    for fact in found:
        check_fact(fact)
    return found


def told(body: Any, telling: Telling = TELLING) -> dict[str, str]:
    """Fact types by what their keys name after the account, with the gross."""
    return {
        f"{fact.type} {fact.key.removeprefix('paypal/acct_1/')}": (
            f"{fact.amounts['gross'].amount} {fact.amounts['gross'].currency}" if "gross" in fact.amounts else ""
        )
        for fact in facts(body, telling)
    }
