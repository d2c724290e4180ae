"""Bodies as Paystack writes them, small and our own; each takes fields to change."""

import json
from typing import Any

from connectors import CONNECTORS, Telling
from ledger.facts import Fact, check_fact

Body = dict[str, Any]
TELLING = Telling("paystack", "acct_1", "digest_1")


def transaction(number: int = 1, **more: Any) -> Body:
    return {
        "id": 4_000_000_000 + number,
        "domain": "live",
        "status": "success",
        "reference": f"order-{number}",
        "amount": 10000,
        "currency": "NGN",
        "gateway_response": "Approved",
        "channel": "card",
        "fees": 250,
        "fees_split": None,
        "metadata": {"order": f"{number}", "custom_fields": [{"variable_name": "shop", "value": "north"}]},
        "paid_at": "2026-01-05T10:00:00.000Z",
        "created_at": "2026-01-05T09:59:00.000Z",
        "requested_amount": 10000,
        "plan": {},
        "split": {},
        "subaccount": {},
        **more,
    }


def refund(number: int = 1, of: int = 1, **more: Any) -> Body:
    return {
        "id": number,
        "domain": "live",
        "transaction": 4_000_000_000 + of,
        "dispute": None,
        "settlement": None,
        "amount": 2000,
        "deducted_amount": 2000,
        "fully_deducted": 1,
        "currency": "NGN",
        "status": "processed",
        "refunded_at": "2026-01-07T08:00:00.000Z",
        "createdAt": "2026-01-06T08:00:00.000Z",
        "updatedAt": "2026-01-07T09:00:00.000Z",
        **more,
    }


def refund_told(status: str, of: int = 1, **more: Any) -> Body:
    """The webhook, which has neither an id nor a time."""
    data = {
        "status": status,
        "transaction_reference": f"order-{of}",
        "refund_reference": None,
        "amount": "2000",
        "currency": "NGN",
        "processor": "instant-transfer",
        "integration": 100,
        "domain": "live",
    }
    return event(f"refund.{status}", {**data, **more})


def dispute(number: int = 1, of: int = 1, **more: Any) -> Body:
    return {
        "id": number,
        "refund_amount": 2000,
        "currency": "NGN",
        "status": "awaiting-merchant-feedback",
        "resolution": None,
        "domain": "live",
        "transaction": transaction(of),
        "category": "chargeback",
        "dueAt": "2026-01-20T18:00:00.000Z",
        "resolvedAt": None,
        "createdAt": "2026-01-10T10:00:00.000Z",
        "updatedAt": "2026-01-11T10:00:00.000Z",
        **more,
    }


def transfer(number: int = 1, **more: Any) -> Body:
    return {
        "id": 700 + number,
        "domain": "live",
        "status": "success",
        "amount": 3000,
        "currency": "NGN",
        "reference": f"wage-{number}",
        "transfer_code": f"TRF_{number}",
        "source": "balance",
        "recipient": {"recipient_code": "RCP_1", "name": "Somebody", "details": {"account_number": "0001112223"}},
        "fee_charged": 100,
        "transferred_at": None,
        "createdAt": "2026-01-08T10:00:00.000Z",
        "updatedAt": "2026-01-08T10:05:00.000Z",
        **more,
    }


def settlement(number: int = 1, **more: Any) -> Body:
    return {
        "id": number,
        "domain": "live",
        "status": "success",
        "currency": "NGN",
        "total_amount": 9750,
        "effective_amount": 9750,
        "total_fees": 250,
        "total_processed": 10000,
        "deductions": None,
        "settlement_date": "2026-01-06T00:00:00.000Z",
        "createdAt": "2026-01-06T01:00:00.000Z",
        "updatedAt": "2026-01-06T09:00:00.000Z",
        **more,
    }


def preauthorization(status: str, **more: Any) -> Body:
    data = {
        "id": 543,
        "domain": "live",
        "status": status,
        "reference": "hold-1",
        "amount": 1000,
        "currency": "ZAR",
        "fees": 0,
        "transaction_id": None,
        "captured_at": None,
        "captured_amount": None,
        "expiry_date": "2026-02-01T10:00:00.000Z",
        "expire_action": "release",
    }
    return {**data, **more}


def event(name: str, data: Any) -> Body:
    return {"event": name, "data": data}


def answer(data: Any, **meta: Any) -> Body:
    return {"status": True, "message": "Retrieved", "data": data, **({"meta": meta} if meta else {})}


def raw(body: Any) -> bytes:
    return json.dumps(body).encode()


def telling(stream: str, **context: str) -> Telling:
    """An item of a stream that we read ourselves."""
    return Telling("paystack", "acct_1", "", {"via": "poll", "stream": stream, **context})


def facts(body: Any, told: Telling = TELLING) -> list[Fact]:
    found = CONNECTORS["paystack"].translate(raw(body), told)
    for fact in found:
        check_fact(fact)
    return found


def types(body: Any, told: Telling = TELLING) -> list[str]:
    return [fact.type for fact in facts(body, told)]
