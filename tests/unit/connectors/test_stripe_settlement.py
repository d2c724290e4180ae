"""Balance transactions: pages, payouts they belong to, conversions; and list pages of other objects."""

from typing import Any

import pytest

from connectors import Telling, TranslationError
from tests.unit.connectors.stripe_bodies import (
    TELLING,
    charge,
    event,
    facts,
    intent,
    page,
    payout,
    refund,
    row,
    told,
)

PAYOUT_ROW = row(id="txn_9", amount=-1912, fee=0, net=-1912, type="payout", source="po_1")


def test_a_row_is_settled() -> None:
    [fact] = facts(page(row()))
    assert (fact.type, fact.key, fact.needs) == ("settlement.recorded", "stripe/acct_1/txn_1/recorded", "")
    assert {name: money.amount for name, money in fact.amounts.items()} == {"gross": "2000", "fee": "88", "net": "1912"}
    assert fact.links == {"transaction": "txn_1", "category": "charge", "source": "ch_1"}
    assert fact.attributes == {
        "available_on": "2023-11-15",
        "reporting_category": "charge",
        "settlement_currency": "USD",
    }
    assert (fact.status, fact.delivery, fact.effective_at) == ("available", "digest_1", "2023-11-14T22:13:20Z")


@pytest.mark.parametrize(
    ("context", "rows", "payout_id"),
    [
        ({"payout": "po_7"}, [row()], "po_7"),
        ({"payout": "po_7"}, [row(), PAYOUT_ROW], "po_7"),
        ({}, [row(), PAYOUT_ROW], "po_1"),
        ({}, [row(), {**PAYOUT_ROW, "source": payout()}], "po_1"),
        ({}, [row()], None),
        ({}, [PAYOUT_ROW, {**PAYOUT_ROW, "id": "txn_8", "source": "po_2"}], None),
    ],
)
def test_the_payout_of_a_page(context: dict[str, str], rows: list[dict[str, Any]], payout_id: str | None) -> None:
    telling = Telling("stripe", "acct_1", "digest_1", context)
    assert {fact.links.get("payout") for fact in facts(page(*rows), telling)} == {payout_id}


@pytest.mark.parametrize(
    ("fields", "source", "needs"),
    [
        ({"exchange_rate": 1.1, "currency": "eur"}, None, "stripe/acct_1/ch_1"),
        ({"exchange_rate": 1.1, "source": "re_1", "amount": -2000, "fee": 0, "net": -2000}, None, "stripe/acct_1/re_1"),
        ({"exchange_rate": None, "currency": "eur"}, None, ""),
        # nothing tells a fact about a transfer: waiting for one would last for ever
        ({"exchange_rate": 1.1, "source": "tr_1"}, None, ""),
        ({"exchange_rate": 1.1, "source": None}, None, ""),
        ({"exchange_rate": 1.1, "currency": "eur", "source": charge(amount_captured=1500)}, "1500 USD", ""),
        (
            {"exchange_rate": 150, "currency": "jpy", "amount": -2000, "fee": 0, "net": -2000, "source": refund()},
            "-500 USD",
            "",
        ),
        ({"exchange_rate": None, "source": charge()}, None, ""),
    ],
)
def test_a_conversion(fields: dict[str, Any], source: str | None, needs: str) -> None:
    [fact] = facts(page(row(**fields)))
    money = fact.amounts.get("source")
    assert (money and f"{money.amount} {money.currency}") == source
    assert fact.needs == needs


def test_the_rate_is_plain_text() -> None:
    [fact] = facts(page(row(exchange_rate=0.00001085)))
    assert fact.attributes["exchange_rate"] == "0.00001085"


def test_fee_or_net_may_be_missing_but_they_must_add_up() -> None:
    for missing in ("fee", "net"):
        [fact] = facts(page(row(**{missing: None})))
        assert fact.amounts["fee"].amount == "88"
    for fields, code in (({"fee": None, "net": None}, "field_missing"), ({"net": 1913}, "net_does_not_add_up")):
        with pytest.raises(TranslationError) as refused:
            facts(page(row(**fields)))
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("code", "amount", "expected"),
    [
        ("usd", 1250, "1250 USD"),
        ("jpy", 1250, "1250 JPY"),
        ("kwd", 1250, "1250 KWD"),
        ("mga", 1250, "125000 MGA"),  # whole ariary at Stripe, hundredths in ISO 4217
        ("isk", 1200, "12 ISK"),  # hundredths at Stripe, whole krónur in ISO 4217
        ("ugx", -1200, "-12 UGX"),
        ("huf", 1250, "1250 HUF"),
        ("usd", 2**64 + 1, f"{2**64 + 1} USD"),
    ],
)
def test_minor_units(code: str, amount: int, expected: str) -> None:
    [fact] = facts(page(row(currency=code, amount=amount, fee=0, net=amount)))
    assert f"{fact.amounts['gross'].amount} {fact.amounts['gross'].currency}" == expected


@pytest.mark.parametrize(
    ("rows", "types"),
    [
        ([], []),
        ([charge(), charge(id="ch_2", payment_intent="pi_2", status="failed", paid=False)],
         ["payment.succeeded", "payment.failed"]),
        ([charge(captured=False, paid=True)], ["payment.authorized"]),
        ([charge(captured=False, refunded=True)], []),
        ([charge(refunds={"data": [refund()]})], ["payment.succeeded", "refund.succeeded"]),
        ([refund(), refund(id="re_2", status="pending")], ["refund.succeeded", "refund.pending"]),
        ([payout(), payout(id="po_2", status="in_transit")], ["payout.paid", "payout.initiated"]),
        ([intent(status="succeeded", amount_received=2000), intent(id="pi_2")],
         ["payment.succeeded", "payment.initiated"]),
        ([intent(status="requires_capture", amount_capturable=2000), refund()],
         ["payment.authorized", "refund.succeeded"]),
        ([event("charge.succeeded", charge(), account="acct_2"), event("a.b", {})],
         ["payment.succeeded", "event.observed"]),
    ],
)  # fmt: skip
def test_pages_of_other_objects(rows: list[dict[str, Any]], types: list[str]) -> None:
    assert [fact.type for fact in facts(page(*rows))] == types


def test_a_charge_on_a_page_and_in_an_event_tell_the_same() -> None:
    assert told(page(charge())) == told(event("charge.succeeded", charge()))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (page({"object": "customer", "id": "cus_1"}), "unsupported_list"),
        (page(row(), charge()), "unsupported_list"),
        (page({"id": "x"}), "unsupported_list"),
        (page({"object": ["balance_transaction"]}), "unsupported_list"),
        ({"object": "list"}, "field_missing"),
        ({"object": "list", "data": [1]}, "field_missing"),
        (page(row(fee=0.5)), "amount_malformed"),
        (page(row(amount=None)), "field_missing"),
        (page(row(id=None)), "field_missing"),
    ],
)
def test_pages_that_are_refused(body: dict[str, Any], code: str) -> None:
    with pytest.raises(TranslationError) as refused:
        facts(body)
    assert refused.value.code == code


def test_a_payout_in_the_context_must_be_an_id() -> None:
    with pytest.raises(TranslationError):
        facts(page(row()), Telling(TELLING.source, TELLING.account, "", {"payout": "po 1"}))
