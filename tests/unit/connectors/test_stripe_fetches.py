"""What Stripe's bodies make us fetch, and what the fetched object then tells."""

import json
from typing import Any

import pytest

from connectors import CONNECTORS, Telling
from connectors.exchange import Answer, Place
from tests.unit.connectors.stripe_bodies import TELLING, charge, dispute, facts, intent, payout, refund, row, transfer

STRIPE = CONNECTORS["stripe"]
assert STRIPE.wants is not None and STRIPE.page_call is not None and STRIPE.read_page is not None
wants, page_call, read_page = STRIPE.wants, STRIPE.page_call, STRIPE.read_page


def thin(**related: Any) -> dict[str, Any]:
    return {
        "id": "evt_v2",
        "object": "v2.core.event",
        "type": "v1.charge.succeeded",
        "created": "2026-11-20T10:00:00Z",
        "livemode": True,
        "related_object": related,
    }


@pytest.mark.parametrize(
    ("related", "wanted"),
    [
        ({"id": "ch_1", "type": "charge", "url": "/v1/charges/ch_1"}, [("charge", "ch_1")]),
        ({"id": "ch_1", "type": "v1.charge"}, [("charge", "ch_1")]),
        ({"id": "pi_1", "type": "payment_intent"}, [("payment_intent", "pi_1")]),
        ({"id": "re_1", "type": "refund"}, [("refund", "re_1")]),
        ({"id": "dp_1", "type": "dispute"}, [("dispute", "dp_1")]),
        ({"id": "po_1", "type": "payout"}, [("payout", "po_1")]),
        ({"id": "tr_1", "type": "transfer"}, [("transfer", "tr_1")]),
        ({"id": "txn_1", "type": "balance_transaction"}, [("balance_transaction", "txn_1")]),
        ({"id": "ch_1", "type": "word.of.tomorrow", "url": "/v1/charges/ch_1?expand=x"}, [("charge", "ch_1")]),
        ({"id": "ch_1", "type": ["charge"], "url": "/v1/charges/ch_1"}, [("charge", "ch_1")]),
        ({"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"}, []),
        ({"id": "ch/1", "type": "charge"}, []),
        ({"id": None, "type": "charge"}, []),
        ({}, []),
    ],
)
def test_a_thin_event_makes_us_fetch_its_object(related: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    body = thin(**related)
    assert [(want.stream, want.id) for want in wants(json.dumps(body).encode(), TELLING)] == wanted
    assert [fact.type for fact in facts(body)] == ["event.observed"]


@pytest.mark.parametrize(
    ("owner", "first"),
    [
        (charge(), "payment.succeeded"),
        (intent(status="succeeded", amount_received=2000), "payment.succeeded"),
        (refund(), "refund.succeeded"),
        (dispute(status="lost"), "dispute.lost"),
        (dispute(status="warning_closed"), "dispute.closed"),
        (dispute(status="prevented"), "dispute.closed"),
        (dispute(status="charge_refunded"), "dispute.closed"),
        (payout(), "payout.paid"),
        (transfer(), "transfer.succeeded"),
        (row(), "settlement.recorded"),
    ],
    ids=lambda owner: owner["object"] if isinstance(owner, dict) else "",
)
def test_what_was_fetched_tells_what_a_webhook_would_have_told(owner: dict[str, Any], first: str) -> None:
    place = Place(owner["object"], id=owner["id"])
    assert page_call(place).path.endswith(f"/{owner['id']}")
    [item] = read_page(place, Answer(200, {}, json.dumps(owner).encode())).items
    telling = Telling("stripe", "acct_1", "", {"via": "fetch", "stream": owner["object"], "of": owner["id"]})
    assert facts(item.raw, telling)[0].type == first


def test_what_a_search_found_is_read_as_a_list_page() -> None:
    found = {"object": "search_result", "url": "/v1/charges/search", "has_more": False, "data": [charge()]}
    assert [fact.key for fact in facts(found)] == ["stripe/acct_1/pi_1/succeeded"]


@pytest.mark.parametrize(
    ("context", "account"),
    [
        ("acct_9", "acct_9"),
        ("org_1/acct_9", "acct_9"),
        ("acct_8/acct_9", "acct_9"),
        ("event_456", "acct_1"),
        (None, "acct_1"),
    ],
)
def test_the_context_of_a_thin_event_names_its_account_last(context: str | None, account: str) -> None:
    [fact] = facts({**thin(id="ch_1", type="charge"), "context": context})
    assert fact.account == account


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"type":"payout.paid","data":{"object":{"automatic":true,"status":"paid"}}}']
)
def test_what_cannot_be_read_wants_nothing(raw: bytes) -> None:
    assert wants(raw, TELLING) == []


def test_a_category_that_is_no_word_is_left_out() -> None:
    [fact] = facts({"object": "list", "data": [row(type="x" * 300)]})
    assert fact.links == {"transaction": "txn_1", "source": "ch_1"}


def test_a_balance_transaction_is_fetched_with_its_source() -> None:
    assert page_call(Place("balance_transaction", id="txn_1")).query == (("expand[]", "source"),)
    assert page_call(Place("charge", id="ch_1")).query == ()


@pytest.mark.parametrize("stream", ["payment_intents", "charges", "refunds", "disputes", "transfers"])
def test_lists_that_close_gaps(stream: str) -> None:
    call = page_call(Place(stream, 10, 20, "x_1"))
    assert call.path == f"/v1/{stream}"
    assert dict(call.query) == {"limit": "100", "created[gte]": "10", "created[lt]": "20", "starting_after": "x_1"}
