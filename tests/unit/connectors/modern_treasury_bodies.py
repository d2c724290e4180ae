"""Small bodies as Modern Treasury writes them, with only the fields a test is about."""

import json
from typing import Any

from connectors import CONNECTORS, Telling
from ledger.facts import Fact, check_fact

ACCOUNT = "org_1"
TELLING = Telling("modern_treasury", ACCOUNT, "digest_1")
ORDER = "0a000000-0000-4000-8000-000000000001"
RETURN = "0b000000-0000-4000-8000-000000000001"
RECEIPT = "0c000000-0000-4000-8000-000000000001"
TRANSACTION = "0d000000-0000-4000-8000-000000000001"


def order(**fields: Any) -> dict[str, Any]:
    return {
        "id": ORDER,
        "object": "payment_order",
        "type": "ach",
        "amount": 2500,
        "currency": "USD",
        "direction": "credit",
        "status": "completed",
        "reconciliation_status": "unreconciled",
        "effective_date": "2026-01-06",
        "receiving_account_type": "external_account",
        "transaction_ids": [],
        "reference_numbers": [],
        "current_return": None,
        "metadata": {},
        "live_mode": True,
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-06T15:00:00Z",
        **fields,
    }


def returned(**fields: Any) -> dict[str, Any]:
    return {
        "id": RETURN,
        "object": "return",
        "type": "ach",
        "amount": 2500,
        "currency": "USD",
        "code": "R01",
        "reason": "Insufficient funds",
        "role": "receiving",
        "status": "completed",
        "returnable_id": ORDER,
        "returnable_type": "payment_order",
        "live_mode": True,
        "created_at": "2026-01-08T12:00:00Z",
        "updated_at": "2026-01-08T13:00:00Z",
        **fields,
    }


def reversal(**fields: Any) -> dict[str, Any]:
    return {
        "id": "0e000000-0000-4000-8000-000000000001",
        "object": "reversal",
        "payment_order_id": ORDER,
        "reason": "duplicate",
        "status": "completed",
        "transaction_ids": [],
        "metadata": {},
        "live_mode": True,
        "created_at": "2026-01-07T10:00:00Z",
        "updated_at": "2026-01-08T10:00:00Z",
        **fields,
    }


def receipt(**fields: Any) -> dict[str, Any]:
    return {
        "id": RECEIPT,
        "object": "incoming_payment_detail",
        "type": "wire",
        "amount": 900,
        "currency": "USD",
        "direction": "credit",
        "status": "completed",
        "as_of_date": "2026-01-07",
        "metadata": {},
        "live_mode": True,
        "created_at": "2026-01-07T08:00:00Z",
        "updated_at": "2026-01-07T09:00:00Z",
        **fields,
    }


def paper_item(**fields: Any) -> dict[str, Any]:
    found = receipt(object="paper_item", type=None, deposit_date="2026-01-07", check_number="11", **fields)
    return {name: value for name, value in found.items() if name not in ("direction", "as_of_date")}


def transaction(**fields: Any) -> dict[str, Any]:
    return {
        "id": TRANSACTION,
        "object": "transaction",
        "type": "ach",
        "amount": 2500,
        "currency": "USD",
        "direction": "debit",
        "posted": True,
        "reconciled": False,
        "as_of_date": "2026-01-07",
        "as_of_time": None,
        "vendor_id": "bank-77",
        "vendor_code": "455",
        "vendor_code_type": "bai2",
        "discarded_at": None,
        "metadata": {},
        "live_mode": True,
        "created_at": "2026-01-08T04:00:00Z",
        "updated_at": "2026-01-08T04:00:00Z",
        **fields,
    }


def expected(**fields: Any) -> dict[str, Any]:
    return {
        "id": "0f000000-0000-4000-8000-000000000001",
        "object": "expected_payment",
        "type": "ach",
        "amount_lower_bound": 400,
        "amount_upper_bound": 500,
        "currency": "USD",
        "direction": "credit",
        "status": "unreconciled",
        "transaction_id": None,
        "metadata": {},
        "live_mode": True,
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-05T09:00:00Z",
        **fields,
    }


def hook(event: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"event": event, "data": data}


def read_back(event: str, data: dict[str, Any], number: int = 1, at: str = "2026-01-06T15:00:00Z") -> dict[str, Any]:
    return {
        "id": f"0e0e0000-0000-4000-8000-{number:012}",
        "object": "event",
        "resource": data.get("object"),
        "entity_id": data.get("id"),
        "event_name": event,
        "event_time": at,
        "data": data,
        "live_mode": True,
        "created_at": at,
        "updated_at": at,
    }


def fetched(stream: str, of: str = ORDER, **context: str) -> Telling:
    return Telling("modern_treasury", ACCOUNT, "digest_1", {"via": "fetch", "stream": stream, "of": of, **context})


def facts(body: Any, telling: Telling = TELLING) -> list[Fact]:
    """Translate a body (or raw bytes) and hold every fact to its contract."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = CONNECTORS["modern_treasury"].translate(raw, telling)
    for fact in told:
        check_fact(fact)
    return told


def told(body: Any, telling: Telling = TELLING) -> list[tuple[str, str, str]]:
    """Type, key without source and account, gross as text."""
    return [
        (
            fact.type,
            fact.key.removeprefix(f"modern_treasury/{ACCOUNT}/"),
            f"{fact.amounts['gross'].amount} {fact.amounts['gross'].currency}" if "gross" in fact.amounts else "",
        )
        for fact in facts(body, telling)
    ]


def wants(body: Any, telling: Telling = TELLING) -> list[tuple[str, str]]:
    """What a body makes us fetch."""
    wanted = CONNECTORS["modern_treasury"].wants
    assert wanted is not None
    return [(want.stream, want.id) for want in wanted(json.dumps(body).encode(), telling)]
