"""Allocation: not a unit lost or gained, whatever the parts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.allocation import Part, allocate
from ledger.errors import AllocationError, PostingError, RulesError
from ledger.money import AMOUNT_MINOR_MAX
from ledger.rules import RuleSet
from tests.unit.ledger.builders import payment
from tests.unit.ledger.command_desk import Teller, command

R = Part(remainder=True)


def shares(*weights: int, **more: Any) -> list[Part]:
    return [Part(share=weight, **more) for weight in weights]


@pytest.mark.parametrize(
    ("amount", "parts", "largest", "first"),
    [
        (100, shares(1, 1, 1), [34, 33, 33], [34, 33, 33]),
        (101, shares(1, 1, 1), [34, 34, 33], [35, 33, 33]),
        (5, shares(3, 7), [2, 3], [2, 3]),
        (10, shares(1, 2, 4), [1, 3, 6], [3, 2, 5]),
        (1, shares(1, 1), [1, 0], [1, 0]),
        (0, shares(1, 1), [0, 0], [0, 0]),
        (-100, shares(1, 1, 1), [-34, -33, -33], [-34, -33, -33]),
        (1000, [Part(percent="2.9"), Part(fixed="30"), R], [29, 30, 941], [29, 30, 941]),
        (999, [Part(percent="2.9"), R], [28, 971], [28, 971]),
        (5, [Part(percent="50"), Part(percent="50")], [3, 2], [3, 2]),
        (10, [Part(percent="33.333333"), Part(percent="33.333333"), R], [3, 3, 4], [3, 3, 4]),
        (1000, [Part(percent="10", cap="50"), R], [50, 950], [50, 950]),
        (1000, [*shares(1, cap="100"), *shares(1, 2)], [100, 300, 600], [100, 300, 600]),
        (1000, [*shares(1, 1, cap="100"), R], [100, 100, 800], [100, 100, 800]),
        (100, [Part(fixed="10"), *shares(1, 2)], [10, 30, 60], [10, 30, 60]),
        (0, [Part(percent="50"), R], [0, 0], [0, 0]),
        (7, [R], [7], [7]),
        (AMOUNT_MINOR_MAX, shares(1, 1), [2**127, 2**127 - 1], [2**127, 2**127 - 1]),
    ],
)
def test_vectors(amount: int, parts: list[Part], largest: list[int], first: list[int]) -> None:
    assert allocate(amount, parts) == largest
    assert allocate(amount, parts, "first_portion") == first


@pytest.mark.parametrize(
    ("amount", "parts", "message"),
    [
        (100, [], "1 to"),
        (100, [Part()], "needs one of"),
        (100, [Part(share=1, percent="5")], "needs one of"),
        (100, [Part(fixed="101"), R], "take 101 of 100"),
        (100, [Part(fixed="99")], "1 of 100 minor units are left"),
        (100, [Part(percent="50")], "50 of 100"),
        (100, [Part(percent="60"), Part(percent="60")], "take 120 of 100"),
        (100, [Part(percent="101"), R], "from 0 to 100"),
        (100, [Part(percent="1e1"), R], "decimal"),
        (100, [Part(percent="-1"), R], "decimal"),
        (100, [Part(percent="1٣"), R], "decimal"),
        (100, [Part(fixed="-1"), R], "not an amount"),
        (100, [Part(fixed="01"), R], "not an amount"),
        (100, [Part(share=-1), R], "share"),
        (100, [Part(share=1, cap="x"), R], "cap"),
        (100, [Part(fixed="1", cap="1"), R], "only a percentage"),
        (100, [R, R], "only one part"),
        (100, shares(1, 1, cap="10"), "80 of 100"),
        (AMOUNT_MINOR_MAX + 1, [R], "2^128-1"),
    ],
)
def test_what_cannot_be_split_is_refused(amount: int, parts: list[Part], message: str) -> None:
    with pytest.raises(AllocationError, match=message.replace("^", r"\^")):
        allocate(amount, parts)


CAPS = st.one_of(st.just(""), st.integers(0, 1000).map(str))
PERCENTS = st.decimals(0, 30, places=3).map(str)
PARTS = st.one_of(
    st.builds(lambda share, cap: Part(share=share, cap=cap), st.integers(1, 1000), CAPS),
    st.builds(lambda percent, cap: Part(percent=percent, cap=cap), PERCENTS, CAPS),
)
ROUNDINGS = st.sampled_from(["largest_remainder", "first_portion"])


@given(st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX), st.lists(PARTS, max_size=3), st.integers(0, 3), ROUNDINGS)
def test_not_a_unit_is_lost_and_no_cap_passed(amount: int, parts: list[Part], at: int, rounding: Any) -> None:
    parts = [*parts[:at], R, *parts[at:]]
    amounts = allocate(amount, parts, rounding)
    assert sum(amounts) == amount
    for part, each in zip(parts, amounts, strict=True):
        assert each * amount >= 0
        assert not part.cap or abs(each) <= int(part.cap)


@given(st.integers(0, 10**30), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_by_largest_remainder_nobody_is_a_whole_unit_off(amount: int, weights: list[int]) -> None:
    amounts = allocate(amount, shares(*weights))
    assert sum(amounts) == amount
    for weight, each in zip(weights, amounts, strict=True):
        assert abs(each * sum(weights) - amount * weight) < sum(weights)


@given(st.integers(0, 10**30), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_by_first_portion_the_others_are_cut(amount: int, weights: list[int]) -> None:
    amounts = allocate(amount, shares(*weights), "first_portion")
    assert sum(amounts) == amount
    assert amounts[1:] == [amount * weight // sum(weights) for weight in weights[1:]]


def rules(**line: Any) -> dict[str, Any]:
    lines = [{"account": "1000", "debit": "gross"}, {"credit": "gross", **line}]
    return {"version": 3, "rules": [{"name": "market", "when": {"type": "payment.succeeded"}, "lines": lines}]}


SPLIT = [{"account": "8000", "percent": "2.5"}, {"account": "{metadata.seller}", "remainder": True}]


def test_a_rule_splits_a_line() -> None:
    posting = RuleSet(rules(split=SPLIT)).post(payment(1, 999, metadata={"seller": "7000"}))
    assert posting is not None
    assert [tuple(getattr(line, name) for name in line.__struct_fields__) for line in posting.lines] == [
        ("1000", "debit", "999", "USD"),
        ("8000", "credit", "24", "USD"),
        ("7000", "credit", "975", "USD"),
    ]
    assert posting.signed == [999, -24, -975]
    assert RuleSet(rules(split=SPLIT)).accounts == {"1000", "8000"}


def test_a_fact_that_a_split_does_not_fit_is_refused() -> None:
    document = rules(split=[{"account": "8000", "fixed": "30"}, {"account": "7000", "remainder": True}])
    with pytest.raises(PostingError) as caught:
        RuleSet(document).post(payment(1, 29))
    assert (caught.value.code, caught.value.field) == ("split_impossible", "lines")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"split": SPLIT, "account": "7000"}, "either an account or a split"),
        ({}, "either an account or a split"),
        ({"split": [{"account": "7000", "percent": "x"}]}, "split: part 0"),
        ({"split": [{"account": "", "share": 1}]}, "needs an account"),
        ({"split": [{"account": "{nonsense}", "share": 1}]}, "not a field"),
        ({"split": [{"account": "7000", "share": 1, "colour": 1}]}, "unknown field"),
        ({"split": SPLIT, "rounding": "up"}, "rounding"),
    ],
)
def test_bad_splits_are_refused_on_load(line: dict[str, Any], message: str) -> None:
    with pytest.raises(RulesError, match=message):
        RuleSet(rules(**line))


def test_adopted_rules_hold_from_there_on() -> None:
    teller = Teller()
    teller.ledger.facts([payment(1, 1000)])
    teller.must(command("adopt_rules", "a", rules=rules(split=SPLIT)))
    decided = teller.ledger.facts([payment(2, 1000, metadata={"seller": "9900"})])
    assert decided.events[0].event().rule == "market@3"  # type: ignore[union-attr]
    assert teller.figures("9900")["posted"] == -975
    assert teller.replayed().rules is not None
    assert teller.one(command("adopt_rules", "b", rules={"version": 1})).code == "rules_invalid"
    missing = rules(account="5555")
    answer = teller.one(command("adopt_rules", "c", rules=missing))
    assert (answer.code, answer.value) == ("account_unknown", "5555")
