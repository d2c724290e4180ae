"""What Stripe tells, in any order and doubled, ends in the same books: clearing accounts return to zero."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Telling
from ledger.facts import Fact
from ledger.money import Money
from tests.unit.connectors.stripe_bodies import (
    AT_S,
    charge,
    dispute,
    event,
    facts,
    intent,
    page,
    payout,
    refund,
    row,
    transfer,
)
from tests.unit.ledger.builders import Desk

OLD = "2022-11-15"


def told(event_type: str, owner: dict[str, Any], **envelope: Any) -> list[Fact]:
    return facts(event(event_type, owner, id=f"evt_{event_type}_{owner.get('id', '')}", **envelope))


def settled(transaction: str, amount: int, fee: int, category: str, source: Any, **fields: Any) -> list[Fact]:
    fields = {"id": transaction, "amount": amount, "fee": fee, "net": amount - fee, "type": category, **fields}
    return facts(page(row(source=source, **fields)))


def listed(owner: dict[str, Any]) -> list[Fact]:
    return facts(owner, Telling("stripe", "acct_1", "", {"via": "poll", "stream": f"{owner['object']}s"}))


def bank(number: int, amount: int, currency: str = "USD") -> list[Fact]:
    line = Fact(
        type="bank.line.booked",
        key=f"camt053/DE1/line/{number}",
        source="camt053",
        account="DE1",
        effective_at="2023-11-16",
        amounts={"gross": Money.of(amount, currency)},
        attributes={"text": "STRIPE PAYOUT"},
    )
    return [line]


REFUND_OF_2013 = {"object": "refund", "amount": 500, "currency": "usd", "created": AT_S, "balance_transaction": "txn_7"}
PAID = [
    told("payment_intent.succeeded", intent(amount_received=2000, latest_charge="ch_1")),
    told("charge.succeeded", charge()),
    listed(charge()),
    settled("txn_1", 2000, 88, "charge", "ch_1"),
]
EUROS = {"amount": 1000, "amount_captured": 1000, "currency": "eur"}
IN_DOLLARS = {"exchange_rate": 1.1}
WITHDRAWN = row(id="txn_2", amount=-2000, fee=1500, net=-3500, type="adjustment", source="dp_1")
REINSTATED = row(id="txn_3", amount=2000, fee=-1500, net=3500, type="adjustment", source="dp_1")
OLD_DISPUTE = {name: value for name, value in dispute().items() if name not in ("id", "balance_transactions")}
PARTS = {"payment_method_details": {"type": "card", "card": {"multicapture": {"status": "available"}}}}
# Each story: what is told, and the balances at its end by currency and account; what is not named ends at zero.
STORIES: dict[str, tuple[list[list[Fact]], dict[str, int]]] = {
    "a payment paid out": (
        [
            *PAID,
            told("payout.created", payout(amount=1912, status="pending")),
            told("payout.paid", payout(amount=1912)),
            settled("txn_2", -1912, 0, "payout", "po_1"),
            bank(1, 1912),
        ],
        {"USD 7000": -2000, "USD 8000": 88, "USD 6000": 1912},
    ),
    "a payout that failed after it was paid and had arrived": (
        [
            *PAID,
            told("payout.paid", payout(amount=1912)),
            told("payout.failed", payout(amount=1912, status="failed")),
            listed(payout(amount=1912, status="failed")),
            settled("txn_2", -1912, 0, "payout", "po_1"),
            settled("txn_3", 1912, 0, "payout_failure", "po_1"),
            bank(1, 1912),
            bank(2, -1912),
        ],
        {"USD 7000": -2000, "USD 8000": 88, "USD 1000": 1912},
    ),
    "a refund of 2013, when refunds had no ids": (
        [
            *PAID,
            told("charge.refunded", charge(amount_refunded=500, refunds=[REFUND_OF_2013])),
            told(
                "charge.refunded", charge(id="ch_1", amount_refunded=500, refunds=[REFUND_OF_2013]), created=AT_S + 99
            ),
        ],
        {"USD 7000": -1500, "USD 8000": 88, "USD 1000": 1412},
    ),
    "a payment, fetched with its charge and its fee": (
        [
            listed(intent(status="succeeded", amount_received=2000, latest_charge=charge(balance_transaction=row()))),
            listed(charge(balance_transaction=row(source="ch_1"))),
            facts(page(row())),
            listed(refund(balance_transaction=row(id="txn_2", amount=-500, fee=0, net=-500, type="refund"))),
        ],
        {"USD 7000": -1500, "USD 8000": 88, "USD 1000": 1412},
    ),
    "a converted payment, fetched with its fee": (
        [
            listed(charge(currency="eur", balance_transaction=row(amount=2200, net=2112, exchange_rate=1.1))),
            facts(page(row(amount=2200, net=2112, exchange_rate=1.1, source=charge(currency="eur")))),
            facts(page(row(amount=2200, net=2112, exchange_rate=1.1))),
        ],
        {"EUR 7000": -2000, "EUR 9000": 2000, "USD 9000": -2200, "USD 8000": 88, "USD 1000": 2112},
    ),
    "a payout that was canceled": (
        [
            *PAID,
            told("payout.created", payout(amount=1912, status="pending")),
            told("payout.canceled", payout(amount=1912, status="canceled")),
            settled("txn_2", -1912, 0, "payout", "po_1"),
            settled("txn_3", 1912, 0, "payout_cancel", "po_1"),
        ],
        {"USD 7000": -2000, "USD 8000": 88, "USD 1000": 1912},
    ),
    "a payment in euros, settled in dollars with a fee in dollars, refunded in part, paid out": (
        [
            told("charge.succeeded", charge(**EUROS)),
            told("refund.created", refund(amount=400, currency="eur")),
            settled("txn_1", 1100, 62, "charge", charge(**EUROS), **IN_DOLLARS),
            settled("txn_2", -440, 0, "refund", refund(amount=400, currency="eur"), **IN_DOLLARS),
            told("payout.paid", payout(amount=598)),
            settled("txn_3", -598, 0, "payout", "po_1"),
            bank(1, 598),
        ],
        {"EUR 7000": -600, "EUR 9000": 600, "USD 9000": -660, "USD 8000": 62, "USD 6000": 598},
    ),
    "a conversion whose rows do not hold their source": (
        [
            told("charge.succeeded", charge(**EUROS)),
            settled("txn_1", 1100, 62, "charge", "ch_1", **IN_DOLLARS),
        ],
        {"EUR 7000": -1000, "EUR 9000": 1000, "USD 9000": -1100, "USD 8000": 62, "USD 1000": 1038},
    ),
    "a fee of the month in a currency of its own": (
        [*PAID, settled("txn_2", -300, 0, "stripe_fee", None, currency="eur")],
        {"USD 7000": -2000, "USD 8000": 88, "USD 1000": 1912, "EUR 1000": -300, "EUR 8000": 300},
    ),
    "held back and released": (
        [
            *PAID,
            settled("txn_2", -500, 0, "reserve_hold", "rsv_1", balance_type="payments"),
            settled("txn_3", 500, 0, "reserve_hold", "rsv_1", balance_type="risk_reserved"),
            settled("txn_4", 500, 0, "reserve_release", "rsv_2", balance_type="payments"),
            settled("txn_5", -500, 0, "reserve_release", "rsv_2", balance_type="risk_reserved"),
        ],
        {"USD 7000": -2000, "USD 8000": 88, "USD 1000": 1912},
    ),
    "held back, in the words of every version": (
        [
            *PAID,
            settled("txn_2", -500, 0, "reserve_transaction", "rsv_1"),
            settled("txn_3", -200, 0, "reserved_funds", None),
            settled("txn_4", 200, 0, "reserved_funds", None),
            settled("txn_5", -100, 0, "payment_network_reserve_hold", None),
            settled("txn_6", -50, 0, "payout_minimum_balance_hold", None),
        ],
        {"USD 7000": -2000, "USD 8000": 88, "USD 1000": 1262, "USD 1030": 650},
    ),
    "a transfer to a connected account, reversed in part": (
        [
            *PAID,
            told("transfer.created", transfer()),
            told(
                "transfer.reversed",
                transfer(reversals={"data": [{"id": "trr_1", "amount": 300, "currency": "usd", "created": AT_S}]}),
            ),
            listed(transfer()),
            settled("txn_2", -900, 0, "transfer", "tr_1"),
            settled("txn_3", 300, 0, "transfer_refund", "trr_1"),
        ],
        {"USD 7000": -1400, "USD 8000": 88, "USD 1000": 1312},
    ),
    "a top-up": (
        [settled("txn_1", 5000, 0, "topup", "tu_1"), bank(1, -5000)],
        {"USD 1000": 5000, "USD 6000": -5000},
    ),
    "a refund that failed": (
        [
            *PAID,
            told("refund.created", refund()),
            told("refund.failed", refund(status="failed")),
            settled("txn_2", -500, 0, "refund", "re_1"),
            settled("txn_3", 500, 0, "refund_failure", "re_1"),
        ],
        {"USD 7000": -2000, "USD 8000": 88, "USD 1000": 1912},
    ),
    "an authorization released, told as a refund by an old version": (
        [
            told("charge.succeeded", charge(captured=False, amount_captured=0), api_version=OLD),
            told("refund.created", refund(amount=2000, balance_transaction=None), api_version=OLD),
            told("charge.refund.updated", refund(amount=2000, balance_transaction=None), api_version=OLD),
            told(
                "charge.refunded",
                charge(captured=False, amount_captured=0, refunded=True, refunds={"data": [refund(amount=2000)]}),
                api_version=OLD,
            ),
            told("payment_intent.canceled", intent(status="canceled"), api_version=OLD),
        ],
        {},
    ),
    "a refund whose charge is expanded and was never captured": (
        [told("refund.created", refund(amount=2000, charge=charge(captured=False, amount_captured=0)))],
        {},
    ),
    "captured in part, the rest released as a refund inside its charge": (
        [
            told(
                "refund.created",
                refund(
                    balance_transaction="txn_2",
                    charge=charge(amount_captured=1500, refunds={"data": [refund(balance_transaction="txn_2")]}),
                ),
                api_version=OLD,
            ),
            told("payment_intent.succeeded", intent(amount_received=1500, latest_charge="ch_1"), api_version=OLD),
        ],
        {"USD 7000": -1500, "USD 1000": 1500},
    ),
    "captured in several parts": (
        [
            told("charge.succeeded", charge(captured=False, amount_captured=0, **PARTS)),
            told("charge.captured", charge(amount_captured=500, **PARTS)),
            told("charge.captured", charge(amount_captured=1200, **PARTS)),
            told("charge.updated", charge(amount_captured=1200, **PARTS)),
            listed(charge(amount_captured=1200, **PARTS)),
            told("payment_intent.amount_capturable_updated", intent(status="requires_capture", amount_capturable=800)),
            told("payment_intent.succeeded", intent(amount_received=1200, latest_charge="ch_1")),
            settled("txn_1", 500, 20, "charge", "ch_1"),
            settled("txn_2", 700, 25, "charge", "ch_1"),
        ],
        {"USD 7000": -1200, "USD 8000": 45, "USD 1000": 1155},
    ),
    "captured in several parts, to the last": (
        [
            told("charge.captured", charge(amount_captured=500, **PARTS)),
            told("charge.captured", charge(amount_captured=2000, **PARTS)),
            told("payment_intent.succeeded", intent(amount_received=2000, latest_charge="ch_1")),
        ],
        {"USD 7000": -2000, "USD 1000": 2000},
    ),
    "a dispute lost": (
        [
            *PAID,
            told("charge.dispute.created", dispute()),
            told("charge.dispute.funds_withdrawn", dispute(balance_transactions=[WITHDRAWN])),
            told("charge.dispute.closed", dispute(status="lost", balance_transactions=[WITHDRAWN])),
            facts(page(WITHDRAWN)),
        ],
        {"USD 7000": -2000, "USD 8000": 1588, "USD 8100": 2000, "USD 1000": -1588},
    ),
    "a dispute of 2013, when disputes had no ids": (
        [
            *PAID,
            told("charge.dispute.created", OLD_DISPUTE),
            told("charge.dispute.funds_withdrawn", OLD_DISPUTE),
            told("charge.dispute.closed", {**OLD_DISPUTE, "status": "lost"}),
        ],
        {"USD 7000": -2000, "USD 8000": 88, "USD 8100": 2000, "USD 1000": -88},
    ),
    "a dispute lost, of which only the list tells": (
        [*PAID, listed(dispute(status="lost", balance_transactions=[WITHDRAWN]))],
        {"USD 7000": -2000, "USD 8000": 1588, "USD 8100": 2000, "USD 1000": -1588},
    ),
    "a dispute won, of which only the list tells": (
        [*PAID, listed(dispute(status="won", balance_transactions=[WITHDRAWN, REINSTATED]))],
        {"USD 7000": -2000, "USD 8000": 88, "USD 1000": 1912},
    ),
}


def balances(told_facts: Sequence[Fact]) -> dict[str, int]:
    desk = Desk()
    for fact in told_facts:
        assert not desk.tell(fact).refusals, fact
    return {
        f"{currency} {account}": debits - credits
        for (account, currency), (debits, credits) in desk.book.balances.items()
        if debits != credits
    }


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_books_are_the_same_in_any_order(name: str, data: st.DataObject) -> None:
    tellings, ending = STORIES[name]
    again = data.draw(st.lists(st.sampled_from(tellings), max_size=3))
    doubled = [[msgspec.structs.replace(fact, delivery=f"{fact.delivery}_again") for fact in told] for told in again]
    order = data.draw(st.permutations([*tellings, *doubled]))
    assert balances([fact for each in order for fact in each]) == ending


@pytest.mark.parametrize(
    ("fields", "version", "fact_type"),
    [
        ({"balance_transaction": None}, OLD, "event.observed"),
        ({"balance_transaction": None}, "2025-03-30.acacia", "event.observed"),
        ({"balance_transaction": None}, "2025-03-31.basil", "refund.succeeded"),
        ({"balance_transaction": None}, None, "refund.succeeded"),
        ({"balance_transaction": None, "status": "pending"}, OLD, "refund.pending"),
        ({"balance_transaction": "txn_1"}, OLD, "refund.succeeded"),
        ({}, OLD, "refund.succeeded"),
        ({"charge": charge(captured=False)}, None, "event.observed"),
        ({"charge": charge()}, OLD, "refund.succeeded"),
        ({"charge": charge(refunds={"data": [refund()]})}, OLD, "refund.succeeded"),
        ({"charge": charge(amount_captured=1500, refunds={"data": [refund()]})}, OLD, "event.observed"),
        ({"charge": charge(amount_captured=1500, refunds={"data": [refund(id="re_0")]})}, OLD, "refund.succeeded"),
    ],
)
def test_what_a_refund_says_of_being_a_release(fields: dict[str, Any], version: str | None, fact_type: str) -> None:
    for event_type in ("refund.created", "charge.refund.updated"):
        assert [fact.type for fact in facts(event(event_type, refund(**fields), api_version=version))] == [fact_type]


@pytest.mark.parametrize(
    ("details", "fact_type"),
    [
        ({"card": {"multicapture": {"status": "available"}}}, "event.observed"),
        ({"card_present": {"multicapture": {"status": "available"}}}, "event.observed"),
        ({"card": {"multicapture": {"status": "unavailable"}}}, "payment.succeeded"),
        ({"card": {"multicapture": None}}, "payment.succeeded"),
        ({"card": []}, "payment.succeeded"),
        (None, "payment.succeeded"),
    ],
)
def test_a_charge_that_may_be_captured_again_says_no_last_word(details: Any, fact_type: str) -> None:
    body = event("charge.captured", charge(amount_captured=500, payment_method_details=details))
    assert [fact.type for fact in facts(body)] == [fact_type]


@pytest.mark.parametrize(
    ("event_type", "status", "fact_type"),
    [
        ("transfer.created", "pending", "payout.initiated"),
        ("transfer.updated", "in_transit", "payout.initiated"),
        ("transfer.paid", "paid", "payout.paid"),
        ("transfer.failed", "failed", "payout.failed"),
        ("payout.failed", "failed", "payout.failed"),
        ("transfer.updated", "canceled", "payout.canceled"),
        ("transfer.updated", "reversed", "event.observed"),
    ],
)
def test_a_transfer_of_the_old_kind_is_a_payout(event_type: str, status: str, fact_type: str) -> None:
    for destination in ({}, {"destination": None}, {"destination": "ba_1", "type": "bank_account"}):
        old = {"id": "tr_1", "object": "transfer", "amount": 67, "currency": "usd", "status": status, **destination}
        [fact] = facts(event(event_type, old))
        assert fact.type == fact_type
        assert fact.amounts == ({} if fact_type == "event.observed" else {"gross": Money.of(67, "USD")})


def test_a_transfer_to_an_account_is_one_whether_it_has_a_status_or_not() -> None:
    for old in ({}, {"status": "paid", "type": "stripe_account"}):
        [made] = facts(event("transfer.created", transfer(**old)))
        assert (made.type, made.links) == ("transfer.succeeded", {"transfer": "tr_1", "source": "ch_1"})
    failed = facts(event("transfer.failed", transfer(status="failed")))
    assert [fact.type for fact in failed] == ["event.observed"]


def test_what_a_transfer_names() -> None:
    [made] = facts(event("transfer.created", transfer()))
    assert (made.type, made.links) == ("transfer.succeeded", {"transfer": "tr_1", "source": "ch_1"})
    assert made.attributes["destination"] == "acct_2"


def test_a_dispute_without_an_id_leaves_the_name_of_its_charge_to_the_payment() -> None:
    [fact] = facts(event("charge.dispute.funds_withdrawn", OLD_DISPUTE))
    assert (fact.key, fact.references) == ("stripe/acct_1/ch_1/funds_withdrawn", ())
