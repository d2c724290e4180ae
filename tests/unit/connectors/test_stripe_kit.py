"""Stripe under the kit that every connector gets."""

import hmac
import json
from typing import Any

from connectors import CONNECTORS
from connectors.exchange import Answer, Call, WebhookRequest
from tests.unit.connectors import stripe_bodies as bodies
from tests.unit.connectors.kit import AT_S, Case, ConnectorKit


def sign(body: bytes, secret: str, at_s: int) -> WebhookRequest:
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, "sha256").hexdigest()
    return WebhookRequest({"stripe-signature": f"t={at_s},v1={digest}"}, body)


def same_header(name: str, mutated: str, original: str) -> bool:
    """An empty part between two commas says nothing."""
    return [part for part in mutated.split(",") if part] == original.split(",")


ROWS: dict[str, list[dict[str, Any]]] = {
    "/v1/balance_transactions": [bodies.row(id=f"txn_{n}", created=AT_S + n * 60) for n in range(250)],
    "/v1/payouts": [bodies.payout(id=f"po_{n}", created=AT_S + n * 300) for n in range(120)],
    "/v1/events": [
        {**bodies.event("charge.succeeded", bodies.charge(id=f"ch_{n}", payment_intent=f"pi_{n}")), "id": f"evt_{n}"}
        | {"created": AT_S + n * 60}
        for n in range(205)
    ],
    "/v1/payment_intents": [bodies.intent(id=f"pi_{n}", created=AT_S + n * 60) for n in range(130)],
    "/v1/charges": [bodies.charge(id=f"ch_{n}", payment_intent=f"pi_{n}", created=AT_S + n * 60) for n in range(130)],
    "/v1/refunds": [bodies.refund(id=f"re_{n}", created=AT_S + n * 60) for n in range(101)],
    "/v1/disputes": [bodies.dispute(id=f"dp_{n}", created=AT_S + n * 60) for n in range(101)],
    "/v1/transfers": [bodies.transfer(id=f"tr_{n}", created=AT_S + n * 60) for n in range(101)],
}
KNOWN = {"limit", "starting_after", "payout", "created[gte]", "created[lt]", "expand[]"}


def serve(call: Call) -> Answer:
    """Newest first, behind the last id."""
    query = dict(call.query)
    assert set(query) <= KNOWN and len(query) == len(call.query)
    limit = int(query["limit"])
    assert 1 <= limit <= 100
    rows = sorted(ROWS[call.path], key=lambda row: -row["created"])
    if "payout" in query:
        rows = [bodies.row(id=f"txn_{query['payout']}_{n}") for n in range(3)]
    else:
        rows = [row for row in rows if int(query["created[gte]"]) <= row["created"] < int(query["created[lt]"])]
    if after := query.get("starting_after"):
        rows = rows[[row["id"] for row in rows].index(after) + 1 :]
    page = {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": call.path}
    return Answer(200, {}, json.dumps(page).encode(), AT_S)


def body_with_status(kind: str, status: str) -> tuple[bytes, dict[str, str]]:
    made = {
        "payment_intent": bodies.intent,
        "charge": bodies.charge,
        "refund": bodies.refund,
        "dispute": bodies.dispute,
        "payout": bodies.payout,
    }[kind]
    extra = {"captured": False} if kind == "charge" else {}
    return json.dumps(made(status=status, **extra)).encode(), {"via": "fetch", "stream": kind}


CASE = Case(
    connector=CONNECTORS["stripe"],
    sign=sign,
    secret="whsec_first_of_two",
    other_secret="whsec_second_of_two",
    signed_headers=("stripe-signature",),
    same_header=same_header,
    # https://docs.stripe.com/api: the status of each object, and the words of earlier versions
    statuses={
        "payment_intent": frozenset(
            {
                *("requires_payment_method", "requires_confirmation", "requires_action", "processing"),
                *("requires_capture", "succeeded", "canceled", "requires_source", "requires_source_action"),
            }
        ),
        "charge": frozenset({"pending", "succeeded", "paid", "failed"}),
        "refund": frozenset({"pending", "requires_action", "succeeded", "failed", "canceled"}),
        "dispute": frozenset(
            {
                *("needs_response", "under_review", "warning_needs_response", "warning_under_review"),
                *("warning_closed", "prevented", "charge_refunded", "won", "lost"),
            }
        ),
        "payout": frozenset({"pending", "in_transit", "paid", "failed", "canceled"}),
    },
    body_with_status=body_with_status,
    serve=serve,
)


class TestStripe(ConnectorKit):
    case = CASE
