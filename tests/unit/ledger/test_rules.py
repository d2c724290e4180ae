"""Posting rules are data; what is wrong in them is said on load."""

import json
from pathlib import Path
from typing import Any

import pytest

import ledger.rules
from ledger.accounts import load_chart, parse_chart
from ledger.errors import ChartError, PostingError, RulesError
from ledger.rules import RuleSet, load_rules
from tests.unit.ledger.builders import payment, settlement


def rules(**changes: Any) -> dict[str, Any]:
    rule = {
        "name": "r",
        "when": {"type": "payment.succeeded"},
        "lines": [{"account": "1000", "debit": "gross"}, {"account": "7000", "credit": "gross"}],
    }
    return {"version": 1, "rules": [{**rule, **changes}]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"version": 1}, "rules"),
        (rules(when={"type": "payment.exploded"}), "not a known fact type"),
        (rules(lines=[{"account": "1000", "debit": "gross"}]), "two or more lines"),
        (
            rules(lines=[{"account": "1", "debit": "a", "credit": "b"}, {"account": "2", "debit": "a"}]),
            "either debit or",
        ),
        (rules(lines=[{"account": "1", "debit": "gross * 2"}, {"account": "2", "credit": "gross"}]), "not a sum"),
        (rules(lines=[{"account": "1", "debit": ""}, {"account": "2", "credit": "gross"}]), "empty amount"),
        (rules(when={"type": "payment.succeeded", "where": [{"field": "nonsense", "equals": "x"}]}), "not a field"),
        (rules(when={"type": "payment.succeeded", "where": [{"field": "status"}]}), "needs has"),
        (rules(colour="red"), "unknown field"),
        ({"version": 1, "rules": [*rules()["rules"], *rules()["rules"]]}, "twice"),
    ],
)
def test_bad_rules_are_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(RulesError, match=message):
        RuleSet(document)


def test_the_rules_that_ship_use_only_accounts_of_the_chart_that_ships() -> None:
    assert load_rules().accounts <= {account.code for account in load_chart().accounts}


def test_a_folder_of_rules_is_one_document(tmp_path: Path) -> None:
    first, second = rules(name="a")["rules"], rules(name="b")["rules"]
    (tmp_path / "first.json").write_text(json.dumps(first))
    (tmp_path / "second.json").write_text(json.dumps(second))
    book = tmp_path / "book.json"
    book.write_text('{"version": 3, "files": ["second", "first"]}')
    assert load_rules(tmp_path).document == {"version": 3, "rules": [*second, *first]}
    for wrong in (
        '{"version": 3}',
        '{"version": 3, "files": ["third"]}',
        "[]",
        "{",
        '{"version": 3, "files": ["book"]}',
    ):
        book.write_text(wrong)
        with pytest.raises(RulesError, match="posting rules in"):
            load_rules(tmp_path)


def test_every_file_of_rules_that_ships_is_named() -> None:
    folder = Path(ledger.rules.__file__).parent / "posting_rules"
    named = json.loads((folder / "book.json").read_text())["files"]
    assert sorted([*named, "book"]) == sorted(path.stem for path in folder.glob("*.json"))


def test_sums_and_signs() -> None:
    document = rules(
        lines=[
            {"account": "1", "debit": "gross - fee"},
            {"account": "2", "debit": "fee"},
            {"account": "3", "credit": "gross"},
        ],
        when={"type": "settlement.recorded"},
    )
    posting = RuleSet(document).post(settlement(1, -1000, -30))
    assert posting is not None
    assert [(line.account, line.side, line.amount) for line in posting.lines] == [
        ("1", "credit", "970"),
        ("2", "credit", "30"),
        ("3", "debit", "1000"),
    ]
    assert posting.rule == "r@1"


def test_two_currencies_in_one_sum_are_refused() -> None:
    fact = payment(1, amounts={"gross": payment(1).amounts["gross"], "fee": payment(1, 5, "EUR").amounts["gross"]})
    document = rules(lines=[{"account": "1", "debit": "gross - fee"}, {"account": "2", "credit": "gross"}])
    with pytest.raises(PostingError) as caught:
        RuleSet(document).post(fact)
    assert caught.value.code == "currencies_differ"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "chart of accounts"),
        (b'{"accounts":[{"code":"1","name":"a","type":"cash","normal_side":"debit"}]}', "type"),
        (
            b'{"accounts":[{"code":"1","name":"a","type":"asset","normal_side":"debit"},'
            b'{"code":"1","name":"b","type":"asset","normal_side":"debit"}]}',
            "twice",
        ),
        (b'{"accounts":[{"code":" ","name":"a","type":"asset","normal_side":"debit"}]}', "empty"),
        (b"\xff", "chart of accounts"),
    ],
)
def test_bad_charts_are_refused(raw: bytes, message: str) -> None:
    with pytest.raises(ChartError, match=message):
        parse_chart(raw)


def test_an_account_can_be_named_by_the_fact() -> None:
    document = rules(
        lines=[{"account": "1000", "debit": "gross"}, {"account": "{metadata.ledger_account}", "credit": "gross"}]
    )
    posting = RuleSet(document).post(payment(1, metadata={"ledger_account": "7000"}))
    assert posting is not None
    assert posting.lines[1].account == "7000"
    with pytest.raises(PostingError) as caught:
        RuleSet(document).post(payment(1))
    assert caught.value.code == "account_missing"
