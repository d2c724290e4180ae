"""What Paystack is asked, what its answers hold, what must be fetched, and what may follow a call."""

import json
from typing import Any

import pytest

from connectors import CONNECTORS, Telling, TranslationError
from connectors.connector import answered
from connectors.exchange import Answer, Call, Page, Place, Want
from tests.unit.connectors import paystack_bodies as bodies
from tests.unit.connectors.paystack_bodies import TELLING, raw

PAYSTACK = CONNECTORS["paystack"]


def call(place: Place) -> Call:
    assert PAYSTACK.page_call is not None
    return PAYSTACK.page_call(place)


def read(place: Place, body: Any, status: int = 200) -> Page:
    assert PAYSTACK.read_page is not None
    return PAYSTACK.read_page(place, Answer(status, {}, raw(body)))


def wants(body: Any, telling: Telling = TELLING) -> list[Want]:
    assert PAYSTACK.wants is not None
    return PAYSTACK.wants(raw(body), telling)


@pytest.mark.parametrize(
    ("place", "path", "query"),
    [
        (
            Place("transactions", 1_767_607_200, 1_767_693_600, "3"),
            "/transaction",
            {"perPage": "100", "page": "3", "from": "2026-01-05T10:00:00.000Z", "to": "2026-01-06T10:00:00.000Z"},
        ),
        (
            Place("settlements", 0, 60),
            "/settlement",
            {
                "perPage": "100",
                "page": "1",
                "from": "1970-01-01T00:00:00.000Z",
                "to": "1970-01-01T00:01:00.000Z",
                "subaccount": "none",
            },
        ),
        (Place("payment", id="a=b/c d"), "/transaction/verify/a%3Db%2Fc%20d", {}),
        (Place("refunded_payment", id="reference:77:1"), "/transaction/verify/77%3A1", {}),
        (Place("refunded_payment", id="id:77"), "/transaction/77", {}),
        (Place("payment_refunds", id="77:a:b"), "/refund", {"perPage": "100", "page": "1", "transaction": "77"}),
        (
            Place("settlement_transactions", id="9", page="2"),
            "/settlement/9/transactions",
            {"perPage": "100", "page": "2"},
        ),
        (Place("transfer", id="wage-1"), "/transfer/verify/wage-1", {}),
        (Place("dispute", id="9"), "/dispute/9", {}),
        (Place("refund", id="9"), "/refund/9", {}),
    ],
)
def test_what_is_asked(place: Place, path: str, query: dict[str, str]) -> None:
    asked = call(place)
    assert (asked.operation, asked.path, dict(asked.query)) == (place.stream, path, query)


@pytest.mark.parametrize(
    ("rows", "meta", "following"),
    [
        (2, {"page": 1, "pageCount": 2}, "2"),
        (2, {"page": 1, "pageCount": "2"}, "2"),
        (2, {"page": 2, "pageCount": 1}, ""),
        (0, {"page": 1, "pageCount": 9}, ""),
        (100, {}, "2"),
        (99, {}, ""),
        (100, {"pageCount": None}, "2"),
    ],
)
def test_the_next_page(rows: int, meta: dict[str, Any], following: str) -> None:
    body = {"status": True, "data": [bodies.transaction(n) for n in range(rows)], "meta": meta}
    assert read(Place("transactions"), body).next == following


def test_items_are_the_vendors_bytes() -> None:
    body = b'{"status":true,"data":[{"id": 1,  "status":"x"}, {"id":2}]}'
    assert PAYSTACK.read_page is not None
    page = PAYSTACK.read_page(Place("transactions"), Answer(200, {}, body))
    assert [item.raw for item in page.items] == [b'{"id": 1,  "status":"x"}', b'{"id":2}']
    one = PAYSTACK.read_page(Place("payment", id="x"), Answer(200, {}, b'{"status":true,"data": {"id" : 1} }'))
    assert [item.raw for item in one.items] == [b'{"id" : 1}']


@pytest.mark.parametrize(
    ("stream", "body"),
    [
        ("transactions", {"status": True, "data": {}}),
        ("transactions", {"status": True, "data": [1]}),
        ("transactions", {"status": True}),
        ("payment", {"status": True, "data": []}),
        ("payment_refunds", {"status": True, "data": [bodies.refund(n) for n in range(100)]}),
    ],
)
def test_what_is_no_page(stream: str, body: Any) -> None:
    with pytest.raises(TranslationError) as refused:
        read(Place(stream, id="1:order-1"), body)
    assert refused.value.code == "page_malformed"


def test_a_listed_refund_makes_its_payments_refunds_be_read() -> None:
    rows = [
        bodies.refund(1, of=1),
        bodies.refund(2, of=1),
        bodies.refund(3, transaction={"id": 5, "reference": "order-5"}),
        bodies.refund(4, of=6, transaction_reference="order-6"),
        bodies.refund(5, transaction=None),
    ]
    page = read(Place("refunds"), bodies.answer(rows))
    assert page.wants == (
        Want("refunded_payment", "id:4000000001"),
        Want("payment_refunds", "5:order-5"),
        Want("payment_refunds", "4000000006:order-6"),
    )
    assert [json.loads(item.raw)["id"] for item in page.items] == [5], "the others come with their number"
    found = read(Place("refunded_payment", id="id:4000000001"), bodies.answer(bodies.transaction(1)))
    assert found.wants == (Want("payment_refunds", "4000000001:order-1"),) and len(found.items) == 1


def test_refunds_of_one_sum_are_numbered_by_their_age_whatever_their_order() -> None:
    rows = [bodies.refund(n, amount=amount) for n, amount in ((9, 2000), (10, 2000), (101, 700), (8, 2000))]
    for listed in (rows, rows[::-1]):
        place = Place("payment_refunds", id="4000000001:order:1")
        page = read(place, bodies.answer(listed))
        told = {json.loads(item.raw)["id"]: dict(item.context) for item in page.items}
        assert {number: context["number"] for number, context in told.items()} == {8: "1", 9: "2", 10: "3", 101: "1"}
        assert {context["payment"] for context in told.values()} == {"order:1"}
        keys = []
        for item in page.items:
            context = dict(answered(place, item).context)
            keys += [fact.key for fact in PAYSTACK.translate(item.raw, Telling("paystack", "acct_1", "", context))]
        assert len(set(keys)) == 4


def test_a_malformed_refund_stops_no_page() -> None:
    page = read(Place("payment_refunds", id="1:order-1"), bodies.answer([bodies.refund(amount="x"), bodies.refund(2)]))
    assert len(page.items) == 2
    assert read(Place("refunds"), bodies.answer([bodies.refund(transaction=[1.5])])).wants == ()


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (bodies.refund_told("processed"), [Want("refunded_payment", "reference:order-1")]),
        (bodies.refund_told("failed"), [Want("refunded_payment", "reference:order-1")]),
        (bodies.refund_told("processed", transaction_reference=None), []),
        (bodies.event("charge.success", bodies.transaction()), []),
        (bodies.event("charge.success", bodies.transaction(fees=None)), [Want("payment", "order-1")]),
        (
            bodies.event("charge.success", bodies.transaction(subaccount={"subaccount_code": "ACCT_1"})),
            [Want("payment", "order-1")],
        ),
        (bodies.event("charge.dispute.create", bodies.dispute()), []),
        (
            bodies.event("charge.dispute.resolve", bodies.dispute(status="resolved", resolution="merchant-accepted")),
            [Want("payment_refunds", "4000000001:order-1")],
        ),
        (bodies.event("charge.dispute.resolve", bodies.dispute(status="resolved", resolution="declined")), []),
        (bodies.event("transfer.success", bodies.transfer()), []),
        (bodies.event("refund.processed", None), []),
        (bodies.answer([bodies.refund()]), []),
        ([], []),
    ],
)
def test_what_a_webhook_makes_us_fetch(body: Any, wanted: list[Want]) -> None:
    assert wants(body) == wanted
    assert wants(body, bodies.telling("payment")) == [], "what we fetched leads nowhere again"


def test_what_rows_make_us_fetch() -> None:
    assert read(
        Place("settlements"), bodies.answer([bodies.settlement(1), bodies.settlement(2, status="pending")])
    ).wants == (Want("settlement_transactions", "1"),)
    rows = [bodies.transaction(1, status="reversed"), bodies.transaction(2)]
    assert read(Place("transactions"), bodies.answer(rows)).wants == (Want("payment_refunds", "4000000001:order-1"),)
    lost = bodies.dispute(status="resolved", resolution="merchant-accepted")
    assert read(Place("disputes"), bodies.answer([lost, bodies.dispute(2)])).wants == (
        Want("payment_refunds", "4000000001:order-1"),
    )


@pytest.mark.parametrize(
    ("method", "status", "body", "follow", "code"),
    [
        ("GET", 200, {"status": True, "data": {}}, "ok", ""),
        ("GET", 200, {"status": False, "message": "no"}, "rejected", "status_false"),
        ("GET", 400, {"status": False, "code": "transaction_not_found"}, "skip", "transaction_not_found"),
        ("GET", 400, {"status": False, "code": "invalid_params"}, "rejected", "invalid_params"),
        ("POST", 400, {"status": False, "code": "duplicate_reference"}, "look_up", "duplicate_reference"),
        ("POST", 400, {"status": False, "code": "insufficient_balance"}, "rejected", "insufficient_balance"),
        ("POST", 504, {}, "look_up", "http_504"),
        ("GET", 429, {"status": False, "code": "rate_limited"}, "rate_limited", "rate_limited"),
        ("GET", 401, {"status": False, "message": "Invalid key"}, "credentials_expired", "http_401"),
        ("GET", 200, [], "ok", ""),
    ],
)
def test_what_may_follow(method: str, status: int, body: Any, follow: str, code: str) -> None:
    outcome = PAYSTACK.classify(Call("payment", "/x", method=method), Answer(status, {}, raw(body)))
    assert (outcome.follow, outcome.code) == (follow, code)
