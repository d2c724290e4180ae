"""What is not Modern Treasury's is refused with a stable code, and nothing but `TranslationError` ever comes out."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import CONNECTORS, Telling, TranslationError
from connectors.exchange import Answer, Place
from connectors.json_fields import read_json
from tests.unit.connectors import modern_treasury_bodies as bodies
from tests.unit.connectors.modern_treasury_bodies import facts, hook, order, returned, transaction, wants


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_malformed"),
        (b"{", "json_malformed"),
        (b"[" * 100_000, "json_malformed"),
        (b'{"object":"payment_order","amount":' + b"9" * 5000 + b"}", "json_malformed"),
        (b'{"object":NaN}', "json_malformed"),
        ("text", "not_an_object"),
        ([7], "not_an_object"),
        ({}, "field_missing"),
        ({"event": "completed", "data": None}, "field_missing"),
        ({"data": order()}, "field_missing"),
        (hook("", order()), "field_missing"),
        (hook("completed", order(id=None)), "field_missing"),
        (hook("completed", {"object": "payment_order", "status": "completed"}), "field_missing"),
        (hook("created", {"object": "ledger_transaction", "status": "posted"}), "field_missing"),
        (hook("completed", order(id="a/b")), "id_malformed"),
        (hook("completed", order(id=["a"])), "id_malformed"),
        (hook("completed", order(amount=None)), "amount_missing"),
        (hook("completed", order(amount=-1)), "amount_malformed"),
        (hook("completed", order(amount=True)), "amount_malformed"),
        (hook("completed", order(amount="12.50")), "amount_malformed"),
        (hook("completed", order(amount=[1])), "amount_malformed"),
        (hook("completed", order(amount=2**128)), "amount_too_large"),
        (json.dumps(order()).replace("2500", "2500.5").encode(), "amount_malformed"),
        (json.dumps(order()).replace("2500", "1e400").encode(), "amount_malformed"),
        (hook("completed", order(currency=None)), "currency_malformed"),
        (hook("completed", order(currency="US$")), "currency_malformed"),
        (hook("completed", order(direction=None)), "direction_malformed"),
        (hook("completed", order(direction="sideways")), "direction_malformed"),
        (hook("completed", order(direction=None, type={"a": 1})), "direction_malformed"),
        (hook("completed", order(effective_date="soon")), "time_malformed"),
        (hook("completed", order(updated_at="soon")), "time_malformed"),
        (hook("completed", order(updated_at=5)), "time_malformed"),
        (hook("returned", order(status="returned", current_return=returned(amount="x"))), "amount_malformed"),
        (hook("created", transaction(amount=-5)), "amount_malformed"),
        (hook("created", transaction(direction=None)), "direction_malformed"),
    ],
)
def test_what_is_not_the_vendors_is_refused(body: Any, code: str) -> None:
    with pytest.raises(TranslationError) as refused:
        facts(body)
    assert refused.value.code == code


def test_an_event_may_name_its_kind_before_its_name() -> None:
    untold = {field: value for field, value in order().items() if field not in ("status", "object")}
    told = facts(hook("payment_order.completed", untold))
    assert [fact.attributes["transition"] for fact in told] == ["completed", "sent"]
    [want] = wants(hook("payment_order.redrafted", order(status="approved")))
    assert want == ("payment_order_events", bodies.ORDER)


def test_an_endpoint_without_an_account_is_refused() -> None:
    with pytest.raises(TranslationError) as refused:
        facts(hook("completed", order()), Telling("modern_treasury", ""))
    assert refused.value.code == "account_missing"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"amount": "2500"}, "2026-01-06/2500-USD/completed"),
        ({"currency": "usd"}, "2026-01-06/2500-USD/completed"),
        ({"direction": "CREDIT"}, "2026-01-06/2500-USD/completed"),
        ({"metadata": None, "reference_numbers": None, "transaction_ids": None}, "2026-01-06/2500-USD/completed"),
        (
            {"metadata": [], "reference_numbers": {"data": []}, "unheard_of": {"x": [1]}},
            "2026-01-06/2500-USD/completed",
        ),
        ({"effective_date": "2026-01-06T00:00:00Z"}, "2026-01-06/2500-USD/completed"),
        ({"effective_date": None}, "-/2500-USD/completed"),
        ({"direction": None, "type": "wire"}, "2026-01-06/2500-USD/completed"),
        ({"receiving_account_type": None, "live_mode": "yes"}, "2026-01-06/2500-USD/completed"),
        ({"updated_at": None, "created_at": None}, "2026-01-06/2500-USD/completed"),
        ({"currency": "KWD"}, "2026-01-06/2500-KWD/completed"),
    ],
)
def test_what_clients_write_otherwise_is_understood(changes: dict[str, Any], key: str) -> None:
    told = facts(hook("completed", order(**changes)))
    assert told[0].key == f"modern_treasury/{bodies.ACCOUNT}/{bodies.ORDER}/{key}"
    assert told[0].type == "transfer.succeeded"


def test_a_numbered_object_keeps_its_number() -> None:
    assert facts(hook("completed", order(id=17)))[0].links == {"transfer": "17"}


WHOLE = [
    hook(
        "completed", order(transaction_ids=["t-1"], reference_numbers=[{"reference_number_type": "ach_trace_number"}])
    ),
    hook("returned", order(status="returned", current_return=returned())),
    hook("completed", bodies.receipt()),
    hook("created", transaction()),
    hook("completed", returned()),
    hook("failed", bodies.reversal(status="failed")),
    hook("created", bodies.expected()),
    bodies.read_back("completed", order()),
    [order(), bodies.receipt(), transaction()],
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**200), 2**200),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["\x00", "\ud800", "returned", "credit", "debit", "9" * 600, "2026-99-99", "00000000000000013"]),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), max_size=2),
    st.just({"id": {"id": {"id": []}}}),
)


@settings(max_examples=1500, deadline=None)
@given(data=st.data())
def test_whatever_a_body_holds_nothing_but_a_refusal_comes_out(data: st.DataObject) -> None:
    """Up to three values of a true body replaced or taken away; translate, wants and read_page alike."""
    body = json.loads(json.dumps(data.draw(st.sampled_from(WHOLE))))
    for _ in range(data.draw(st.integers(1, 3))):
        _change(body, data)
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    connector = CONNECTORS["modern_treasury"]
    assert connector.wants is not None and connector.read_page is not None
    for telling in (
        bodies.TELLING,
        bodies.fetched("reversal_failed"),
        bodies.fetched("return_failed", drafts="sent=2"),
    ):
        try:
            facts(raw, telling)
        except TranslationError as refusal:
            assert refusal.code
        for want in connector.wants(raw, telling):
            assert connector.page_call is not None and connector.page_call(Place(want.stream, id=want.id)).path
    for stream in ("payment_orders", "events", "returns", "payment_order_events", "payment_order"):
        if not _is_json(raw):
            break
        page = connector.read_page(
            Place(stream, 1, 2, id="x"), Answer(200, {"x-after-cursor": "c"}, _listed(raw, stream))
        )
        assert page.items, "one bad row is one dead letter and stops no stream"


def _change(owner: Any, data: st.DataObject) -> None:
    """Replace or take away one value somewhere in a body."""
    while isinstance(owner, dict | list) and owner:
        place = data.draw(st.sampled_from(sorted(owner) if isinstance(owner, dict) else range(len(owner))))
        if isinstance(owner[place], dict | list) and owner[place] and data.draw(st.booleans()):
            owner = owner[place]
            continue
        if data.draw(st.booleans()):
            owner[place] = copy.deepcopy(data.draw(VALUES))
        elif isinstance(owner, dict):
            del owner[place]
        return


def _is_json(raw: bytes) -> bool:
    try:
        read_json(raw)
    except TranslationError:
        return False
    return True


def _listed(raw: bytes, stream: str) -> bytes:
    if stream == "payment_order":
        return raw if raw.startswith(b"{") else b"{}"
    return raw if raw.startswith(b"[") else b"[" + raw + b"]"


def test_a_field_told_twice_is_read_once() -> None:
    raw = json.dumps(hook("completed", order())).replace('"amount": 2500', '"amount": 1, "amount": 2500')
    assert facts(raw.encode())[0].amounts["gross"].amount == "2500"
