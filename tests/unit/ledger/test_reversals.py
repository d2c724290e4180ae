"""Reversals: of commands and of facts, whole or in part, in sum never more than the entry."""

import pytest

from tests.unit.ledger.builders import payment, refund
from tests.unit.ledger.command_desk import Teller, command, post


@pytest.mark.parametrize("named", [{"entry": "p"}, {"position": 2}])
def test_an_entry_is_taken_back_once(named: dict) -> None:
    teller = Teller()
    teller.must(post("p"))
    teller.must(command("reverse", "r", **named))
    assert teller.figures("1000")["posted"] == teller.figures("7000")["posted"] == 0
    event = list(teller.store.history("main"))[-1].event()
    assert (event.reverses, event.fact.type) == (2, "command.reverse")  # type: ignore[union-attr]
    answer = teller.one(command("reverse", "r2", **named))
    assert (answer.code, answer.field) == ("already_reversed", next(iter(named)))


def test_a_fact_is_taken_back_by_its_key() -> None:
    teller = Teller()
    teller.ledger.facts([payment(1)])
    teller.must(command("reverse", "r", fact=payment(1).key))
    assert teller.figures("1000")["posted"] == 0


def test_a_fact_that_waited_is_taken_back_by_its_position() -> None:
    teller = Teller()
    failed = refund(1, 10, "failed")
    teller.ledger.facts([failed])
    teller.ledger.facts([refund(1, 10)])
    answer = teller.one(command("reverse", "r", fact=failed.key))
    assert answer.code == "entry_unknown"
    assert "waited at position 2" in answer.detail
    teller.must(command("reverse", "r", position=4))


def test_parts_and_the_remaining_part() -> None:
    teller = Teller()
    teller.must(post("p", amount=100), command("reverse", "r1", entry="p", amount="30"))
    answer = teller.one(command("reverse", "r2", entry="p", amount="71"))
    assert (answer.code, answer.field, answer.value) == ("reversal_exceeds_entry", "amount", "71")
    (rest,) = teller.must(command("reverse", "r2", entry="p"))
    assert rest.amount == "70"
    assert teller.one(command("reverse", "r3", entry="p")).code == "already_reversed"


def test_lines_of_an_entry_of_many() -> None:
    teller = Teller()
    lines = [["1000", "debit", "90", "USD"], ["8000", "debit", "10", "USD"], ["7000", "credit", "100", "USD"]]
    teller.must(command("post", "p", lines=lines))
    assert teller.one(command("reverse", "r", entry="p", amount="1")).code == "lines_needed"
    part = [["8000", "debit", "10", "USD"], ["7000", "credit", "10", "USD"]]
    teller.must(command("reverse", "r", entry="p", lines=part))
    assert teller.one(command("reverse", "r2", entry="p", lines=part)).code == "reversal_exceeds_entry"
    teller.must(command("reverse", "r2", entry="p"))
    assert {teller.figures(code)["posted"] for code in ("1000", "7000", "8000")} == {0}


@pytest.mark.parametrize(
    ("named", "code", "field"),
    [
        ({}, "entry_unknown", "entry"),
        ({"entry": "nothing"}, "entry_unknown", "entry"),
        ({"fact": "nothing"}, "entry_unknown", "fact"),
        ({"position": 99}, "entry_unknown", "position"),
        ({"position": 1}, "entry_unknown", "position"),
        ({"entry": "h"}, "entry_unknown", "entry"),
        ({"entry": "p", "position": 2}, "entry_ambiguous", "entry"),
        ({"entry": "p", "amount": "0"}, "amount_zero", "lines[0].amount"),
        ({"entry": "p", "amount": "x"}, "amount_malformed", "lines[0].amount"),
    ],
)
def test_what_cannot_be_reversed_is_refused(named: dict, code: str, field: str) -> None:
    teller = Teller()
    teller.must(post("p"), command("hold", "h", lines=[["1000", "debit", "1", "USD"], ["7000", "credit", "1", "USD"]]))
    state = teller.digest()
    answer = teller.one(command("reverse", "r", **named))
    assert (answer.code, answer.field) == (code, field)
    assert teller.digest() == state


def test_a_reversal_keeps_limits() -> None:
    teller = Teller()
    teller.must(post("in"), command("set_limit", "l", account="7000", limit="debits_must_not_exceed_credits"))
    teller.must(post("out", "7000", "1000", 60))
    assert teller.one(command("reverse", "r", entry="in")).code == "limit_exceeded"
    teller.must(command("reverse", "r", entry="in", amount="40"))
