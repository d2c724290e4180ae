"""Stripe's events and what they become; every row of the tables is one event of one API version."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Telling
from ledger.facts import differing_field
from tests.unit.connectors.stripe_bodies import (
    AT_S,
    charge,
    dispute,
    event,
    facts,
    intent,
    payout,
    refund,
    row,
    told,
)

USD20 = {"gross": "2000 USD"}
USD11 = {"gross": "1100 USD"}
USD5 = {"gross": "500 USD"}
PAYMENT = {"payment": "pi_1"}
CHARGED = {"payment": "pi_1", "charge": "ch_1"}
REFUND = {"refund": "re_1", **CHARGED}
DISPUTE = {"dispute": "dp_1", **CHARGED}
PAYOUT = {"payout": "po_1"}
SUCCEEDED = ("payment.succeeded", "pi_1/succeeded", USD20, CHARGED)


def observed(event_type: str, object_id: str) -> tuple[str, str, dict[str, str], dict[str, str]]:
    return ("event.observed", f"evt_1/{event_type}/{object_id}/observed", {}, {"object": object_id})


@pytest.mark.parametrize(
    ("event_type", "owner", "expected"),
    [
        ("payment_intent.created", intent(), [("payment.initiated", "pi_1/initiated/2000-USD", USD20, PAYMENT)]),
        (
            "payment_intent.requires_action",
            intent(status="requires_action", latest_charge="ch_1"),
            [("payment.initiated", "pi_1/initiated/2000-USD", USD20, PAYMENT)],
        ),
        (
            "payment_intent.processing",
            intent(status="processing", latest_charge="ch_1"),
            [("payment.pending", "pi_1/pending/2000-USD", USD20, PAYMENT)],
        ),
        (
            "payment_intent.amount_capturable_updated",
            intent(status="requires_capture", amount_capturable=1800, latest_charge="ch_1"),
            [("payment.authorized", "pi_1/authorized/1800-USD", {"gross": "1800 USD"}, CHARGED)],
        ),
        (
            "payment_intent.amount_capturable_updated",
            intent(status="succeeded", amount_received=2000, latest_charge="ch_1"),
            [SUCCEEDED],
        ),
        # the charge as an id, expanded, in the list of before 2022, and not told at all
        ("payment_intent.succeeded", intent(amount_received=2000, latest_charge="ch_1"), [SUCCEEDED]),
        ("payment_intent.succeeded", intent(amount_received=2000, latest_charge=charge()), [SUCCEEDED]),
        (
            "payment_intent.succeeded",
            {**intent(amount_received=2000), "charges": {"data": [charge(id="ch_0", paid=False), charge()]}},
            [SUCCEEDED],
        ),
        (
            "payment_intent.succeeded",
            {"id": "pi_1", "object": "payment_intent", "amount": 2000, "currency": "usd"},
            [("payment.succeeded", "pi_1/succeeded", USD20, PAYMENT)],
        ),
        (
            "payment_intent.succeeded",
            intent(amount_received=1500, latest_charge="ch_1"),
            [("payment.succeeded", "pi_1/succeeded", {"gross": "1500 USD"}, CHARGED)],
        ),
        (
            "payment_intent.payment_failed",
            intent(last_payment_error={"charge": "ch_1", "code": "card_declined"}, latest_charge="ch_1"),
            [("payment.failed", "pi_1/failed/ch_1", USD20, CHARGED)],
        ),
        (  # a failed authentication has no charge; the latest one belongs to an older try
            "payment_intent.payment_failed",
            intent(last_payment_error={"code": "payment_intent_authentication_failure"}, latest_charge="ch_0"),
            [("payment.failed", "pi_1/failed/evt_1", USD20, PAYMENT)],
        ),
        ("payment_intent.canceled", intent(status="canceled"), [("payment.canceled", "pi_1/canceled", USD20, PAYMENT)]),
        ("payment_intent.partially_funded", intent(), [observed("payment_intent.partially_funded", "pi_1")]),
        ("charge.succeeded", charge(), [SUCCEEDED]),
        (
            "charge.succeeded",
            charge(captured=False, amount_captured=0),
            [("payment.authorized", "pi_1/authorized/2000-USD", USD20, CHARGED)],
        ),
        (
            "charge.succeeded",
            charge(payment_intent=None),
            [("payment.succeeded", "ch_1/succeeded", USD20, {"payment": "ch_1", "charge": "ch_1"})],
        ),
        (
            "charge.pending",
            charge(paid=False, status="pending"),
            [("payment.pending", "pi_1/pending/2000-USD", USD20, PAYMENT)],
        ),
        (
            "charge.captured",
            charge(amount_captured=1500, amount_refunded=500),
            [("payment.succeeded", "pi_1/succeeded", {"gross": "1500 USD"}, CHARGED)],
        ),
        (  # before amount_captured was told
            "charge.captured",
            {k: v for k, v in charge(amount_refunded=500).items() if k != "amount_captured"},
            [("payment.succeeded", "pi_1/succeeded", {"gross": "1500 USD"}, CHARGED)],
        ),
        (
            "charge.failed",
            charge(paid=False, captured=False, status="failed", failure_code="card_declined"),
            [("payment.failed", "pi_1/failed/ch_1", USD20, CHARGED)],
        ),
        (
            "charge.expired",
            charge(captured=False, amount_captured=0),
            [("payment.canceled", "pi_1/canceled", USD20, PAYMENT)],
        ),
        ("charge.updated", charge(), [SUCCEEDED]),
        ("charge.updated", charge(paid=False, status="pending"), [observed("charge.updated", "ch_1")]),
        ("charge.refunded", charge(amount_refunded=500, refunds=None), [SUCCEEDED]),
        (
            "charge.refunded",
            charge(amount_refunded=500, refunds={"data": [refund(payment_intent=None)]}),
            [SUCCEEDED, ("refund.succeeded", "re_1/succeeded", USD5, REFUND)],
        ),
        (  # an authorization that ended uncaptured: Stripe wrote a refund, no money of ours moved
            "charge.refunded",
            charge(captured=False, amount_captured=None, refunded=True, refunds={"data": [refund(amount=2000)]}),
            [observed("charge.refunded", "ch_1")],
        ),
        (  # 1500 of 2000 captured, the rest released as "refund", then 500 truly refunded
            "charge.refunded",
            charge(
                amount_captured=1500,
                refunds={"data": [refund(id="re_2", created=AT_S + 9), refund(id="re_1", created=AT_S)]},
            ),
            [
                ("payment.succeeded", "pi_1/succeeded", {"gross": "1500 USD"}, CHARGED),
                ("refund.succeeded", "re_2/succeeded", USD5, {"refund": "re_2", **CHARGED}),
            ],
        ),
        (
            "charge.refund.updated",
            refund(),
            [("refund.succeeded", "re_1/succeeded", USD5, REFUND)],
        ),
        (
            "refund.created",
            refund(status="pending"),
            [("refund.pending", "re_1/pending", USD5, REFUND)],
        ),
        (
            "refund.updated",
            refund(status="requires_action"),
            [("refund.pending", "re_1/requires_action", USD5, REFUND)],
        ),
        ("refund.failed", refund(status="failed"), [("refund.failed", "re_1/failed", USD5, REFUND)]),
        (
            "refund.updated",
            refund(status="canceled"),
            [("refund.canceled", "re_1/canceled", USD5, REFUND)],
        ),
        ("refund.updated", refund(status="something_new"), [observed("refund.updated", "re_1")]),
        (
            "refund.created",
            {k: v for k, v in refund(charge=charge(), payment_intent=None).items() if k != "status"},
            [("refund.succeeded", "re_1/succeeded", USD5, REFUND)],
        ),
        ("charge.dispute.created", dispute(), [("dispute.opened", "dp_1/opened", USD20, DISPUTE)]),
        (
            "charge.dispute.updated",
            dispute(status="under_review"),
            [("dispute.updated", "dp_1/updated/under_review", {}, DISPUTE)],
        ),
        (
            "charge.dispute.funds_withdrawn",
            dispute(
                balance_transactions=[
                    row(amount=-2000, fee=1500, net=-3500, type="adjustment", source="dp_1"),
                ]
            ),
            [
                ("dispute.funds_withdrawn", "dp_1/funds_withdrawn", USD20, DISPUTE),
                (
                    "settlement.recorded",
                    "txn_1/recorded",
                    {"gross": "-2000 USD", "fee": "1500 USD", "net": "-3500 USD"},
                    {"transaction": "txn_1", "category": "adjustment", "source": "dp_1"},
                ),
            ],
        ),
        (
            "charge.dispute.funds_reinstated",
            dispute(balance_transactions=None),
            [("dispute.funds_reinstated", "dp_1/funds_reinstated", USD20, DISPUTE)],
        ),
        ("charge.dispute.closed", dispute(status="won"), [("dispute.won", "dp_1/won", USD20, DISPUTE)]),
        ("charge.dispute.closed", dispute(status="lost"), [("dispute.lost", "dp_1/lost", USD20, DISPUTE)]),
        (
            "charge.dispute.closed",
            dispute(status="warning_closed", payment_intent=None, charge=charge()),
            [("dispute.closed", "dp_1/closed", USD20, DISPUTE)],
        ),
        ("payout.created", payout(status="pending"), [("payout.initiated", "po_1/initiated", USD11, PAYOUT)]),
        ("payout.updated", payout(status="in_transit"), [("payout.initiated", "po_1/initiated", USD11, PAYOUT)]),
        ("payout.paid", payout(), [("payout.paid", "po_1/paid", USD11, PAYOUT)]),
        ("payout.updated", payout(), [("payout.paid", "po_1/paid", USD11, PAYOUT)]),
        ("payout.reconciliation_completed", payout(), [("payout.paid", "po_1/paid", USD11, PAYOUT)]),
        ("payout.paid", payout(amount=-300), [("payout.paid", "po_1/paid", {"gross": "-300 USD"}, PAYOUT)]),
        ("payout.failed", payout(status="failed"), [("payout.failed", "po_1/failed", USD11, PAYOUT)]),
        ("payout.canceled", payout(status="canceled"), [("payout.canceled", "po_1/canceled", USD11, PAYOUT)]),
        ("customer.created", {"id": "cus_1", "object": "customer"}, [observed("customer.created", "cus_1")]),
        (
            "radar.early_fraud_warning.created",
            {"id": "issfr_1", "object": "radar.early_fraud_warning", "charge": "ch_1"},
            [observed("radar.early_fraud_warning.created", "issfr_1")],
        ),
        ("transfer.reversed", {"id": "tr_1", "object": "transfer"}, [observed("transfer.reversed", "tr_1")]),
        (
            "balance.available",
            {"object": "balance", "available": []},
            [("event.observed", "evt_1/balance.available/-/observed", {}, {})],
        ),
    ],
)
def test_event_becomes(event_type: str, owner: dict[str, Any], expected: list[Any]) -> None:
    assert told(event(event_type, owner)) == expected


def test_a_thin_event_is_observed_under_the_account_it_names() -> None:
    body = {
        "id": "evt_v2",
        "object": "v2.core.event",
        "type": "v2.core.account[requirements].updated",
        "created": "2026-11-20T10:00:00.123+01:00",
        "livemode": True,
        "context": "acct_9",
        "related_object": {"id": "acct_9", "type": "v2.core.account", "url": "/v2/core/accounts/acct_9"},
    }
    [fact] = facts(body)
    assert (fact.type, fact.account, fact.effective_at) == ("event.observed", "acct_9", "2026-11-20T09:00:00Z")
    assert fact.key == "stripe/acct_9/evt_v2/v2.core.account[requirements].updated/acct_9/observed"
    assert fact.links == {"object": "acct_9"}


def test_an_object_id_of_the_callers_own_making_is_digested() -> None:
    [fact] = facts(event("plan.created", {"id": "Jane's plan / gold" * 300, "object": "plan"}))
    assert fact.links["object"].startswith("sha256-")
    assert "Jane" not in fact.key


def test_the_envelope_travels() -> None:
    body = event("charge.succeeded", charge(metadata={"order": "6735", "n": 1, "nul": "a\0b"}), account="acct_2")
    [fact] = facts(body)
    assert (fact.source, fact.account, fact.delivery, fact.status) == ("stripe", "acct_2", "evt_1", "succeeded")
    assert fact.metadata == {"order": "6735", "n": "1", "nul": "a�b"}
    assert fact.attributes == {"event": "charge.succeeded", "livemode": "false"}
    assert fact.references == ("stripe/acct_2/pi_1", "stripe/acct_2/ch_1")


def test_an_unnamed_account_still_makes_a_key() -> None:
    [fact] = facts(event("charge.succeeded", charge()), Telling("stripe", ""))
    assert (fact.account, fact.key) == ("default", "stripe/default/pi_1/succeeded")


def test_what_asks_and_what_answers() -> None:
    references = {
        "refund.created": (refund(), ("stripe/acct_1/re_1",)),
        "charge.dispute.funds_withdrawn": (dispute(), ("stripe/acct_1/dp_1",)),
        "payout.paid": (payout(), ("stripe/acct_1/po_1",)),
    }
    for event_type, (owner, expected) in references.items():
        assert facts(event(event_type, owner))[0].references == expected
    assert facts(event("refund.failed", refund(status="failed")))[0].needs == "stripe/acct_1/re_1"
    assert facts(event("payout.failed", payout(status="failed")))[0].needs == "stripe/acct_1/po_1"


def test_when_it_counts() -> None:
    made, happened = "2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z"
    for event_type, owner, expected in (
        ("payment_intent.succeeded", intent(amount_received=2000), happened),
        ("charge.updated", charge(), made),  # a later telling must not move the payment to its own day
        ("refund.updated", refund(), made),
        ("refund.failed", refund(status="failed"), happened),
        ("charge.dispute.funds_withdrawn", dispute(), happened),
        ("payout.paid", payout(), made),
        ("payout.failed", payout(status="failed"), happened),
    ):
        assert facts(event(event_type, owner))[0].effective_at == expected, event_type


def test_no_personal_data_is_carried() -> None:
    secret = "Jane Doe"
    personal = {
        "billing_details": {"name": secret, "email": secret},
        "shipping": {"name": secret},
        "receipt_email": secret,
        "description": secret,
        "customer": secret,
    }
    for event_type, owner in (
        ("charge.succeeded", charge(**personal)),
        ("payment_intent.succeeded", intent(**personal)),
        ("charge.dispute.created", dispute(evidence={"customer_name": secret})),
        ("customer.updated", {"id": "cus_1", "object": "customer", "name": secret, "status": secret}),
    ):
        assert secret not in repr(facts(event(event_type, owner)))


# One payment's life as Stripe tells it, each event with another view of the same objects.
LIFE = [
    event("payment_intent.created", intent(), id="evt_a"),
    event("payment_intent.requires_action", intent(amount=2500, status="requires_action"), id="evt_b"),
    event("payment_intent.requires_action", intent(status="requires_action", latest_charge="ch_0"), id="evt_c"),
    event("charge.failed", charge(id="ch_0", paid=False, captured=False, status="failed"), id="evt_d"),
    event("payment_intent.payment_failed", intent(last_payment_error={"charge": "ch_0"}), id="evt_e"),
    event("payment_intent.processing", intent(status="processing", latest_charge="ch_0"), id="evt_f"),
    event("charge.pending", charge(paid=False, status="pending"), id="evt_g"),
    event("payment_intent.succeeded", intent(amount_received=2000, latest_charge="ch_1"), id="evt_h"),
    event("payment_intent.succeeded", intent(amount_received=2000), id="evt_i"),
    event("charge.succeeded", charge(), id="evt_j"),
    event("charge.updated", charge(), id="evt_k"),
    event("refund.created", refund(status="pending"), id="evt_l"),
    event("charge.refunded", charge(refunds={"data": [refund(payment_intent=None)]}), id="evt_m"),
    event("charge.refund.updated", refund(), id="evt_n"),
    event("refund.failed", refund(status="failed"), id="evt_o"),
]


def test_no_two_tellings_of_one_key_contradict_each_other() -> None:
    known = [fact for body in LIFE for fact in facts(body)]
    for first, second in itertools.combinations(known, 2):
        if first.key == second.key:
            assert differing_field(first, second) == "", first.key
    assert len({fact.key for fact in known if fact.type == "payment.succeeded"}) == 1
    assert len({fact.key for fact in known if fact.type == "payment.failed"}) == 1


@given(
    amount=st.integers(0, 10**12), captured=st.integers(0, 10**12), code=st.sampled_from(["usd", "jpy", "kwd", "MGA"])
)
def test_intent_and_charge_tell_one_money(amount: int, captured: int, code: str) -> None:
    sums = {"amount": amount, "currency": code}
    [first] = facts(event("payment_intent.succeeded", intent(amount_received=captured, latest_charge="ch_1", **sums)))
    [second] = facts(event("charge.captured", charge(amount_captured=captured, **sums), id="evt_2"))
    assert first.key == second.key
    assert differing_field(first, second) == differing_field(second, first) == ""
    assert first.references == second.references
