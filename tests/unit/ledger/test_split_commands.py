"""Splitting by command: shares, percentages, fixed parts, caps and a remainder, to the last unit, or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.answers import Answer
from tests.unit.ledger.command_desk import Teller, command

ACCOUNTS = ("1000", "6000", "7000", "8000")


def split(key: str, amount: int, parts: list[dict[str, Any]], side: str = "debit", **fields: Any) -> Any:
    named = [{"account": account, **part} for account, part in zip(ACCOUNTS[1:], parts, strict=False)]
    return command("post", key, lines=[["1000", side, str(amount), "USD"]], split=named, **fields)


def parts_of(answer: Answer) -> list[int]:
    return [int(answer.figures[account]) for account in ACCOUNTS[1:] if account in answer.figures]


@pytest.mark.parametrize(
    ("amount", "parts", "rounding", "got"),
    [
        (100, [{"share": 1}, {"share": 1}, {"share": 1}], "largest_remainder", [34, 33, 33]),
        (5, [{"share": 3}, {"share": 7}], "largest_remainder", [2, 3]),
        (101, [{"share": 1}, {"share": 1}, {"share": 1}], "first_portion", [35, 33, 33]),
        (1000, [{"percent": "2.9"}, {"fixed": "30"}, {"remainder": True}], "largest_remainder", [29, 30, 941]),
        (1000, [{"percent": "10", "cap": "50"}, {"remainder": True}], "largest_remainder", [50, 950]),
        (2, [{"share": 1}, {"share": 1}, {"share": 1}], "largest_remainder", [1, 1, 0]),
        (2**128 - 1, [{"percent": "50"}, {"percent": "50"}], "largest_remainder", [2**127, 2**127 - 1]),
    ],
)
@pytest.mark.parametrize("side", ["debit", "credit"])
def test_what_each_part_gets(
    amount: int, parts: list[dict[str, Any]], rounding: str, got: list[int], side: str
) -> None:
    teller = Teller()
    asked = split("s", amount, parts, side, rounding=rounding)
    (first,) = teller.must(asked)
    assert parts_of(first) == got
    for account, minor in zip(ACCOUNTS[1:], got, strict=False):
        figures = teller.figures(account)
        assert figures["posted_credits" if side == "debit" else "posted_debits"] == minor
    (again,) = teller.must(asked)
    assert (again.repeated, again.figures, again.amount) == (True, first.figures, first.amount)
    other = teller.one(split("s", amount, [*parts[1:], {"fixed": "1"}], side, rounding=rounding))
    assert (other.code, other.field) == ("key_reused", "split")
    assert teller.replayed().balances == teller.ledger.book.balances


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"split": [{"account": "7000", "fixed": "99"}]}, "split_impossible", "split"),
        ({"split": [{"account": "7000", "fixed": "101"}]}, "split_impossible", "split"),
        ({"split": [{"account": "7000", "percent": "101"}]}, "split_impossible", "split"),
        ({"split": [{"account": "7000"}]}, "split_impossible", "split"),
        (
            {"split": [{"account": "7000", "share": 1}, {"account": "nobody", "share": 1}]},
            "account_unknown",
            "split[1]",
        ),
        ({"lines": [], "split": [{"account": "7000", "share": 1}]}, "split_impossible", "split"),
        ({"lines": [["1000", "debit", "0", "USD"]]}, "amount_zero", "lines[0].amount"),
        (
            {"lines": [["1000", "debit", "5", "USD"], ["6000", "credit", "5", "USD"]]},
            "split_impossible",
            "split",
        ),
        (
            {"lines": [["1000", "debit", "5", "USD"], ["6000", "debit", "5", "EUR"]]},
            "split_impossible",
            "split",
        ),
        ({"split": [], "rounding": "first_portion"}, "lines_too_few", "lines"),
    ],
)
def test_what_cannot_be_split_is_refused(fields: dict[str, Any], code: str, field: str) -> None:
    teller = Teller()
    before = teller.digest()
    whole = {"lines": [["1000", "debit", "100", "USD"]], "split": [{"account": "7000", "share": 1}], **fields}
    answer = teller.one(command("post", "s", **whole))
    assert (answer.code, answer.field.removesuffix(".account")) == (code, field)
    assert teller.digest() == before


def test_several_lines_are_split_together_and_limits_hold() -> None:
    teller = Teller()
    teller.must(command("set_limit", "l", account="7000", limit="credits_must_not_exceed_debits"))
    lines = [["1000", "debit", "70", "USD"], ["6000", "debit", "30", "USD"]]
    parts = [{"account": "7000", "share": 1}, {"account": "8000", "share": 1}]
    assert teller.one(command("post", "s", lines=lines, split=parts)).code == "limit_exceeded"
    teller.must(command("set_limit", "m", account="7000", limit="none"))
    (answer,) = teller.must(command("post", "s", lines=lines, split=parts))
    assert answer.figures == {"7000": "50", "8000": "50"}
    (back,) = teller.must(command("reverse", "r", entry="s"))
    assert back.decision == "accepted"
    assert {teller.figures(account)["posted"] for account in ACCOUNTS} == {0}


@given(amount=st.integers(1, 2**128 - 1), shares=st.lists(st.integers(1, 10**6), min_size=1, max_size=3))
def test_not_a_unit_is_lost(amount: int, shares: list[int]) -> None:
    (answer,) = Teller().must(split("s", amount, [{"share": share} for share in shares]))
    assert sum(parts_of(answer)) == amount
