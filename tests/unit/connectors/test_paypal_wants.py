"""What PayPal names and does not hold is fetched; what has no name posts nothing."""

import json
from typing import Any

import pytest

from connectors import CONNECTORS, Telling
from connectors.exchange import Answer, Call, Place, Want
from connectors.polling import start_by_id
from tests.unit.connectors import paypal_bodies as bodies
from tests.unit.connectors.paypal_bodies import TELLING, event, told

PAYPAL = CONNECTORS["paypal"]
UNNAMED = bodies.capture(links=[])
del UNNAMED["id"]


def wants(body: Any, telling: Telling = TELLING) -> list[Want]:
    assert PAYPAL.wants is not None
    return PAYPAL.wants(json.dumps(body).encode(), telling)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (event("PAYMENT.CAPTURE.COMPLETED", bodies.capture()), []),
        (event("PAYMENT.CAPTURE.COMPLETED", UNNAMED), [Want("order", "ORD1")]),
        (event("CHECKOUT.ORDER.COMPLETED", bodies.order(status="COMPLETED")), [Want("order", "ORD1")]),
        (event("CHECKOUT.ORDER.COMPLETED", bodies.order(bodies.capture(), status="COMPLETED")), []),
        (event("CHECKOUT.ORDER.APPROVED", bodies.order()), []),
        (event("PAYMENT.PAYOUTSBATCH.SUCCESS", bodies.batch()), [Want("payout_batch", "BATCH1")]),
        (event("PAYMENT.PAYOUTSBATCH.PROCESSING", bodies.batch("PROCESSING")), []),
        (event("PAYMENT.PAYOUTS-ITEM.SUCCEEDED", bodies.item(transaction_id=None)), [Want("payout_item", "ITEM1")]),
        (event("PAYMENT.PAYOUTS-ITEM.SUCCEEDED", bodies.item()), []),
        (event("CUSTOMER.DISPUTE.RESOLVED", bodies.dispute(status="RESOLVED")), [Want("dispute", "PP-D-1")]),
        (event("BILLING.PLAN.CREATED", {"id": "P-1"}), []),
        ([1], []),
        ({"event_type": 1}, []),
    ],
)
def test_what_is_wanted(body: Any, wanted: list[Want]) -> None:
    assert wants(body) == wanted
    assert wants(body, Telling("paypal", "a", "", {"via": "fetch", "stream": "order"})) == []


def test_an_item_without_its_transaction_posts_nothing() -> None:
    for status in ("SUCCESS", "UNCLAIMED", "RETURNED", "REFUNDED", "REVERSED"):
        item = bodies.item(status, transaction_id=None)
        assert told(item) == {"transfer.initiated ITEM1/initiated": "1000 USD"}


def test_every_want_can_be_asked_for() -> None:
    assert PAYPAL.page_call is not None and PAYPAL.manifest is not None
    for stream in PAYPAL.manifest.streams:
        if stream.by_id:
            call = PAYPAL.page_call(start_by_id(Want(stream.name, "ID1")))
            assert call.path.endswith("/ID1") and call.is_repeatable


def test_a_batch_is_read_page_by_page() -> None:
    assert PAYPAL.read_page is not None and PAYPAL.page_call is not None
    place = start_by_id(Want("payout_batch", "BATCH1"))
    first = PAYPAL.read_page(place, answer(bodies.batch(items=[bodies.item()], total_pages="2")))
    assert (len(first.items), first.next) == (2, "2")
    telling = Telling("paypal", "acct_1", "", {"via": "fetch", "stream": "payout_batch", "of": "BATCH1"})
    types = [fact.type for item in first.items for fact in PAYPAL.translate(item.raw, telling)]
    assert types == ["transfer.initiated", "transfer.pending", "transfer.succeeded", "settlement.recorded"]
    place = Place("payout_batch", id="BATCH1", page="2")
    assert ("page", "2") in PAYPAL.page_call(place).query
    last = PAYPAL.read_page(place, answer(bodies.batch(items=[bodies.item()], total_pages=2)))
    assert (len(last.items), last.next) == (1, "")
    assert PAYPAL.read_page(place, answer(bodies.batch(total_pages=2))).next == ""


def test_a_polled_event_makes_us_want_the_same() -> None:
    assert PAYPAL.read_page is not None
    page = {"events": [event("PAYMENT.CAPTURE.COMPLETED", UNNAMED), event("X.Y", {"id": "1"})]}
    assert PAYPAL.read_page(Place("events", 1, 2), answer(page)).wants == (Want("order", "ORD1"),)


def test_what_is_wrong_has_paypals_name() -> None:
    body = {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "ORDER_ALREADY_CAPTURED"}], "debug_id": "x"}
    outcome = PAYPAL.classify(Call("pay", "/x", method="POST", key="k"), Answer(422, {}, json.dumps(body).encode()))
    assert (outcome.follow, outcome.code) == ("rejected", "order_already_captured")
    token = {"error": "invalid_client", "error_description": "Client Authentication failed"}
    assert PAYPAL.classify(Call("x", "/x"), Answer(401, {}, json.dumps(token).encode())).code == "invalid_client"


def test_the_next_page_is_asked_of_paypal_whatever_its_address_says() -> None:
    assert PAYPAL.read_page is not None and PAYPAL.page_call is not None
    link = {"rel": "next", "href": "https://evil.example/x?page_size=50&page=2&start_time=a%3Ab"}
    page = PAYPAL.read_page(Place("events", 1, 2), answer({"events": [event("X", {"id": "1"})], "links": [link]}))
    call = PAYPAL.page_call(Place("events", 1, 2, page.next))
    assert call.path == "/v1/notifications/webhooks-events"
    assert call.query == (("page_size", "50"), ("page", "2"), ("start_time", "a:b"))


def answer(body: Any) -> Answer:
    return Answer(200, {}, json.dumps(body).encode())
