"""PayPal under the kit that every connector gets."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from connectors import CONNECTORS
from connectors.exchange import Answer, Call, Keys
from tests.unit.connectors import paypal_bodies as bodies
from tests.unit.connectors.kit import AT_S, Case, ConnectorKit
from tests.unit.connectors.paypal_certificates import URL, chain, sign

DAY_S = 86_400


def time(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


ROWS = [
    (AT_S + n * 60, bodies.row(transaction_id=f"TXN{n}", transaction_initiation_date=time(AT_S + n * 60)))
    for n in range(1100)
]
DISPUTES = [(AT_S + n * 600, bodies.dispute(dispute_id=f"PP-D-{n}", status="RESOLVED")) for n in range(120)]
EVENTS = [
    (AT_S + n * 100, {**bodies.event("PAYMENT.CAPTURE.COMPLETED", bodies.capture(id=f"CAP{n}")), "id": f"WH-{n}"})
    for n in range(250)
]


def serve(call: Call) -> Answer:
    query = dict(call.query)
    assert len(query) == len(call.query)
    match call.path:
        case "/v1/reporting/transactions":
            assert seconds(query["end_date"]) - seconds(query["start_date"]) <= 31 * DAY_S
            assert query["balance_affecting_records_only"] == "Y" and int(query["page_size"]) <= 500
            found = between(ROWS, query["start_date"], query["end_date"])
            size, page = int(query["page_size"]), int(query["page"])
            pages = max(1, -(-len(found) // size))
            assert 1 <= page <= pages
            body: dict[str, Any] = {"transaction_details": found[(page - 1) * size : page * size]}
            return answer({**body, "page": page, "total_items": len(found), "total_pages": pages})
        case "/v1/customer/disputes":
            assert int(query["page_size"]) <= 50
            found = between(DISPUTES, query["update_time_after"], query["update_time_before"])
            return answer(linked(call, query, found, "items", "page"))
        case "/v1/notifications/webhooks-events":
            found = between(EVENTS, query["start_time"], query["end_time"])
            return answer(linked(call, query, found, "events", "next_page_token"))
    assert call.path.startswith("/v1/customer/disputes/PP-D-")
    outcome = {"outcome_code": "RESOLVED_BUYER_FAVOUR"}
    return answer(bodies.dispute(dispute_id=call.path.rpartition("/")[2], status="RESOLVED", dispute_outcome=outcome))


def between(dated: list[tuple[int, dict[str, Any]]], since: str, until: str) -> list[dict[str, Any]]:
    return [each for at_s, each in dated if seconds(since) <= at_s <= seconds(until)]


def linked(call: Call, query: dict[str, str], found: list[Any], field: str, mark: str) -> dict[str, Any]:
    size, page = int(query["page_size"]), int(query.get(mark, "1"))
    body: dict[str, Any] = {field: found[(page - 1) * size : page * size], "links": [bodies.link("self", call.path)]}
    if page * size < len(found):
        following = urlencode({**query, mark: str(page + 1)})
        body["links"].append(bodies.link("next", f"{call.path}?{following}"))
    return body


def answer(body: dict[str, Any]) -> Answer:
    return Answer(200, {}, json.dumps(body).encode(), AT_S)


def body_with_status(kind: str, status: str) -> tuple[bytes, dict[str, str]]:
    made = {
        "order": lambda: bodies.order(status=status),
        "authorization": lambda: bodies.authorization(status=status),
        "capture": lambda: bodies.capture(status=status),
        "sale": lambda: bodies.sale(state=status),
        "refund": lambda: bodies.refund(status=status),
        "payment": lambda: {"id": "PAY-1", "state": status, "create_time": bodies.AT, "transactions": []},
        "dispute": lambda: bodies.dispute(status=status),
        "dispute_outcome": lambda: bodies.dispute(status="RESOLVED", dispute_outcome={"outcome_code": status}),
        "payout_batch": lambda: bodies.batch(status),
        "payout_item": lambda: bodies.item(status),
        "transaction": lambda: bodies.row(transaction_status=status),
    }[kind]()
    stream = {"dispute_outcome": "dispute", "transaction": "transactions"}.get(kind, kind)
    return json.dumps(made).encode(), {"via": "fetch", "stream": stream}


PAID = frozenset(
    {*("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", "PENDING", "DECLINED", "FAILED"), *("DENIED", "REVERSED")}
)
CASE = Case(
    connector=CONNECTORS["paypal"],
    sign=sign,
    secret="1JE4291016473214C",
    other_secret="0EH40505U7160970P",
    signed_headers=(
        "paypal-transmission-id",
        "paypal-transmission-time",
        "paypal-transmission-sig",
        "paypal-cert-url",
        "paypal-auth-algo",
    ),
    keys=lambda *secrets: Keys(secrets, {URL: chain()}),
    # the enumerations of the interface's description, and the words of version 1
    statuses={
        "order": frozenset(
            {
                *("CREATED", "SAVED", "APPROVED", "VOIDED", "COMPLETED", "PAYER_ACTION_REQUIRED"),
                *("PENDING", "AUTHORIZED", "CAPTURED"),
            }
        ),
        "authorization": frozenset(
            {
                *("CREATED", "CAPTURED", "DENIED", "EXPIRED", "PARTIALLY_CAPTURED", "VOIDED", "PENDING"),
                "AUTHORIZED",
            }
        ),
        "capture": PAID,
        "sale": PAID,
        "refund": frozenset({"CANCELLED", "FAILED", "PENDING", "COMPLETED"}),
        "payment": frozenset(
            {
                *("CREATED", "APPROVED", "FAILED", "PARTIALLY_COMPLETED", "IN_PROGRESS", "COMPLETED"),
                *("PENDING", "CANCELED", "EXPIRED"),
            }
        ),
        "dispute": frozenset(
            {
                *("OPEN", "WAITING_FOR_BUYER_RESPONSE", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW"),
                *("RESOLVED", "OTHER"),
            }
        ),
        "dispute_outcome": frozenset(
            {
                *("RESOLVED_BUYER_FAVOUR", "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER"),
                *("ACCEPTED", "DENIED", "NONE", "RESOLVED_BUYER_FAVOR", "RESOLVED_SELLER_FAVOR"),
            }
        ),
        "payout_batch": frozenset({"DENIED", "PENDING", "PROCESSING", "SUCCESS", "CANCELED", "NEW"}),
        "payout_item": frozenset(
            {
                *("SUCCESS", "FAILED", "PENDING", "UNCLAIMED", "RETURNED", "ONHOLD", "BLOCKED", "REFUNDED"),
                *("REVERSED", "DENIED", "CANCELED", "NEW"),
            }
        ),
        "transaction": frozenset({"D", "F", "P", "S", "V"}),
    },
    body_with_status=body_with_status,
    serve=serve,
    now_s=AT_S + DAY_S,
)


class TestPayPal(ConnectorKit):
    case = CASE
