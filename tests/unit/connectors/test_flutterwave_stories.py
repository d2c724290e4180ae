"""Money at Flutterwave through connectors, rules and book: any order, told twice, and the same right balances."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.flutterwave_currency import payment_wanted
from ledger.events import EntryPosted, FactRefused
from ledger.facts import Fact
from ledger.money import Money
from tests.unit.connectors import flutterwave_bodies as bodies
from tests.unit.connectors.flutterwave_bodies import fetched, polled, told
from tests.unit.ledger.builders import Desk

V3, V4 = "flutterwave_v3", "flutterwave_v4"
Tellings = Sequence[Sequence[Fact]]


def bank_line(amount_minor: int, number: int = 1) -> Fact:
    return Fact(
        type="bank.line.booked",
        key=f"camt053/NG1/line/{number}/booked",
        source="camt053",
        account="NG1",
        effective_at="2026-01-08",
        amounts={"gross": Money.of(amount_minor, "NGN")},
        attributes={"text": "TRF FRM FLUTTERWAVE TECH SOLUTIONS"},
    )


def balances(facts: Sequence[Fact]) -> dict[str, int]:
    """Balances by account and currency, debit positive, zeros left out."""
    desk = Desk()
    for fact in facts:
        desk.tell(fact)
    sums: Counter[str] = Counter()
    for recorded in desk.events:
        event = recorded.event()
        assert not isinstance(event, FactRefused), event
        for line in event.lines if isinstance(event, EntryPosted) else ():
            amount = int(line.amount)
            sums[f"{line.account} {line.currency}"] += amount if line.side == "debit" else -amount
    return {name: amount for name, amount in sums.items() if amount}


def in_any_order(data: st.DataObject, tellings: Tellings) -> list[Fact]:
    facts = [fact for telling in tellings for fact in telling]
    again = data.draw(st.lists(st.sampled_from(facts), max_size=len(facts)))
    order: list[Fact] = data.draw(st.permutations([*facts, *again]))
    return order


def with_currency(kind: str, row: dict[str, object], payment: dict[str, object]) -> list[Fact]:
    return fetched(V3, payment_wanted(kind, row), {"/transactions/1002/verify": payment})


FIRST = bodies.transaction(id=1001, amount=3500, charged_amount=3549, app_fee=49, amount_settled=3450)
SECOND = bodies.transaction(id=1002)
COLLECTED: Tellings = [
    told(V3, {"event": "charge.completed", "data": FIRST}),
    polled(V3, "transactions", FIRST),
    polled(V3, "transactions", bodies.transaction(id=1002, status="pending", app_fee=None, amount_settled=None)),
    told(V3, bodies.answer(SECOND), via="fetch", stream="transaction"),
    told(V3, bodies.flat_refund(id=501, TransactionId=1002)),
    with_currency("refund", bodies.refund(id=501, tx_id=1002, settlement_id=41), SECOND),
    with_currency("refund", bodies.refund(id=501, tx_id=1002, status="completed-mpgs", settlement_id=41), SECOND),
    with_currency("refund", bodies.refund(id=502, tx_id=1002, amount_refunded=100), SECOND),
    with_currency("refund", bodies.refund(id=502, tx_id=1002, amount_refunded=100, status="failed"), SECOND),
    with_currency("refund", bodies.refund(id=503, tx_id=1002, amount_refunded=70, status="failed"), SECOND),
    with_currency("chargeback", bodies.chargeback(id=77, transaction_id=1002), SECOND),
    with_currency("chargeback", bodies.chargeback(id=77, transaction_id=1002, status="declined"), SECOND),
    with_currency("chargeback", bodies.chargeback(id=77, transaction_id=1002, status="lost", settlement_id=41), SECOND),
    with_currency("chargeback", bodies.chargeback(id=78, transaction_id=1002, amount=100, status="won"), SECOND),
    polled(V3, "settlements", bodies.settlement(status="pending", net_amount=986)),
    polled(V3, "settlements", bodies.settlement(gross_amount=4549, app_fee=63, net_amount=3786)),
    told(
        V3,
        bodies.settled_row(id=1001, charged_amount=3549, app_fee=49, settlement_amount=3450, stampduty_charge=50),
        via="fetch",
        stream="settlement_contents",
        payout="41",
    ),
    told(V3, bodies.settled_row(id=1002), via="fetch", stream="settlement_contents", payout="41"),
    [bank_line(378600)],
]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_was_collected_reaches_the_bank_and_clearing_is_empty(data: st.DataObject) -> None:
    assert balances(in_any_order(data, COLLECTED)) == {
        "6000 NGN": 378600,
        "7000 NGN": -(350000 + 100000 - 40000),
        "8000 NGN": 5000 + 1400,
        "8100 NGN": 25000,
    }


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_chargeback_that_was_lost_and_then_reversed_costs_nothing(data: st.DataObject) -> None:
    words = ("initiated", "accepted", "lost", "reversed")
    story = [with_currency("chargeback", bodies.chargeback(transaction_id=1002, status=word), SECOND) for word in words]
    assert balances(in_any_order(data, story)) == {"1200 NGN": 98600, "7000 NGN": -100000, "8000 NGN": 1400}


def test_the_contents_of_a_settlement_make_its_sum() -> None:
    nets = {
        fact.key: fact.amounts["net"].minor
        for telling in COLLECTED
        for fact in telling
        if fact.type == "settlement.recorded" and fact.links.get("payout") == "41"
    }
    assert sum(nets.values()) == 378600


def test_a_settlement_that_the_bank_returned_is_ours_again() -> None:
    paid, failed = bodies.settlement(), bodies.settlement(status="failed")
    story = [
        *polled(V3, "transactions", SECOND),
        *polled(V3, "settlements", failed),
        *polled(V3, "settlements", paid),
        bank_line(98600, 1),
        bank_line(-98600, 2),
    ]
    assert balances(story) == {"1200 NGN": 98600, "7000 NGN": -100000, "8000 NGN": 1400}
    never_paid = [*polled(V3, "transactions", SECOND), *polled(V3, "settlements", failed)]
    assert balances(never_paid)["1200 NGN"] == 98600


def test_a_settlement_into_the_wallet_stays_at_flutterwave() -> None:
    story = [
        *polled(V3, "transactions", SECOND),
        *polled(V3, "settlements", bodies.settlement(destination="autowallet")),
    ]
    assert balances(story) == {"1200 NGN": 98600, "7000 NGN": -100000, "8000 NGN": 1400}


_CONVERTED = {
    "source_currency": "NGN",
    "destination_currency": "EUR",
    "amount": {"value": 10, "applies_to": "destination_currency"},
    "fee": {"currency": "USD", "value": 1},
    "debit_information": {"currency": "NGN", "actual_debit_amount": 17000, "rate_used": 0.000588, "vat": 0},
}
_REVERSED = {
    "reversal": {
        "reversal_datetime": "2026-01-06T09:00:00Z",
        "initial_status": "SUCCESSFUL",
        "reconciliation_status": "REVERSED",
    }
}
SENT: Tellings = [
    # Sent, fee 10.75.
    polled(V3, "transfers", bodies.transfer(status="NEW")),
    polled(V3, "transfers", bodies.transfer(status="PENDING")),
    polled(V3, "transfers", bodies.transfer()),
    # Failed, and never had succeeded.
    polled(V3, "transfers", bodies.transfer(id=302, status="NEW")),
    polled(V3, "transfers", bodies.transfer(id=302, status="FAILED")),
    # Said to have succeeded, then failed; its fee stays.
    polled(V3, "transfers", bodies.transfer(id=303, fee=0)),
    polled(V3, "transfers", bodies.transfer(id=303, fee=0, status="FAILED")),
    # On its way.
    polled(V3, "transfers", bodies.transfer(id=304, amount=40, status="PENDING")),
    # Nobody approved it.
    polled(V3, "transfers", bodies.transfer(id=305, status="NEW", requires_approval=1, is_approved=0)),
    # Version 4: sent, fee and tax 10.75.
    told(V4, bodies.event("transfer.disburse", bodies.charge_transfer(id="trf_1"))),
    polled(V4, "transfers", bodies.charge_transfer(id="trf_1")),
    # Converted, sent, and come back; a fee of one dollar stays.
    told(V4, bodies.event("transfer.disburse", bodies.charge_transfer(id="trf_2", **_CONVERTED))),
    told(
        V4,
        bodies.event(
            "transfer.reversal", bodies.charge_transfer(id="trf_2", status="FAILED", **{**_CONVERTED, **_REVERSED})
        ),
    ),
    # Converted and sent.
    polled(V4, "transfers", bodies.charge_transfer(id="trf_3", **{**_CONVERTED, "fee": None})),
    # Canceled, then told as failed.
    polled(V4, "transfers", bodies.charge_transfer(id="trf_4", status="CANCELLED")),
    polled(V4, "transfers", bodies.charge_transfer(id="trf_4", status="FAILED")),
]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_was_sent_is_gone_and_what_came_back_is_here(data: st.DataObject) -> None:
    assert balances(in_any_order(data, SENT)) == {
        "1200 NGN": -30000 - 1075 - 4000 - 30000 - 1075 - 1700000,
        "1200 USD": -100,
        "1240 NGN": 4000,
        "7000 NGN": 30000 + 30000,
        "7000 EUR": 1000,
        "8000 NGN": 1075 + 1075,
        "8000 USD": 100,
        "9000 NGN": 1700000,
        "9000 EUR": -1000,
    }


def test_version_4_from_charge_to_bank() -> None:
    charge, webhook = bodies.charge(settled=True, settlement_id=["stm_41"]), bodies.charge()
    del webhook["fees"]
    story = [
        *polled(V4, "settlements", bodies.charge_settlement()),
        *told(V4, bodies.event("charge.completed", webhook)),
        *polled(V4, "charges", charge),
        bank_line(98495),
    ]
    for order in (story, story[::-1], [*story, *story]):
        assert balances(order) == {"6000 NGN": 98495, "7000 NGN": -100000, "8000 NGN": 1505}
