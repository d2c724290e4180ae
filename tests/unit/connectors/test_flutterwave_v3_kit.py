"""Flutterwave v3 under the kit that every connector gets."""

import json
from datetime import UTC, datetime
from typing import Any

from connectors import CONNECTORS
from connectors.exchange import Answer, Call, WebhookRequest
from tests.unit.connectors import flutterwave_bodies as bodies
from tests.unit.connectors.kit import AT_S, Case, ConnectorKit

# https://developer.flutterwave.com: the words of both versions, which share a state machine
STATUSES = {
    "payment": frozenset(
        {
            *("new", "pending", "success-pending-validation", "authorized", "successful", "succeeded"),
            *("failed", "cancelled", "voided"),
        }
    ),
    "refund": frozenset(
        {
            *("new", "pending", "pending-momo", "processing", "requires_action", "completed", "succeeded"),
            *("completed-bank-transfer", "completed-momo", "completed-mpgs", "completed-offline"),
            *("completed-preauth", "failed", "cancelled"),
        }
    ),
    "chargeback": frozenset({"new", "pending", "initiated", "declined", "accepted", "lost", "won", "reversed"}),
    "transfer": frozenset({"new", "initiated", "pending", "successful", "failed", "cancelled"}),
    "settlement": frozenset(
        {
            *("pending", "processing", "reviewed", "approved", "disburse-pending", "flagged", "on-hold"),
            *("completed", "completed-offline", "failed"),
        }
    ),
}


def sign(body: bytes, secret: str, at_s: int) -> WebhookRequest:
    return WebhookRequest({"verif-hash": secret}, body)


def made_at(number: int) -> str:
    return f"{datetime.fromtimestamp(AT_S + number * 600, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


ROWS: dict[str, list[dict[str, Any]]] = {
    "/transactions": [bodies.transaction(id=n, created_at=made_at(n)) for n in range(1, 34)],
    "/refunds": [bodies.refund(id=n, tx_id=n, created_at=made_at(n)) for n in range(1, 24)],
    "/settlements": [bodies.settlement(id=n, created_at=made_at(n)) for n in range(1, 45)],
    "/transfers": [bodies.transfer(id=n, created_at=made_at(n)) for n in range(1, 28)],
    "/chargebacks": [bodies.chargeback(id=n, transaction_id=n, created_at=made_at(n)) for n in range(1, 22)],
}


def serve(call: Call) -> Answer:
    """Newest first, by whole days, in numbered pages; single objects by their number."""
    query = dict(call.query)
    if call.path not in ROWS:
        head, number, *_ = call.path.strip("/").split("/")
        assert call.path in (f"/transactions/{number}/verify", f"/settlements/{number}")
        made = bodies.transaction(id=int(number)) if head == "transactions" else bodies.settlement(id=int(number))
        rows = {"transactions": [bodies.settled_row(id=1000 * int(number) + n) for n in range(2)]}
        return Answer(200, {}, bodies.answer(made if head == "transactions" else made | rows), AT_S)
    assert set(query) == {"from", "to", "page"} and len(query) == len(call.query)
    size = 20 if call.path == "/settlements" else 10
    found = [row for row in ROWS[call.path] if query["from"] <= row["created_at"][:10] <= query["to"]]
    found.sort(key=lambda row: row["created_at"], reverse=True)
    page, pages = int(query["page"]), max(1, -(-len(found) // size))
    assert 1 <= page <= pages
    info = {"total": len(found), "current_page": page, "total_pages": pages}
    return Answer(200, {}, bodies.answer(found[(page - 1) * size : page * size], meta={"page_info": info}), AT_S)


def body_with_status(kind: str, status: str) -> tuple[bytes, dict[str, str]]:
    made, stream = {
        "payment": (bodies.transaction, "transaction"),
        "refund": (bodies.refund, "refund"),
        "chargeback": (bodies.chargeback, "chargebacks"),
        "transfer": (bodies.transfer, "transfer"),
        "settlement": (bodies.settlement, "settlements"),
    }[kind]
    return json.dumps(made(status=status)).encode(), {"via": "fetch", "stream": stream}


CASE = Case(
    connector=CONNECTORS["flutterwave_v3"],
    sign=sign,
    secret="a secret hash of the dashboard",
    other_secret="the one that replaces it",
    signed_headers=("verif-hash",),
    statuses=STATUSES,
    body_with_status=body_with_status,
    serve=serve,
)


class TestFlutterwaveV3(ConnectorKit):
    case = CASE
