"""Flutterwave v4 under the kit that every connector gets."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from connectors import CONNECTORS
from connectors.exchange import Answer, Call, WebhookRequest
from tests.unit.connectors import flutterwave_bodies as bodies
from tests.unit.connectors.kit import AT_S, Case, ConnectorKit
from tests.unit.connectors.test_flutterwave_v3_kit import STATUSES


def sign(body: bytes, secret: str, at_s: int) -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, "sha256").digest()
    return WebhookRequest({"flutterwave-signature": base64.b64encode(digest).decode()}, body)


def made_at(number: int) -> str:
    return f"{datetime.fromtimestamp(AT_S + number * 60, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


ROWS: dict[str, list[dict[str, Any]]] = {
    "/charges": [bodies.charge(id=f"chg_{n}", created_datetime=made_at(n)) for n in range(130)],
    "/refunds": [
        bodies.charge_refund(id=f"rfd_{n}", charge_id=f"chg_{n}", created_datetime=made_at(n)) for n in range(60)
    ],
    "/settlements": [bodies.charge_settlement(id=f"stm_{n}", created_datetime=made_at(n)) for n in range(101)],
    "/transfers": [bodies.charge_transfer(id=f"trf_{n}", created_datetime=made_at(n - 40)) for n in range(150)],
    "/chargebacks": [
        bodies.charge_chargeback(id=f"chb_{n}", charge_id=f"chg_{n}", created_datetime=made_at(n)) for n in range(70)
    ],
}


def serve(call: Call) -> Answer:
    """Newest first: transfers behind a cursor, everything else by time in numbered pages; charges by id."""
    query = dict(call.query)
    assert len(query) == len(call.query)
    if call.path not in ROWS:
        assert call.path.startswith("/charges/chg_")
        return Answer(200, {}, bodies.answer(bodies.charge(id=call.path.removeprefix("/charges/"))), AT_S)
    rows = sorted(ROWS[call.path], key=lambda row: row["created_datetime"], reverse=True)
    size = int(query["size"])
    assert 10 <= size <= 50
    if call.path == "/transfers":
        assert set(query) <= {"size", "next"}
        first = int(query["next"].removeprefix("cursor+/=")) if "next" in query else 0
        more = f"cursor+/={first + size}" if first + size < len(rows) else ""
        return Answer(200, {}, bodies.answer(rows[first : first + size], meta={"cursor": {"next": more}}), AT_S)
    assert set(query) == {"size", "page", "from", "to"}
    found = [row for row in rows if query["from"] <= row["created_datetime"] < query["to"]]
    page, pages = int(query["page"]), -(-len(found) // size)
    info = {"total": len(found), "current_page": page, "total_pages": pages}
    return Answer(200, {}, bodies.answer(found[(page - 1) * size : page * size], meta={"page_info": info}), AT_S)


def body_with_status(kind: str, status: str) -> tuple[bytes, dict[str, str]]:
    made, stream = {
        "payment": (bodies.charge, "charge"),
        "refund": (bodies.charge_refund, "refund"),
        "chargeback": (bodies.charge_chargeback, "chargeback"),
        "transfer": (bodies.charge_transfer, "transfer"),
        "settlement": (bodies.charge_settlement, "settlement"),
    }[kind]
    return json.dumps(made(status=status)).encode(), {"via": "fetch", "stream": stream}


CASE = Case(
    connector=CONNECTORS["flutterwave_v4"],
    sign=sign,
    secret="a secret hash of the dashboard",
    other_secret="the one that replaces it",
    signed_headers=("flutterwave-signature",),
    statuses=STATUSES,
    body_with_status=body_with_status,
    serve=serve,
)


class TestFlutterwaveV4(ConnectorKit):
    case = CASE
