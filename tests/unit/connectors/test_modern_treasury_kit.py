"""Modern Treasury under the kit that every connector gets."""

import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from connectors import CONNECTORS
from connectors.exchange import Answer, Call, WebhookRequest
from tests.unit.connectors import modern_treasury_bodies as bodies
from tests.unit.connectors.kit import AT_S, Case, ConnectorKit


def sign(body: bytes, secret: str, at_s: int) -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return WebhookRequest({"x-signature": digest, "x-webhook-id": "w-1", "x-topic": "payment_order"}, body)


def at(number: int) -> str:
    return f"2023-11-15T{number // 60 % 24:02}:{number % 60:02}:00Z"


ROWS: dict[str, list[dict[str, Any]]] = {
    "/api/payment_orders": [bodies.order(id=f"po-{n}", effective_date="2023-11-15") for n in range(230)],
    "/api/transactions": [bodies.transaction(id=f"tx-{n}", as_of_date="2023-11-15") for n in range(130)],
    "/api/incoming_payment_details": [bodies.receipt(id=f"ipd-{n}", as_of_date="2023-11-15") for n in range(101)],
    "/api/expected_payments": [bodies.expected(id=f"ep-{n}", created_at=at(n)) for n in range(120)],
    "/api/returns": [
        bodies.returned(id=f"rt-{n}", created_at=at(1000 - n), returnable_id=f"po-{n}") for n in range(220)
    ],
    "/api/events": [
        bodies.read_back("completed", bodies.order(id=f"po-{n}", transaction_ids=["a", "b"][: n % 3]), n, at(n))
        for n in range(150)
    ],
}
BOUNDS = {
    "/api/payment_orders": ("effective_date", "effective_date_start", "effective_date_end"),
    "/api/transactions": ("as_of_date", "as_of_date_start", "as_of_date_end"),
    "/api/incoming_payment_details": ("as_of_date", "as_of_date_start", "as_of_date_end"),
    "/api/expected_payments": ("created_at", "created_at_lower_bound", "created_at_upper_bound"),
    "/api/events": ("event_time", "event_time_start", "event_time_end"),
}


def serve(call: Call) -> Answer:
    """Bare arrays, the mark of the next page in a header."""
    query = dict(call.query)
    if call.path not in ROWS:
        return Answer(200, {}, json.dumps(bodies.order(id=call.path.rpartition("/")[2])).encode(), AT_S)
    rows = ROWS[call.path]
    known = {"per_page", "after_cursor", *BOUNDS.get(call.path, ())[1:]}
    if "entity_id" in query:
        rows, known = [row for row in rows if row["entity_id"] == query["entity_id"]], known | {"resource", "entity_id"}
    elif call.path in BOUNDS:
        field, since, until = BOUNDS[call.path]
        for bound in (query[since], query[until]):
            datetime.fromisoformat(bound)
        rows = [row for row in rows if query[since] <= row[field] <= query[until]]
    assert set(query) <= known and len(query) == len(call.query)
    size = int(query["per_page"])
    assert 1 <= size <= 100
    first = int(query.get("after_cursor", "cursor-0").removeprefix("cursor-"))
    following = f"cursor-{first + size}" if first + size < len(rows) else ""
    headers = {"x-per-page": str(size), "x-after-cursor": following}
    return Answer(200, headers, json.dumps(rows[first : first + size]).encode(), AT_S)


MADE: dict[str, Callable[..., dict[str, Any]]] = {
    "payment_order": bodies.order,
    "incoming_payment_detail": bodies.receipt,
    "paper_item": bodies.paper_item,
    "return": bodies.returned,
    "reversal": bodies.reversal,
    "expected_payment": bodies.expected,
}


def body_with_status(kind: str, status: str) -> tuple[bytes, dict[str, str]]:
    return json.dumps(MADE[kind](status=status)).encode(), {"via": "fetch", "stream": kind}


CASE = Case(
    connector=CONNECTORS["modern_treasury"],
    sign=sign,
    secret="whk_first_of_two",
    other_secret="whk_second_of_two",
    signed_headers=("x-signature",),
    # The status lists of https://docs.moderntreasury.com/platform/reference and of the vendor's clients
    statuses={
        "payment_order": frozenset(
            {
                *("needs_approval", "pending", "held", "approved", "processing", "sent", "completed"),
                *("failed", "denied", "cancelled", "stopped", "returned", "reversed"),
            }
        ),
        "incoming_payment_detail": frozenset({"pending", "completed", "returned"}),
        "paper_item": frozenset({"pending", "completed", "returned"}),
        "return": frozenset({"pending", "processing", "sent", "completed", "returned", "failed", "cancelled"}),
        "reversal": frozenset({"pending", "processing", "sent", "completed", "returned", "failed", "cancelled"}),
        "expected_payment": frozenset({"unreconciled", "partially_reconciled", "reconciled", "archived"}),
    },
    body_with_status=body_with_status,
    serve=serve,
    account=bodies.ACCOUNT,
)


class TestModernTreasury(ConnectorKit):
    case = CASE
