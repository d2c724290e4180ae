"""What Paystack tells ends in the same books in any order, told once or often, by webhook and by row.

Each story is all that is told of some money; its balances are those that an accountant would write down, and what the
gateway holds, owes us or has under way is zero when everything has come.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Telling
from ledger.events import EntryPosted, FactRefused
from ledger.facts import Fact
from ledger.money import Money
from tests.unit.connectors import paystack_bodies as b
from tests.unit.ledger.builders import Desk

Told = tuple[Any, Telling]


def hook(name: str, data: dict[str, Any]) -> Told:
    return b.event(name, data), b.TELLING


def row(stream: str, data: dict[str, Any], **context: str) -> Told:
    return data, b.telling(stream, **context)


def refund_row(number: int, **more: Any) -> Told:
    """As it is read among the refunds of the first payment; `number` is also which of its sum it is."""
    return row("payment_refunds", b.refund(number, **more), payment="order-1", number=str(number))


def bank_line(amount: int, name: str) -> Fact:
    return Fact(
        type="bank.line.booked",
        key=f"camt053/bank/{name}/booked",
        source="camt053",
        account="bank",
        effective_at="2026-01-07",
        amounts={"gross": Money.of(amount, "NGN")},
        attributes={"text": "NIP/Paystack Payments/settlement"},
    )


PAID = [hook("charge.success", b.transaction()), row("transactions", b.transaction())]
IN_A_SETTLEMENT = row("settlement_transactions", b.transaction(), settlement="1")
LOST = b.dispute(20, status="resolved", resolution="merchant-accepted")


def split(bearer: str, ours: int, others: int) -> list[Told]:
    parts = {"paystack": 250, "integration": ours, "subaccount": others, "params": {"bearer": bearer}}
    body = b.transaction(fees_split=parts, subaccount={"subaccount_code": "ACCT_1"})
    return [hook("charge.success", {**body, "fees_split": None}), row("payment", body)]


STORIES: dict[str, tuple[list[Told | Fact], dict[str, int]]] = {
    "two refunds of one sum, settled": (
        [
            *PAID,
            IN_A_SETTLEMENT,
            (b.refund_told("pending"), b.TELLING),
            (b.refund_told("processed"), b.TELLING),
            (b.refund_told("processed", refund_reference="77"), b.TELLING),
            refund_row(1, status="pending"),
            refund_row(1),
            refund_row(2),
            row("settlements", b.settlement(status="pending", effective_amount=9750)),
            row("settlements", b.settlement(effective_amount=5750)),
            bank_line(5750, "1"),
        ],
        {"6000": 5750, "7000": -6000, "8000": 250},
    ),
    "a refund that failed and was tried again": (
        [
            *PAID,
            (b.refund_told("failed"), b.TELLING),
            (b.refund_told("processed"), b.TELLING),
            refund_row(1, status="failed"),
            refund_row(2),
        ],
        {"1100": 7750, "7000": -8000, "8000": 250},
    ),
    "a refund that went through and one that failed": (
        [
            *PAID,
            (b.refund_told("failed"), b.TELLING),
            (b.refund_told("processed"), b.TELLING),
            refund_row(1),
            refund_row(2, status="failed"),
        ],
        {"1100": 7750, "7000": -8000, "8000": 250},
    ),
    "a refund that failed after it was processed": (
        [
            *PAID,
            (b.refund_told("processed"), b.TELLING),
            (b.refund_told("failed"), b.TELLING),
            refund_row(1),
            refund_row(1, status="failed"),
        ],
        {"1100": 9750, "7000": -10000, "8000": 250},
    ),
    "refunds told by webhooks alone": (
        [PAID[0], (b.refund_told("processing"), b.TELLING), (b.refund_told("processed", amount=10000), b.TELLING)],
        {"1100": -250, "8000": 250},
    ),
    "a whole refund, seen in the transaction": (
        [
            row("transactions", b.transaction(status="reversed")),
            PAID[0],
            refund_row(1, amount="10000"),
            (b.refund_told("processed", amount=10000), b.TELLING),
        ],
        {"1100": -250, "8000": 250},
    ),
    "a dispute that was lost, paid by a refund": (
        [
            *PAID,
            hook("charge.dispute.create", b.dispute(20)),
            hook("charge.dispute.remind", b.dispute(20)),
            hook("charge.dispute.resolve", LOST),
            row("disputes", LOST),
            (b.refund_told("processed"), b.TELLING),
            refund_row(1, dispute=20),
        ],
        {"1100": 7750, "7000": -10000, "8000": 250, "8100": 2000},
    ),
    "a dispute that nobody answered in time": (
        [
            *PAID,
            hook("charge.dispute.create", b.dispute(20)),
            hook("charge.dispute.resolve", {**LOST, "resolution": "auto-accepted"}),
            row("disputes", {**LOST, "resolution": "auto-accepted"}),
            refund_row(1, dispute=20),
        ],
        {"1100": 7750, "7000": -10000, "8000": 250, "8100": 2000},
    ),
    "a dispute whose refund failed at first": (
        [
            *PAID,
            hook("charge.dispute.resolve", LOST),
            refund_row(1, dispute=20),
            refund_row(1, dispute=20, status="failed"),
            refund_row(2, dispute={"id": 20}),
        ],
        {"1100": 7750, "7000": -10000, "8000": 250, "8100": 2000},
    ),
    "a dispute that was won": (
        [
            *PAID,
            hook("charge.dispute.create", b.dispute(20)),
            hook("charge.dispute.resolve", b.dispute(20, status="resolved", resolution="declined")),
        ],
        {"1100": 9750, "7000": -10000, "8000": 250},
    ),
    "a split whose fee we bear": (
        [
            *split("account", 1750, 8000),
            bank_line(1750, "1"),
            row("settlements", b.settlement(total_amount=1750, effective_amount=1750)),
        ],
        {"6000": 1750, "7000": -2000, "8000": 250},
    ),
    "a split whose fee the subaccount bears": (
        [
            *split("subaccount", 2000, 7750),
            bank_line(2000, "1"),
            row("settlements", b.settlement(total_amount=2000, effective_amount=2000)),
        ],
        {"6000": 2000, "7000": -2000},
    ),
    "a capture of less than was held": (
        [
            hook("preauthorization.reserve.success", b.preauthorization("authorized", currency="NGN")),
            hook(
                "preauthorization.capture.success",
                b.preauthorization(
                    "captured",
                    captured_amount="800",
                    currency="NGN",
                    transaction_id="77",
                    transaction={"id": 77, "reference": "hold-1", "status": "success", "fees": 26, "currency": "NGN"},
                ),
            ),
            hook("charge.success", b.transaction(id=77, reference="hold-1", amount=800, fees=26)),
        ],
        {"1100": 774, "7000": -800, "8000": 26},
    ),
    "transfers that arrive, fail, come back and are given up": (
        [
            *PAID,
            *(row("transfers", b.transfer(n, status="pending")) for n in (1, 2, 3)),
            row("transfers", b.transfer(4, status="otp")),
            hook("transfer.success", b.transfer(1)),
            row("transfers", b.transfer(1)),
            hook("transfer.failed", b.transfer(2, status="failed")),
            hook("transfer.success", b.transfer(3, fee_charged=None)),
            hook("transfer.reversed", b.transfer(3, status="reversed")),
            row("transfers", b.transfer(4, status="abandoned")),
        ],
        {"1100": 9750 - 3000 - 100, "7000": -7000, "8000": 350},
    ),
    "transfers that failed and were reversed, and that failed after they had arrived": (
        [
            hook("transfer.failed", b.transfer(1, status="failed")),
            hook("transfer.reversed", b.transfer(1, status="reversed")),
            hook("transfer.success", b.transfer(2, fee_charged=None)),
            hook("transfer.failed", b.transfer(2, status="failed")),
            row("transfers", b.transfer(2, status="reversed")),
        ],
        {},
    ),
    "a transfer told by its reversal alone": ([hook("transfer.reversed", b.transfer(status="reversed"))], {}),
    "a settlement that failed after it was paid": (
        [
            *PAID,
            row("settlements", b.settlement(1)),
            row("settlements", b.settlement(1, status="failed")),
            row("settlements", b.settlement(2)),
            bank_line(9750, "1"),
        ],
        {"6000": 9750, "7000": -10000, "8000": 250},
    ),
    "a settlement that failed and was never paid": (
        [*PAID, row("settlements", b.settlement(1, status="failed"))],
        {"1100": 9750, "7000": -10000, "8000": 250},
    ),
    "a payment that failed before it succeeded": (
        [
            row("transactions", b.transaction(status="abandoned", fees=None, paid_at=None)),
            row("transactions", b.transaction(status="failed", fees=None, paid_at=None)),
            *PAID,
        ],
        {"1100": 9750, "7000": -10000, "8000": 250},
    ),
    "rows of refunds handed in alone post nothing": (
        [*PAID, (b.refund(1), b.TELLING), (b.refund(1, status="failed"), b.TELLING)],
        {"1100": 9750, "7000": -10000, "8000": 250},
    ),
}


def facts_of(each: Told | Fact) -> list[Fact]:
    return [each] if isinstance(each, Fact) else b.facts(*each)


def balances(told: Iterable[list[Fact]]) -> dict[str, int]:
    desk = Desk()
    for facts in told:
        desk.tell(*facts)
    sums: Counter[str] = Counter()
    for recorded in desk.events:
        event = recorded.event()
        assert not isinstance(event, FactRefused), event
        for line in event.lines if isinstance(event, EntryPosted) else ():
            assert line.currency == "NGN"
            sums[line.account] += int(line.amount) if line.side == "debit" else -int(line.amount)
    return {account: amount for account, amount in sums.items() if amount}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_as_it_happens(name: str) -> None:
    story, expected = STORIES[name]
    assert balances(facts_of(each) for each in story) == expected


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_story_in_any_order_and_told_twice(name: str, data: st.DataObject) -> None:
    story, expected = STORIES[name]
    twice = data.draw(st.lists(st.sampled_from(story), max_size=4))
    told = data.draw(st.permutations([*story, *twice]))
    assert balances(facts_of(each) for each in told) == expected


def test_every_rule_has_a_story() -> None:
    used = set()
    for story, _ in STORIES.values():
        desk = Desk()
        for each in story:
            desk.tell(*facts_of(each))
        used |= {event.rule for event in (r.event() for r in desk.events) if isinstance(event, EntryPosted)}
    assert desk.book.rules is not None
    named = [rule["name"] for rule in desk.book.rules.document["rules"] if rule["name"].startswith("paystack.")]
    assert {f"{name}@1" for name in named} == used
