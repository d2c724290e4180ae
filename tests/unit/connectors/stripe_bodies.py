"""Small bodies as Stripe writes them, with only the fields a test is about."""

import json
from typing import Any

from connectors import CONNECTORS, Telling
from ledger.facts import Fact, check_fact

AT_S = 1_700_000_000  # 2023-11-14T22:13:20Z
TELLING = Telling("stripe", "acct_1", "digest_1")


def event(event_type: str, owner: dict[str, Any], **envelope: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": AT_S + 60,
        "livemode": False,
        "type": event_type,
        "data": {"object": owner},
        **envelope,
    }


def intent(**fields: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 2000,
        "amount_capturable": 0,
        "amount_received": 0,
        "currency": "usd",
        "created": AT_S,
        "latest_charge": None,
        "status": "requires_payment_method",
        "metadata": {},
        **fields,
    }


def charge(**fields: Any) -> dict[str, Any]:
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 2000,
        "amount_captured": 2000,
        "amount_refunded": 0,
        "currency": "usd",
        "created": AT_S,
        "captured": True,
        "paid": True,
        "refunded": False,
        "payment_intent": "pi_1",
        "status": "succeeded",
        "metadata": {},
        **fields,
    }


def refund(**fields: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 500,
        "currency": "usd",
        "created": AT_S,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        **fields,
    }


def dispute(**fields: Any) -> dict[str, Any]:
    return {
        "id": "dp_1",
        "object": "dispute",
        "amount": 2000,
        "currency": "usd",
        "created": AT_S,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "status": "needs_response",
        "reason": "fraudulent",
        "balance_transactions": [],
        **fields,
    }


def payout(**fields: Any) -> dict[str, Any]:
    return {
        "id": "po_1",
        "object": "payout",
        "amount": 1100,
        "currency": "usd",
        "created": AT_S,
        "arrival_date": AT_S + 86_400,
        "automatic": True,
        "method": "standard",
        "statement_descriptor": "STRIPE PAYOUT",
        "trace_id": {"status": "supported", "value": "T-77"},
        "status": "paid",
        **fields,
    }


def transfer(**fields: Any) -> dict[str, Any]:
    return {
        "id": "tr_1",
        "object": "transfer",
        "amount": 900,
        "amount_reversed": 0,
        "currency": "usd",
        "created": AT_S,
        "destination": "acct_2",
        "source_transaction": "ch_1",
        "reversed": False,
        "reversals": {"object": "list", "data": [], "has_more": False},
        "metadata": {},
        **fields,
    }


def row(**fields: Any) -> dict[str, Any]:
    return {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 2000,
        "fee": 88,
        "net": 1912,
        "currency": "usd",
        "created": AT_S,
        "available_on": AT_S + 86_400,
        "exchange_rate": None,
        "type": "charge",
        "reporting_category": "charge",
        "source": "ch_1",
        "status": "available",
        **fields,
    }


def page(*data: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "url": "/v1/balance_transactions", "has_more": False, "data": list(data)}


def facts(body: Any, telling: Telling = TELLING) -> list[Fact]:
    """Translate a body (or raw bytes) and hold every fact to its contract."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = CONNECTORS["stripe"].translate(raw, telling)
    for fact in told:
        check_fact(fact)
    return told


def told(body: Any, telling: Telling = TELLING) -> list[tuple[str, str, dict[str, str], dict[str, str]]]:
    """Type, key without source and account, amounts as text, links: what two tellings are compared by."""
    return [
        (
            fact.type,
            fact.key.removeprefix("stripe/acct_1/"),
            {name: f"{money.amount} {money.currency}" for name, money in fact.amounts.items()},
            fact.links,
        )
        for fact in facts(body, telling)
    ]
