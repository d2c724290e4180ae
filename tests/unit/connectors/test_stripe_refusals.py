"""What is not Stripe's is refused with a stable code, and nothing but `TranslationError` ever comes out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import TranslationError
from tests.unit.connectors.stripe_bodies import charge, dispute, event, facts, intent, payout, refund, row, transfer


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_malformed"),
        (b"{", "json_malformed"),
        (b'{"a":"\xff"}', "json_malformed"),
        (b"\xef\xbb\xbf{}", "json_malformed"),
        (b"[" * 100_000, "json_malformed"),
        (b'{"object":"event","id":"evt_1","created":' + b"9" * 5000 + b"}", "json_malformed"),
        (b'{"object":NaN}', "json_malformed"),
        ([], "not_an_object"),
        ("text", "not_an_object"),
        ({}, "field_missing"),
        ({"object": "charge", "id": "ch_1"}, "unsupported_object"),
        ({"object": 7}, "unsupported_object"),
        ({"object": "event", "type": "charge.succeeded"}, "field_missing"),
        ({"object": "event", "id": "evt_1"}, "field_missing"),
        ({"object": "event", "id": "evt_1", "type": "x" * 500}, "field_missing"),
        ({"object": "event", "id": "evt 1\n", "type": "a.b", "created": 1}, "id_malformed"),
        ({"object": "event", "id": ["evt_1"], "type": "a.b", "created": 1}, "id_malformed"),
        ({"object": "event", "id": "evt_1", "type": "customer.created", "created": 1}, "field_missing"),
        ({"object": "event", "id": "evt_1", "type": "a.b", "created": 1, "data": {"object": ["x"]}}, "field_missing"),
        ({"object": "event", "id": "evt_1", "type": "customer.created", "data": {"object": {}}}, "time_missing"),
        ({"object": "v2.core.event", "id": "evt_1", "type": "a", "created": "today"}, "time_malformed"),
        ({"object": "v2.core.event", "id": "evt_1", "type": "a", "created": 5}, "time_malformed"),
        (event("a.b", {}, created=10**30), "time_malformed"),
        (event("a.b", {}, created=True), "time_malformed"),
        (event("charge.succeeded", {}), "field_missing"),
        (event("charge.succeeded", refund()), "object_kind_differs"),
        (event("payout.paid", transfer()), "object_kind_differs"),
        (event("charge.succeeded", charge(id=None)), "field_missing"),
        (event("charge.succeeded", charge(id="ch_1/../x")), "id_malformed"),
        (event("charge.succeeded", charge(payment_intent=7)), "id_malformed"),
        (event("charge.succeeded", charge(amount_captured=20.0)), "amount_malformed"),
        (event("charge.succeeded", charge(amount_captured="2000")), "amount_malformed"),
        (event("charge.succeeded", charge(amount_captured=True)), "amount_malformed"),
        (event("charge.succeeded", charge(amount_captured=2**128)), "amount_too_large"),
        (event("charge.succeeded", charge(amount_captured=-1)), "amount_negative"),
        (event("charge.captured", charge(amount_captured=None, amount_refunded=2001)), "amount_negative"),
        (event("payment_intent.succeeded", intent(amount_received=-2000)), "amount_negative"),
        (event("refund.created", refund(amount=-500)), "amount_negative"),
        (event("charge.dispute.created", dispute(amount=-1)), "amount_negative"),
        (event("charge.succeeded", charge(amount=None, amount_captured=None)), "field_missing"),
        (event("charge.succeeded", charge(currency=None)), "currency_malformed"),
        (event("charge.succeeded", charge(currency="usdc")), "currency_malformed"),
        (event("charge.succeeded", charge(currency="iqd")), "currency_not_supported"),
        (event("charge.succeeded", charge(currency="isk", amount_captured=101)), "amount_not_convertible"),
        (event("charge.succeeded", charge(), account=5), "id_malformed"),
    ],
)
def test_what_is_not_stripes_is_refused(body: Any, code: str) -> None:
    with pytest.raises(TranslationError) as refused:
        facts(body)
    assert refused.value.code == code


def test_a_refusal_shows_nothing_personal() -> None:
    with pytest.raises(TranslationError) as refused:
        facts(event("charge.succeeded", charge(amount_captured="Jane Doe", currency="Jane Doe", id="Jane Doe")))
    assert "Jane" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(raw=st.binary(max_size=200))
def test_garbage_raises_nothing_else(raw: bytes) -> None:
    with pytest.raises(TranslationError):
        facts(raw)


OWNERS = [intent(), charge(refunds={"data": [refund()]}), refund(), dispute(balance_transactions=[row()]), payout()]
EVENT_TYPES = [
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
    "charge.captured",
    "refund.updated",
    "charge.dispute.funds_withdrawn",
    "payout.updated",
    "customer.created",
]


@given(owner=st.sampled_from(OWNERS), event_type=st.sampled_from(EVENT_TYPES), data=st.data())
def test_broken_fields_raise_nothing_else(owner: dict[str, Any], event_type: str, data: st.DataObject) -> None:
    broken = {**owner, **data.draw(st.dictionaries(st.sampled_from(sorted(owner)), JSON, max_size=3))}
    envelope = event(event_type, broken)
    envelope |= data.draw(st.dictionaries(st.sampled_from(sorted(envelope)), JSON, max_size=1))
    try:
        known = facts(json.dumps(envelope).encode())
    except TranslationError:
        return
    assert known
