"""Single tellings of Modern Treasury: headers, events, drafts, what is fetched, where lists end."""

import json
from typing import Any

import pytest

from connectors import CONNECTORS, SignatureError
from connectors.connector import Telling
from connectors.exchange import Answer, Call, Keys, Place, Want, WebhookRequest
from connectors.outcome import Outcome
from connectors.signatures import hmac_text
from tests.unit.connectors import modern_treasury_bodies as bodies
from tests.unit.connectors.modern_treasury_bodies import facts, hook, order, returned, told, wants

TREASURY = CONNECTORS["modern_treasury"]
assert TREASURY.manifest is not None and TREASURY.verify is not None
assert TREASURY.read_page is not None and TREASURY.page_call is not None
[SCHEME] = TREASURY.manifest.signatures
verify, read_page, page_call = TREASURY.verify, TREASURY.read_page, TREASURY.page_call
BODY = b'{"event":"completed"}'
MARK = f"{bodies.ORDER}/2026-01-06/2500-USD"


def request(**headers: str) -> WebhookRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest({"x-signature": hmac_text(SCHEME, "whk", BODY), **named}, BODY)


@pytest.mark.parametrize(
    ("headers", "delivery", "context"),
    [
        ({}, "", {}),
        ({"x_webhook_id": "w-1", "x_topic": "payment_order"}, "w-1", {"topic": "payment_order"}),
        ({"x_webhook_id": "w-1", "x_topic": "Payment_Order"}, "w-1", {"topic": "payment_order"}),
        ({"x_webhook_id": "a b", "x_topic": "x" * 61}, "", {}),
        ({"x_webhook_id": "w,w", "x_topic": "a,b"}, "", {}),
    ],
)
def test_headers_name_delivery_and_topic(headers: dict[str, str], delivery: str, context: dict[str, str]) -> None:
    verified = verify(request(**headers), Keys(("whk",)), 0)
    assert (verified.delivery, dict(verified.context)) == (delivery, context)


@pytest.mark.parametrize("value", ["", "0" * 64, hmac_text(SCHEME, "whk", BODY).upper(), "x" * 5000])
def test_another_signature_is_refused(value: str) -> None:
    with pytest.raises(SignatureError):
        verify(request(x_signature=value), Keys(("whk",)), 0)


def test_many_events_of_one_state_are_one_fact() -> None:
    states = {
        "sent": ("finish_processing", "acknowledged", "confirmed", "tentatively_reconciled", "updated", "unreconciled"),
        "completed": ("completed", "reconciled", "receiving_account_reconciled", "linked", "updated"),
    }
    for state, events in states.items():
        keys = {told(hook(event, order(status=state)))[0] for event in events}
        assert len(keys) == 1, state
        assert told(order(status=state))[0] in keys


@pytest.mark.parametrize(
    ("event", "fact_type"),
    [
        ("approved", "transfer.pending"),
        ("denied", "transfer.canceled"),
        ("cancelled", "transfer.canceled"),
        ("begin_processing", "transfer.pending"),
        ("finish_processing", "transfer.pending"),
        ("completed", "transfer.succeeded"),
        ("failed", "transfer.failed"),
        ("held", "transfer.initiated"),
        ("reversed", "transfer.reversed"),
        ("nsf_deferment", "event.observed"),
        ("word_of_tomorrow", "event.observed"),
    ],
)
def test_an_event_says_the_state_of_a_body_without_status(event: str, fact_type: str) -> None:
    assert told(hook(event, order(status=None)))[0][0] == fact_type


def test_a_status_weighs_more_than_the_name_of_an_event_told_late() -> None:
    late = told(hook("finish_processing", order(status="returned", current_return=returned())))
    assert [each[0] for each in late] == ["transfer.returned", "transfer.succeeded", "transfer.pending"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (hook("completed", order(transaction_ids=["t-1"])), []),
        (hook("redrafted", order(status="approved")), [("payment_order_events", bodies.ORDER)]),
        (hook("reconciled", order(transaction_ids=["t-1", "t-2"])), [("payment_order_events", bodies.ORDER)]),
        (hook("reconciled", order(transaction_ids=["t-1", "t-1"])), []),
        (hook("returned", order(status="returned")), [("payment_order_events", bodies.ORDER)]),
        (hook("returned", order(status="returned", current_return=returned())), []),
        (
            hook("confirmed", order(reference_numbers=[{"reference_number_type": "ach_trace_number"}] * 2)),
            [("payment_order_events", bodies.ORDER)],
        ),
        ({"event": "failed", "data": {"id": "po-9"}}, [("payment_order", "po-9")]),
        ({"event": "created", "data": {"id": "po-9"}}, []),
        (
            hook("created", returned()),
            [("payment_order", bodies.ORDER), ("payment_order_events", bodies.ORDER)],
        ),
        (hook("created", returned(type="ach_noc")), []),
        (hook("created", returned(code="C03")), []),
        (hook("created", returned(returnable_id=None)), []),
        (
            hook("sent", returned(returnable_type="incoming_payment_detail", returnable_id="i-1", status="sent")),
            [("incoming_payment_detail", "i-1")],
        ),
        (
            hook(
                "returned", returned(returnable_type="incoming_payment_detail", returnable_id="i-1", status="returned")
            ),
            [("return_failed", "i-1")],
        ),
        (hook("created", returned(returnable_type="paper_item", returnable_id="p-1")), [("paper_item", "p-1")]),
        (hook("completed", bodies.reversal()), [("payment_order", bodies.ORDER)]),
        (hook("returned", bodies.reversal(status="returned")), [("reversal_failed", bodies.ORDER)]),
        (hook("created", bodies.transaction()), []),
        (hook("completed", bodies.receipt()), []),
        ({"event": "x"}, []),
        ([], []),
    ],
)
def test_what_a_webhook_makes_us_fetch(body: Any, wanted: list[tuple[str, str]]) -> None:
    assert wants(body) == wanted
    assert wants(body, bodies.fetched("payment_order")) == []


def test_rows_make_us_fetch_as_webhooks_do() -> None:
    rows = [order(id=f"po-{n}", transaction_ids=["a", "b"][:n]) for n in range(3)]
    page = read_page(Place("payment_orders", 1, 2), Answer(200, {}, json.dumps(rows).encode()))
    assert page.wants == (Want("payment_order_events", "po-2"),)
    events = [bodies.read_back("redrafted", order(status="approved"))]
    page = read_page(Place("events", 1, 2), Answer(200, {}, json.dumps(events).encode()))
    assert page.wants == (Want("payment_order_events", bodies.ORDER),)


def test_an_event_read_back_is_its_webhook() -> None:
    at = "2026-01-06T15:00:00Z"
    for data in (order(), {"event": "completed", "data": order()}):
        row = {**bodies.read_back("completed", order(), at=at), "data": data}
        assert told(row) == told(hook("completed", order()))
        [first, *_] = facts(row)
        assert first.delivery == row["id"] and first.attributes["event"] == "payment_order.completed"


def test_the_history_counts_drafts_that_share_a_mark() -> None:
    later = {"effective_date": "2026-01-12"}
    life = [
        ("finish_processing", order(status="sent")),
        ("failed", order(status="failed")),
        ("redrafted", order(status="approved")),
        ("finish_processing", order(status="sent")),
        ("completed", order()),
        ("reconciled", order()),
        ("returned", order(status="returned", current_return=returned())),
        ("redrafted", order(status="approved", **later)),
        ("completed", order(**later)),
    ]
    rows = [bodies.read_back(event, data, n, f"2026-01-06T15:{n:02}:00Z") for n, (event, data) in enumerate(life)]
    page = read_page(Place("payment_order_events", id="x"), Answer(200, {}, json.dumps(rows[::-1]).encode()))
    counted = ["", "", "", "sent=2", "sent=2", "sent=2", "sent=2", "", ""]
    assert [item.context.get("drafts", "") for item in page.items] == counted
    assert [item.delivery for item in page.items] == [row["id"] for row in rows]


def test_a_draft_is_named_by_day_and_sum() -> None:
    first, second = order(), order(effective_date="2026-01-07")
    assert told(first)[0][1] == f"{MARK}/completed"
    assert len({told(each)[0][1] for each in (first, second, order(amount=2400))}) == 3
    numbered = bodies.fetched("payment_order_events", drafts="completed=3,sent=2")
    assert [key for _, key, _ in told(first, numbered)] == [f"{MARK}/3/completed", f"{MARK}/2/sent"]


def test_a_sender_cannot_number_a_draft_or_name_a_stream() -> None:
    """Context of a webhook comes from `verify` alone, which knows a topic and nothing else."""
    verified = verify(request(x_topic="payment_order"), Keys(("whk",)), 0)
    assert set(verified.context) == {"topic"}


@pytest.mark.parametrize(
    ("place", "path", "query"),
    [
        (
            Place("payment_orders", 1767225600, 1767312000),
            "/api/payment_orders",
            {"effective_date_start": "2026-01-01", "effective_date_end": "2026-01-01", "per_page": "100"},
        ),
        (
            Place("transactions", 1767225600, 1767312001, "c-1"),
            "/api/transactions",
            {
                "as_of_date_start": "2026-01-01",
                "as_of_date_end": "2026-01-02",
                "per_page": "100",
                "after_cursor": "c-1",
            },
        ),
        (
            Place("events", 1767225600, 1767225660),
            "/api/events",
            {"event_time_start": "2026-01-01T00:00:00Z", "event_time_end": "2026-01-01T00:00:59Z", "per_page": "100"},
        ),
        (Place("returns", 1, 2), "/api/returns", {"per_page": "100"}),
        (Place("payment_order", id="po-1"), "/api/payment_orders/po-1", {}),
        (Place("reversal_failed", id="po-1"), "/api/payment_orders/po-1", {}),
        (Place("return_failed", id="i-1"), "/api/incoming_payment_details/i-1", {}),
        (Place("paper_item", id="p-1"), "/api/paper_items/p-1", {}),
        (
            Place("payment_order_events", id="po-1"),
            "/api/events",
            {"resource": "payment_order", "entity_id": "po-1", "per_page": "100"},
        ),
    ],
)
def test_the_request_of_a_page(place: Place, path: str, query: dict[str, str]) -> None:
    call = page_call(place)
    assert (call.path, dict(call.query), call.method, call.headers) == (path, query, "GET", {})


@pytest.mark.parametrize(
    ("made", "following"),
    [
        (["2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"], "c-2"),
        (["2026-01-03T00:00:00Z", "2025-12-31T00:00:00Z"], ""),
        (["2025-12-30T00:00:00Z", "2025-12-31T00:00:00Z"], "c-2"),  # another order: only its end is its end
        (["2026-01-03T00:00:00Z", "soon"], "c-2"),
        ([], ""),
    ],
)
def test_returns_cannot_be_asked_by_time_and_are_read_back_to_the_window(made: list[str], following: str) -> None:
    rows = [returned(id=f"r-{n}", created_at=at) for n, at in enumerate(made)]
    answer = Answer(200, {"x-after-cursor": "c-2"}, json.dumps(rows).encode())
    assert read_page(Place("returns", 1767225600, 1767312000), answer).next == following


def test_a_mark_that_repeats_ends_a_list() -> None:
    answer = Answer(200, {"x-after-cursor": "c-1"}, json.dumps([order()]).encode())
    assert read_page(Place("payment_orders", 1, 2, "c-1"), answer).next == ""


def test_the_vendors_own_word_on_a_failure() -> None:
    body = b'{"errors":{"code":"parameter_invalid","message":"amount is invalid","parameter":"amount"}}'
    assert TREASURY.classify(Call("x", "/x"), Answer(422, {}, body)) == Outcome("rejected", "parameter_invalid")
    assert TREASURY.classify(Call("x", "/x"), Answer(422, {}, b'{"errors":"x"}')) == Outcome("rejected", "http_422")


def test_no_personal_data_is_carried() -> None:
    secret = {
        "remittance_information": "December rent of Jane",
        "receiving_account": {"party_name": "Jane Roe", "account_details": [{"account_number": "99887766"}]},
        "ultimate_receiving_party_name": "Jane Roe",
        "originating_party_name": "Jane Roe",
        "data": {"detail_record": {"dfi_account_number": "99887766"}},
        "vendor_description": "ACH JANE ROE",
    }
    for body in (order(**secret), bodies.receipt(**secret), bodies.transaction(**secret), returned(**secret)):
        shown = repr(facts(hook("updated", body)))
        assert "Jane" not in shown and "JANE" not in shown and "99887766" not in shown


def test_a_telling_names_its_delivery() -> None:
    [first, *_] = facts(hook("completed", order()), Telling("modern_treasury", "org_1", "w-1"))
    assert first.delivery == "w-1"
