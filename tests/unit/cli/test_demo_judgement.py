"""The demo's judge finds what differs: a planted difference of each kind, and none where there is none."""

from dataclasses import replace

import pytest

from contraflow.demo_judgement import Judgement, _judge_balances, _judge_payments, _judge_reconciliation
from contraflow.simulator import Break, Truth
from projections.answers import Balance, ReconciliationItem

TRUTH = Truth(
    balances={"1000": {"USD": 0}, "6000": {"USD": 500}, "7000": {"USD": -500}},
    payments={"pi_1": "succeeded", "pi_2": "refunded"},
    payouts={"po_1": "matched", "po_2": "broken"},
    breaks=(Break("po_2", "amount_differs", "usd", difference_minor=-7),),
    missing=(),
    entries=3,
)
BALANCES = [Balance("6000", "USD", 500, 0, 1, 3), Balance("7000", "USD", 0, 500, 1, 3)]
ITEMS = [
    ReconciliationItem("payout", "po_1", "po_1", "matched", [], "USD", 100, {}, 1),
    ReconciliationItem("payout", "po_2", "po_2", "broken", ["amount_differs"], "USD", 100, {}, 1),
]


def judged(
    balances: list[Balance] = BALANCES,
    payments: dict[str, str] | None = None,
    items: list[ReconciliationItem] = ITEMS,
    truth: Truth = TRUTH,
) -> Judgement:
    judgement = Judgement()
    _judge_balances(judgement, balances, truth)
    _judge_payments(judgement, TRUTH.payments if payments is None else payments, truth)
    _judge_reconciliation(judgement, items, truth)
    return judgement


def test_nothing_differs_where_all_is_right() -> None:
    judgement = judged()
    assert judgement.differences == []
    assert judgement.trial_balance == {"USD": 0}
    assert judgement.planted == judgement.found == {("po_2", "amount_differs")}


@pytest.mark.parametrize(
    ("judgement", "word"),
    [
        (judged(balances=[Balance("6000", "USD", 501, 0, 1, 3), BALANCES[1]]), "account 6000 has 501"),
        (judged(balances=BALANCES[:1]), "trial balance: USD is off by 500"),
        (judged(balances=[*BALANCES, Balance("9900", "EUR", 1, 1, 1, 3), Balance("8000", "EUR", 1, 0, 1, 3)]), "8000"),
        (judged(payments={"pi_1": "succeeded", "pi_2": "disputed"}), "payment pi_2 is disputed, refunded is right"),
        (judged(payments={"pi_1": "succeeded"}), "payment pi_2 is unknown"),
        (judged(payments=TRUTH.payments | {"pi_3": "failed"}), "payment pi_3 is failed, unknown is right"),
        (judged(items=ITEMS[:1]), "break not found: po_2 amount_differs"),
        (
            judged(truth=replace(TRUTH, breaks=(), payouts={"po_1": "matched", "po_2": "matched"})),
            "break invented: po_2",
        ),
        (judged(items=[ITEMS[1]]), "payout po_1 is unknown, matched is right"),
    ],
)
def test_a_planted_difference_is_noticed(judgement: Judgement, word: str) -> None:
    assert any(word in line for line in judgement.differences), judgement.differences
