"""Paystack under the kit that every connector gets."""

import hmac
import json
from datetime import UTC, datetime
from typing import Any

from connectors import CONNECTORS
from connectors.exchange import Answer, Call, WebhookRequest
from tests.unit.connectors import paystack_bodies as bodies
from tests.unit.connectors.kit import AT_S, Case, ConnectorKit


def sign(body: bytes, secret: str, at_s: int) -> WebhookRequest:
    return WebhookRequest({"x-paystack-signature": hmac.new(secret.encode(), body, "sha512").hexdigest()}, body)


def at(offset_s: int) -> str:
    return datetime.fromtimestamp(AT_S + offset_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def made(n: int) -> dict[str, str]:
    return {"created_at": at(n * 120), "createdAt": at(n * 120)}


ROWS: dict[str, list[dict[str, Any]]] = {
    "/transaction": [
        bodies.transaction(n, status="reversed" if n % 50 == 0 else "failed" if n % 7 else "success", **made(n))
        for n in range(1, 251)
    ],
    # the tenth payment has three refunds, two of them of one sum
    "/refund": [bodies.refund(n, of=max(n, 10), amount=700 if n < 9 else 2000, **made(n)) for n in range(8, 131)],
    "/settlement": [bodies.settlement(n, **made(n)) for n in range(1, 121)],
    "/transfer": [bodies.transfer(n, **made(n)) for n in range(1, 131)],
    "/dispute": [
        bodies.dispute(
            n, of=n, **made(n), **({"status": "resolved", "resolution": "merchant-accepted"} if n < 4 else {})
        )
        for n in range(1, 121)
    ],
}
KNOWN = {"perPage", "page", "from", "to", "transaction", "subaccount"}


def serve(call: Call) -> Answer:
    """Newest first, page by page."""
    query = dict(call.query)
    assert set(query) <= KNOWN and len(query) == len(call.query)
    if call.path.startswith("/transaction/"):
        named = call.path.removeprefix("/transaction/").removeprefix("verify/")
        [found] = [row for row in ROWS["/transaction"] if named in (row["reference"], str(row["id"]))]
        return reply({"status": True, "data": found})
    if call.path.startswith("/settlement/"):
        number = int(call.path.split("/")[2])
        rows = [bodies.transaction(number * 1000 + n) for n in range(3)]
    else:
        rows = sorted(ROWS[call.path], key=lambda row: row["created_at"], reverse=True)
        if "transaction" in query:
            rows = [row for row in rows if str(row["transaction"]) == query["transaction"]]
        else:
            rows = [row for row in rows if query["from"] <= row["created_at"] <= query["to"]]
    size, page = int(query["perPage"]), int(query["page"])
    assert 1 <= size <= 100 and page >= 1
    meta = {"total": len(rows), "perPage": size, "page": page, "pageCount": -(-len(rows) // size)}
    # refunds are listed without `meta`
    told = {} if call.path == "/refund" else {"meta": meta}
    return reply({"status": True, "data": rows[(page - 1) * size : page * size], **told})


def reply(body: dict[str, Any]) -> Answer:
    return Answer(200, {}, json.dumps(body).encode(), AT_S)


def body_with_status(kind: str, status: str) -> tuple[bytes, dict[str, str]]:
    stream = {
        "payment": ("transactions", bodies.transaction(status=status)),
        "preauthorization": ("", bodies.event("preauthorization.x", bodies.preauthorization(status))),
        "refund": ("payment_refunds", bodies.refund(status=status)),
        "dispute": ("dispute", bodies.dispute(status=status)),
        "transfer": ("transfers", bodies.transfer(status=status)),
        "settlement": ("settlements", bodies.settlement(status=status)),
    }
    name, body = stream[kind]
    context = {"via": "poll", "stream": name} if name else {}
    return bodies.raw(body), context | ({"payment": "order-1", "number": "1"} if kind == "refund" else {})


CASE = Case(
    connector=CONNECTORS["paystack"],
    sign=sign,
    secret="sk_test_first_of_two",
    other_secret="sk_test_second_of_two",
    signed_headers=("x-paystack-signature",),
    # https://paystack.com/docs/api: the statuses of each object
    statuses={
        "payment": frozenset(
            {
                *("abandoned", "ongoing", "pending", "processing", "queued", "success", "failed", "reversed"),
                *("send_pin", "send_otp", "send_phone", "send_birthday", "send_address", "open_url", "pay_offline"),
                "timeout",
            }
        ),
        "preauthorization": frozenset({"authorized", "captured", "capture_failed", "released"}),
        "refund": frozenset({"pending", "processing", "processed", "failed", "needs-attention"}),
        "dispute": frozenset(
            {
                *("awaiting-merchant-feedback", "awaiting-bank-feedback", "pending", "archived"),
                *("resolved/merchant-accepted", "resolved/auto-accepted", "resolved/declined"),
            }
        ),
        "transfer": frozenset(
            {
                *("pending", "otp", "received", "processing", "queued", "success", "failed", "abandoned", "blocked"),
                *("rejected", "reversed"),
            }
        ),
        "settlement": frozenset({"pending", "processing", "success", "failed"}),
    },
    body_with_status=body_with_status,
    serve=serve,
)


class TestPaystack(ConnectorKit):
    case = CASE
