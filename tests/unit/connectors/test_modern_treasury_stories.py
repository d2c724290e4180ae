"""What Modern Treasury tells, in any order and doubled, ends in the same books: clearing accounts return to zero."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Telling
from connectors.connector import answered
from connectors.exchange import Answer, Place
from ledger.facts import Fact
from ledger.rules import RuleSet
from tests.unit.connectors import modern_treasury_bodies as bodies
from tests.unit.connectors.modern_treasury_bodies import CONNECTORS, facts, fetched, hook, order, returned, transaction
from tests.unit.ledger.builders import Desk

POLLED = Telling("modern_treasury", bodies.ACCOUNT, "page_1", {"via": "poll", "stream": "payment_orders"})
LATER = {"effective_date": "2026-01-12", "updated_at": "2026-01-12T15:00:00Z"}


def line(number: int, direction: str, amount: int = 2500, **fields: Any) -> list[Fact]:
    return facts(hook("created", transaction(id=f"tx-{number}", direction=direction, amount=amount, **fields)))


def history(*events: tuple[str, dict[str, Any]]) -> list[Fact]:
    """The events of one order, read back newest first."""
    rows = [
        bodies.read_back(event, data, number, f"2026-01-06T15:{number:02}:00Z")
        for number, (event, data) in enumerate(events)
    ]
    place = Place("payment_order_events", id=bodies.ORDER)
    read_page = CONNECTORS["modern_treasury"].read_page
    assert read_page is not None
    page = read_page(place, Answer(200, {}, json.dumps(rows[::-1]).encode()))
    told: list[Fact] = []
    for item in (answered(place, each) for each in page.items):
        told += facts(item.raw, Telling("modern_treasury", bodies.ACCOUNT, item.delivery, dict(item.context)))
    return told


BACK = returned()
BACK_TWICE = returned(id="0b000000-0000-4000-8000-000000000002", created_at="2026-01-15T12:00:00Z")
DEBIT = {"direction": "debit"}
SAME_DAY = [
    ("finish_processing", order(status="sent")),
    ("completed", order()),
    ("returned", order(status="returned", current_return=BACK)),
    ("redrafted", order(status="approved")),
    ("finish_processing", order(status="sent")),
    ("completed", order(transaction_ids=["t-1"])),
]
# Each story: what is told, and the balances in USD at its end; accounts that are not named end at zero.
STORIES: dict[str, tuple[list[list[Fact]], dict[str, int]]] = {
    "a transfer": (
        [
            facts(hook("created", order(status="needs_approval"))),
            facts(hook("finish_processing", order(status="sent"))),
            facts(hook("acknowledged", order(status="sent"))),
            facts(hook("completed", order())),
            facts(hook("reconciled", order(reconciliation_status="reconciled", transaction_ids=["t-1"]))),
            facts([order(reconciliation_status="reconciled", transaction_ids=["t-1"])], POLLED),
            facts(bodies.read_back("completed", order())),
            line(1, "debit"),
        ],
        {"7000": 2500, "6000": -2500},
    ),
    "a transfer told by its row alone": (
        [facts(order(), POLLED), line(1, "debit")],
        {"7000": 2500, "6000": -2500},
    ),
    "a transfer on its way": ([facts(hook("finish_processing", order(status="sent")))], {"7000": 2500, "2010": -2500}),
    "a transfer that the bank refused": (
        [facts(hook("finish_processing", order(status="sent"))), facts(hook("failed", order(status="failed")))],
        {},
    ),
    "a transfer that failed before it was sent": ([facts(hook("failed", order(status="failed")))], {}),
    "a transfer that was cancelled": (
        [facts(hook("approved", order(status="approved"))), facts(hook("cancelled", order(status="cancelled")))],
        {},
    ),
    "a transfer returned": (
        [
            facts(hook("completed", order())),
            facts(hook("created", returned(status="pending"))),
            facts(hook("returned", order(status="returned", current_return=returned(status="pending")))),
            facts(order(status="returned", current_return=BACK), fetched("payment_order")),
            facts(hook("completed", BACK)),
            line(1, "debit"),
            line(2, "credit"),
        ],
        {},
    ),
    "a transfer returned and drafted again": (
        [
            facts(hook("returned", order(status="returned", current_return=BACK))),
            facts(hook("redrafted", order(status="approved", **LATER))),
            facts(hook("completed", order(**LATER))),
            facts(order(**LATER, transaction_ids=["t-1", "t-3"]), POLLED),
            line(1, "debit"),
            line(2, "credit"),
            line(3, "debit"),
        ],
        {"7000": 2500, "6000": -2500},
    ),
    "both drafts returned": (
        [
            facts(hook("returned", order(status="returned", current_return=BACK))),
            facts(hook("completed", order(**LATER))),
            facts(hook("returned", order(status="returned", current_return=BACK_TWICE, **LATER))),
            line(1, "debit"),
            line(2, "credit"),
            line(3, "debit"),
            line(4, "credit"),
        ],
        {},
    ),
    "drafted again with another sum": (
        [
            facts(hook("failed", order(status="failed"))),
            facts(hook("redrafted", order(status="approved", amount=2400))),
            facts(hook("completed", order(amount=2400))),
            line(1, "debit", 2400),
        ],
        {"7000": 2400, "6000": -2400},
    ),
    "drafted again on the same day": (
        [
            *(facts(hook(event, data)) for event, data in SAME_DAY),
            history(*SAME_DAY),
            line(1, "debit"),
            line(2, "credit"),
            line(3, "debit"),
        ],
        {"7000": 2500, "6000": -2500},
    ),
    "a transfer reversed": (
        [
            facts(hook("reversed", order(status="reversed"))),
            facts(hook("completed", bodies.reversal())),
            facts(order(status="reversed"), fetched("payment_order")),
            line(1, "debit"),
            line(2, "credit"),
        ],
        {},
    ),
    "a reversal that failed": (
        [
            facts(hook("reversed", order(status="reversed"))),
            facts(hook("failed", bodies.reversal(status="failed"))),
            facts(order(status="reversed"), fetched("reversal_failed")),
            line(1, "debit"),
        ],
        {"7000": 2500, "6000": -2500},
    ),
    "a direct debit": (
        [
            facts(hook("finish_processing", order(status="sent", **DEBIT))),
            facts(hook("completed", order(**DEBIT))),
            line(1, "credit"),
        ],
        {"7000": -2500, "6000": 2500},
    ),
    "a direct debit returned": (
        [
            facts(hook("returned", order(status="returned", current_return=BACK, **DEBIT))),
            facts(hook("completed", BACK)),
            line(1, "credit"),
            line(2, "debit"),
        ],
        {},
    ),
    "a direct debit returned, drafted again, paid": (
        [
            facts(hook("completed", order(**DEBIT))),
            facts(hook("returned", order(status="returned", current_return=BACK, **DEBIT))),
            facts(hook("completed", order(**DEBIT, **LATER))),
            line(1, "credit"),
            line(2, "debit"),
            line(3, "credit"),
        ],
        {"7000": -2500, "6000": 2500},
    ),
    "a direct debit reversed": (
        [facts(hook("reversed", order(status="reversed", **DEBIT))), line(1, "credit"), line(2, "debit")],
        {},
    ),
    "between accounts of our own": (
        [
            facts(hook("completed", order(type="book", receiving_account_type="internal_account"))),
            facts(order(type="book", receiving_account_type="internal_account", **DEBIT, id="po-2"), POLLED),
            line(1, "debit"),
            line(2, "credit"),
        ],
        {},
    ),
    "a receipt": (
        [
            facts(hook("created", bodies.receipt(status="pending"))),
            facts(hook("completed", bodies.receipt())),
            facts(bodies.receipt(), POLLED),
            line(1, "credit", 900),
        ],
        {"7000": -900, "6000": 900},
    ),
    "a receipt that we return": (
        [
            facts(hook("returned", bodies.receipt(status="returned"))),
            facts(bodies.receipt(status="returned"), fetched("incoming_payment_detail")),
            line(1, "credit", 900),
            line(2, "debit", 900),
        ],
        {},
    ),
    "a receipt whose return failed": (
        [
            facts(hook("returned", bodies.receipt(status="returned"))),
            facts(hook("return_failed", bodies.receipt())),
            facts(bodies.receipt(), fetched("return_failed")),
            line(1, "credit", 900),
        ],
        {"7000": -900, "6000": 900},
    ),
    "pulled from our account": (
        [facts(hook("completed", bodies.receipt(direction="debit"))), line(1, "debit", 900)],
        {"7000": 900, "6000": -900},
    ),
    "pulled, and taken back by us": (
        [
            facts(hook("returned", bodies.receipt(direction="debit", status="returned"))),
            line(1, "debit", 900),
            line(2, "credit", 900),
        ],
        {},
    ),
    "a check in the lockbox that bounced": (
        [
            facts(hook("completed", bodies.paper_item())),
            facts(hook("returned", bodies.paper_item(status="returned"))),
            line(1, "credit", 900),
            line(2, "debit", 900),
        ],
        {},
    ),
    "a bank line that vanished": (
        [
            line(1, "credit", posted=False),
            line(1, "credit"),
            facts(transaction(id="tx-1", direction="credit", discarded_at="2026-01-09T00:00:00Z"), POLLED),
        ],
        {},
    ),
    "an expected payment moves nothing": ([facts(hook("reconciled", bodies.expected(status="reconciled")))], {}),
    "a notification of change moves nothing": (
        [facts(hook("created", returned(type="ach_noc", code="C01"))), facts(hook("completed", returned(code="C02")))],
        {},
    ),
}


def balances(told: Sequence[Fact]) -> dict[str, int]:
    desk = Desk()
    for fact in told:
        assert not desk.tell(fact).refusals, fact
    return {
        account: debits - credits
        for (account, currency), (debits, credits) in desk.book.balances.items()
        if debits != credits and currency == "USD"
    }


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=30)
@given(data=st.data())
def test_the_books_are_the_same_in_any_order(name: str, data: st.DataObject) -> None:
    tellings, ending = STORIES[name]
    again = data.draw(st.lists(st.sampled_from(tellings), max_size=3))
    doubled = [[msgspec.structs.replace(fact, delivery=f"{fact.delivery}_again") for fact in told] for told in again]
    told = data.draw(st.permutations([*tellings, *doubled]))
    assert balances([fact for each in told for fact in each]) == ending


def test_without_its_history_a_second_draft_of_the_same_day_stands_open() -> None:
    """What the history is for: webhooks alone cannot tell two drafts of one day and sum apart."""
    tellings, ending = STORIES["drafted again on the same day"]
    without = [told for told in tellings if not any("/2/" in fact.key for fact in told)]
    assert balances([fact for each in without for fact in each]) != ending


def test_a_camt_line_that_names_the_vendor_clears_an_order() -> None:
    booked = Fact(
        type="bank.line.booked",
        key="camt053/DE1/line/1",
        source="camt053",
        account="DE1",
        effective_at="2026-01-07",
        amounts={"gross": bodies.facts(hook("completed", order()))[0].amounts["gross"]},
        attributes={"text": "Modern Treasury payout"},
    )
    assert balances([booked]) == {"6000": 2500, "2000": -2500}


def test_the_rule_of_the_how_to_page_posts_an_expected_payment_once() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "connect-modern-treasury.md").read_text()
    rule = json.loads(page.partition("```json\n")[2].partition("```")[0])
    rules = RuleSet({"version": 1, "rules": [rule]})
    came = {"amount_lower_bound": 500, "status": "reconciled"}
    tellings = [
        hook("reconciled", bodies.expected(**came)),
        hook("updated", bodies.expected(**came)),
        bodies.expected(**came),
    ]
    told = [fact for body in tellings for fact in facts(body)]
    assert len({fact.key for fact in told}) == 1 and all(rules.post(fact) for fact in told)
    for other in (bodies.expected(**{**came, "direction": "debit"}), bodies.expected(status="reconciled")):
        assert not any(rules.post(fact) for fact in facts(other))
