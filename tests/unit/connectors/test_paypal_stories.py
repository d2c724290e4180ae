"""Stories of PayPal's, told by webhooks, the report and the bank, in any order and twice: one end for each.

Balances are of debits less credits in minor units. Whatever PayPal holds for us is zero once everything has come.
"""

import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import CONNECTORS, Telling
from ledger.events import EntryPosted, FactRefused
from ledger.facts import Fact
from ledger.money import Money
from ledger.rules import load_rules
from tests.unit.connectors import paypal_bodies as bodies
from tests.unit.connectors.paypal_bodies import event, link, money, row
from tests.unit.ledger.builders import Desk

Balances = dict[str, int]

HELD = ("1300", "1310", "1320", "1330", "1340")


def txn(code: str, value: str, row_id: str, of: str = "", fee: str = "", currency: str = "USD", **more: Any) -> Any:
    reference = {"paypal_reference_id": of, "paypal_reference_id_type": "TXN"} if of else {}
    return row(code, value, fee, currency, transaction_id=row_id, **reference, **more)


def bank(minor: int, currency: str = "USD", line: str = "1") -> Fact:
    return Fact(
        type="bank.line.booked",
        key=f"camt053/DE1/line/{line}/booked",
        source="camt053",
        account="DE1",
        effective_at="2023-11-20",
        amounts={"gross": Money(str(minor), currency)},
        attributes={"text": "PAYPAL TRANSFER 1234"},
    )


@dataclass(frozen=True)
class Story:
    """What is told, and what the books say at the end, by account and currency; nothing else may be left."""

    told: list[Any]
    end: Balances


PAID = [event("PAYMENT.CAPTURE.COMPLETED", bodies.capture()), row(), bodies.order(bodies.capture())]
WITHDRAWAL = [txn("T0400", "-19.12", "WD1"), txn("T0400", "-19.12", "WD1", transaction_status="P"), bank(1912)]


def converted() -> Any:
    made = bodies.capture("100.00", "4.00", "EUR", id="CAP2")
    made["seller_receivable_breakdown"] |= {
        "receivable_amount": money("103.68"),
        "exchange_rate": {"source_currency": "EUR", "target_currency": "USD", "value": "1.08"},
    }
    return made


def reversal(value: str = "20.00") -> Any:
    links = [link("self", "/v2/payments/refunds/REV1"), link("up", "/v2/payments/captures/CAP1")]
    return event("PAYMENT.CAPTURE.REVERSED", bodies.refund(value, "0.00", id="REV1", links=links))


def lost(**more: Any) -> list[Any]:
    outcome = {"outcome_code": "RESOLVED_BUYER_FAVOUR", **more}
    ended = bodies.dispute(status="RESOLVED", dispute_outcome=outcome)
    return [
        event("CUSTOMER.DISPUTE.CREATED", bodies.dispute(status="OPEN")),
        event("CUSTOMER.DISPUTE.UPDATED", bodies.dispute()),
        event("CUSTOMER.DISPUTE.RESOLVED", ended),
        ended,
    ]


STORIES = {
    "paid and withdrawn": Story(
        [*PAID, *WITHDRAWAL, event("CHECKOUT.ORDER.APPROVED", bodies.order())],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "authorized, then captured": Story(
        [event("PAYMENT.AUTHORIZATION.CREATED", bodies.authorization()), *PAID, *WITHDRAWAL],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "pending, then paid": Story(
        [
            event("PAYMENT.CAPTURE.PENDING", bodies.capture(status="PENDING")),
            row(transaction_status="P"),
            *PAID,
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "denied": Story(
        [event("PAYMENT.CAPTURE.DENIED", bodies.capture(status="DECLINED")), row(transaction_status="D")], {}
    ),
    "refunded in part, twice": Story(
        [
            *PAID,
            event("PAYMENT.CAPTURE.REFUNDED", bodies.refund()),
            txn("T1107", "-5.00", "REF1", "CAP1", "0.15"),
            txn("T1107", "-3.00", "REF2", "CAP1"),
            txn("T0400", "-11.27", "WD1"),
            bank(1127),
        ],
        {"6000 USD": 1127, "7000 USD": -1200, "8000 USD": 73},
    ),
    "a refund that failed": Story(
        [
            *PAID,
            event("PAYMENT.CAPTURE.REFUNDED", bodies.refund(fee="0.00")),
            event("PAYMENT.REFUND.FAILED", bodies.refund(fee="0.00", status="FAILED")),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a refund that was cancelled": Story(
        [
            *PAID,
            event("PAYMENT.REFUND.PENDING", bodies.refund(fee="0.00", status="PENDING")),
            event("PAYMENT.CAPTURE.REFUNDED", bodies.refund(fee="0.00")),
            event("PAYMENT.REFUND.CANCELLED", bodies.refund(fee="0.00", status="CANCELLED")),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a dispute won, its funds held and given back": Story(
        [
            *PAID,
            event("CUSTOMER.DISPUTE.CREATED", bodies.dispute(status="OPEN")),
            txn("T1110", "-20.00", "HLD1", "CAP1"),
            txn("T1111", "20.00", "HLD2", "CAP1"),
            bodies.dispute(status="RESOLVED", dispute_outcome={"outcome_code": "RESOLVED_SELLER_FAVOUR"}),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a dispute lost": Story(
        [
            *PAID,
            *lost(),
            txn("T1110", "-20.00", "HLD1", "CAP1"),
            txn("T1111", "20.00", "HLD2", "CAP1"),
            reversal(),
            txn("T1106", "-20.00", "REV1", "CAP1"),
            txn("T0300", "0.88", "DEP1"),
            bank(-88),
        ],
        # The customer did pay and is owed nothing less; the loss is ours.
        {"6000 USD": -88, "7000 USD": -2000, "8000 USD": 88, "8100 USD": 2000},
    ),
    "a chargeback with its fee, reversed": Story(
        [
            *PAID,
            txn("T1201", "-20.00", "CHB1", "CAP1"),
            txn("T0106", "-15.00", "FEE1", "CAP1"),
            txn("T1202", "20.00", "CHB2", "CAP1"),
            txn("T1108", "15.00", "FEE2", "FEE1"),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "PayPal took a payment back": Story(
        [*PAID, reversal(), txn("T1106", "-20.00", "REV1", "CAP1"), txn("T0300", "0.88", "DEP1"), bank(-88)],
        {"6000 USD": -88, "8000 USD": 88},
    ),
    "another currency, converted": Story(
        [
            event("PAYMENT.CAPTURE.COMPLETED", converted()),
            txn("T0006", "100.00", "CAP2", fee="-4.00", currency="EUR"),
            txn("T0200", "-96.00", "CNV1", "CAP2", currency="EUR"),
            txn("T0200", "103.68", "CNV2", "CAP2"),
            txn("T0400", "-103.68", "WD1"),
            bank(10368),
        ],
        {"6000 USD": 10368, "7000 EUR": -10000, "8000 EUR": 400, "9000 EUR": 9600, "9000 USD": -10368},
    ),
    "a fee for a platform": Story(
        [*PAID, txn("T0113", "-2.00", "PLT1", "CAP1"), txn("T0400", "-17.12", "WD1"), bank(1712)],
        {"6000 USD": 1712, "7000 USD": -2000, "8000 USD": 288},
    ),
    "a reserve, held and released": Story(
        [
            *PAID,
            txn("T2103", "-4.00", "RSV1"),
            txn("T2104", "4.00", "RSV2"),
            txn("T1503", "-3.00", "HLD1", transaction_status="P"),
            txn("T1503", "-3.00", "HLD1", transaction_status="D"),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a withdrawal that the bank returned, then one that arrived": Story(
        [
            *PAID,
            txn("T0400", "-19.12", "WD1"),
            txn("T1101", "19.12", "WD2", "WD1"),
            txn("T0400", "-19.12", "WD3"),
            bank(1912),
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a withdrawal that was denied": Story(
        [
            *PAID,
            txn("T0400", "-19.12", "WD1", transaction_status="P"),
            txn("T0400", "-19.12", "WD1", transaction_status="D"),
            txn("T0400", "-19.12", "WD3"),
            bank(1912),
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a transfer that arrived": Story(
        [
            *PAID,
            txn("T1503", "-10.25", "THL1"),
            txn("T1105", "10.25", "THL2", "THL1"),
            event("PAYMENT.PAYOUTSBATCH.SUCCESS", bodies.batch()),
            event("PAYMENT.PAYOUTS-ITEM.SUCCEEDED", bodies.item()),
            event("PAYMENT.PAYOUTS-ITEM.UNCLAIMED", bodies.item("UNCLAIMED")),
            txn("T0001", "-10.00", "TXN1", fee="-0.25"),
            txn("T0400", "-8.87", "WD1"),
            bank(887),
        ],
        {"6000 USD": 887, "7000 USD": -1000, "8000 USD": 113},
    ),
    "a transfer that nobody claimed": Story(
        [
            *PAID,
            event("PAYMENT.PAYOUTS-ITEM.UNCLAIMED", bodies.item("UNCLAIMED")),
            event("PAYMENT.PAYOUTS-ITEM.RETURNED", bodies.item("RETURNED")),
            txn("T0001", "-10.00", "TXN1", fee="-0.25", transaction_status="P"),
            txn("T1115", "10.00", "TXN2", "TXN1"),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a transfer that arrived and came back": Story(
        [
            *PAID,
            event("PAYMENT.PAYOUTS-ITEM.SUCCEEDED", bodies.item()),
            event("PAYMENT.PAYOUTS-ITEM.REVERSED", bodies.item("REVERSED")),
            txn("T0001", "-10.00", "TXN1", fee="-0.25"),
            txn("T1114", "10.00", "TXN2", "TXN1", fee="0.25"),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "a transfer that failed": Story(
        [
            event("PAYMENT.PAYOUTS-ITEM.FAILED", bodies.item("FAILED")),
            txn("T0001", "-10.00", "TXN1", transaction_status="D"),
        ],
        {},
    ),
    "transfers that failed after they had left or arrived": Story(
        [
            *PAID,
            txn("T0001", "-10.00", "TXN1", transaction_status="P"),
            txn("T0001", "-10.00", "TXN1", transaction_status="D"),
            event("PAYMENT.PAYOUTS-ITEM.FAILED", bodies.item("FAILED")),
            event("PAYMENT.PAYOUTS-ITEM.UNCLAIMED", bodies.item("UNCLAIMED", transaction_id="TXN3")),
            event("PAYMENT.PAYOUTS-ITEM.CANCELED", bodies.item("CANCELED", transaction_id="TXN3")),
            txn("T0001", "-10.00", "TXN3", transaction_status="P"),
            txn("T1115", "10.00", "TXN4", "TXN3"),
            txn("T0001", "-7.00", "TXN5"),
            txn("T0001", "-7.00", "TXN5", transaction_status="D"),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "refunded in part, as rows of the report say it": Story(
        [
            txn("T0006", "20.00", "CAP1", fee="-0.88", transaction_status="F"),
            txn("T1107", "-5.00", "REF1", "CAP1", "0.15"),
            txn("T0400", "-14.27", "WD1"),
            bank(1427),
        ],
        {"6000 USD": 1427, "7000 USD": -1500, "8000 USD": 73},
    ),
    "a dispute lost in part": Story(
        [
            *PAID,
            *lost(amount_refunded=money("5.00")),
            txn("T1106", "-5.00", "REV1", "CAP1"),
            txn("T0400", "-14.12", "WD1"),
            bank(1412),
        ],
        {"6000 USD": 1412, "7000 USD": -2000, "8000 USD": 88, "8100 USD": 500},
    ),
    "a sale of version 1, refunded": Story(
        [
            event("PAYMENT.SALE.COMPLETED", bodies.sale(), resource_version="1.0"),
            txn("T0002", "20.00", "SALE1", fee="-0.88"),
            event(
                "PAYMENT.SALE.REFUNDED",
                {
                    "id": "REF3",
                    "state": "completed",
                    "amount": bodies.old_money("-20.00"),
                    "sale_id": "SALE1",
                    "refund_from_transaction_fee": {"value": "0.58", "currency": "USD"},
                    "create_time": bodies.AT,
                },
            ),
            txn("T1107", "-20.00", "REF3", "SALE1", "0.58"),
            txn("T0300", "0.30", "DEP1"),
            bank(-30),
        ],
        {"6000 USD": -30, "8000 USD": 30},
    ),
    "something bought, and the money back": Story(
        [
            *PAID,
            txn("T0003", "-7.00", "BUY1", fee=""),
            txn("T1107", "7.00", "BUY2", "BUY1"),
            txn("T1501", "-1.00", "HLD1", transaction_status="P"),
            txn("T1501", "-1.00", "HLD1"),
            txn("T1105", "1.00", "HLD2", "HLD1"),
            *WITHDRAWAL,
        ],
        {"6000 USD": 1912, "7000 USD": -2000, "8000 USD": 88},
    ),
    "what no rule explains": Story(
        [txn("T1900", "3.00", "ADJ1"), txn("T0400", "-3.00", "WD1"), bank(300)], {"6000 USD": 300, "9900 USD": -300}
    ),
}


def tell(told: list[Any]) -> Balances:
    desk = Desk()
    for each in told:
        if isinstance(each, Fact):
            desk.tell(each)
            continue
        raw = json.dumps(each).encode()
        desk.tell(*CONNECTORS["paypal"].translate(raw, Telling("paypal", "acct_1", "digest")))
    return balances(desk)


def balances(desk: Desk) -> Balances:
    sums: Counter[str] = Counter()
    for recorded in desk.events:
        posted = recorded.event()
        assert not isinstance(posted, FactRefused), posted
        for line in posted.lines if isinstance(posted, EntryPosted) else ():
            sums[f"{line.account} {line.currency}"] += int(line.amount) * (1 if line.side == "debit" else -1)
    return {account: amount for account, amount in sorted(sums.items()) if amount}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_as_an_accountant_would_have_it(name: str) -> None:
    story = STORIES[name]
    assert tell(story.told) == story.end
    assert not any(account.startswith(HELD) for account in story.end)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(STORIES)), st.randoms(use_true_random=False))
def test_no_order_and_no_repeat_changes_the_end(name: str, rng: random.Random) -> None:
    story = STORIES[name]
    told = story.told + rng.choices(story.told, k=len(story.told))
    rng.shuffle(told)
    assert tell(told) == story.end


@pytest.mark.parametrize("name", [name for name in STORIES if not name.startswith("a refund that")])
def test_the_report_and_the_bank_are_enough(name: str) -> None:
    """Webhooks and fetched objects may all be lost: rows tell the same money, only not who bears a lost dispute."""
    story = STORIES[name]
    rows = [each for each in story.told if isinstance(each, Fact) or "transaction_info" in each]
    end = tell(rows)
    borne = {"a dispute lost": 2000, "a dispute lost in part": 500}.get(name, 0)
    unknown = {"7000 USD": story.end.get("7000 USD", 0) + borne, "8100 USD": 0} if borne else {}
    assert end == {account: amount for account, amount in {**story.end, **unknown}.items() if amount}


def test_every_rule_of_paypals_is_shown() -> None:
    used = set()
    for story in STORIES.values():
        desk = Desk()
        for each in story.told:
            facts = (
                [each]
                if isinstance(each, Fact)
                else CONNECTORS["paypal"].translate(json.dumps(each).encode(), Telling("paypal", "acct_1", "digest"))
            )
            desk.tell(*facts)
        posted = [recorded.event() for recorded in desk.events]
        used |= {each.rule.partition("@")[0] for each in posted if isinstance(each, EntryPosted)}
    own = {rule["name"] for rule in load_rules().document["rules"] if rule["name"].startswith("paypal.")}
    assert own == used - {"bank.unexplained"}
