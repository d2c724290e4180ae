"""`contraflow rules diff` and `what-if` over a book with facts, as their users run them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.accounts import load_chart
from ledger.facts import Fact, encode_fact
from ledger.ledger import Ledger
from ledger.rules import RuleSet, load_rules
from ledger.store import Store
from tests.end_to_end.command_line import CommandLine
from tests.unit.ledger.builders import NOW_US, payment, refund
from tests.unit.ledger.gateway import LINES, RULES, part, told


@pytest.fixture
def site(tmp_path: Path, postgres_dsn: str) -> CommandLine:
    return CommandLine(tmp_path, POSTGRES=postgres_dsn, KAFKA="127.0.0.1:1")


@pytest.fixture
def filled(site: CommandLine, postgres_dsn: str) -> Iterator[CommandLine]:
    """The book `main` under the rules that ship, the book `held` under rules that hold."""
    with Store.open(postgres_dsn) as store:
        facts = [payment(1, 100), payment(2, 50, effective_at="2026-02-05"), refund(1, 30), payment(1, 99)]
        Ledger.open(store, "main", now_us=lambda: NOW_US).facts([*facts, refund(7, 5, "failed")])
        holding = Ledger.open(store, "held", chart=load_chart(), rules=RuleSet(RULES), now_us=lambda: NOW_US)
        holding.facts([told("authorized"), part(30), told("authorized", 9, "pi_2")])
    yield site
    with psycopg.connect(postgres_dsn) as connection:
        heads = dict(connection.execute("SELECT book, head FROM ledger.books").fetchall())
    assert heads == {"main": 6, "held": 4}, "a command that only looks moved a book"


def written(path: Path, rules: list[dict[str, Any]], version: int = 2) -> str:
    path.write_text(json.dumps({"version": version, "rules": rules}))
    return str(path)


def other_account(credited: str) -> list[dict[str, Any]]:
    lines = [LINES[0], {"account": credited, "credit": "gross"}]
    rules: list[dict[str, Any]] = load_rules().document["rules"]
    return [{**rule, "lines": lines} if rule["name"] == "stripe.payment" else rule for rule in rules]


def test_rules_diff_says_what_differs(filled: CommandLine, tmp_path: Path) -> None:
    rules = written(tmp_path / "rules.json", other_account("9900"))
    found = filled.json("rules", "diff", "--rules", rules)
    assert (found["book"], found["facts"], found["different"]) == ("main", 3, 2)
    assert [each["key"] for each in found["examples"]] == [payment(1).key, payment(2).key]
    assert found["examples"][0]["after"][1] == ["9900", "credit", "100", "USD"]
    months = {(row["account"], row["month"]): (row["before"], row["after"]) for row in found["months"]}
    assert months["7000", "2026-02"] == ("-50", "0")
    assert months["9900", "2026-02"] == ("0", "-50")
    assert filled.json("rules", "diff", "--rules", rules, "--from", "3")["different"] == 1
    shown = filled.run("rules", "diff", "--rules", rules).stdout
    assert "credit 9900 100 USD" in shown


def test_rules_diff_over_holds(filled: CommandLine, tmp_path: Path) -> None:
    same = written(tmp_path / "same.json", RULES["rules"], 4)
    assert filled.json("rules", "diff", "--rules", same, "--book", "held")["different"] == 0
    rules = written(tmp_path / "none.json", [{"name": "s", "when": {"type": "payment.succeeded"}, "lines": LINES}])
    found = filled.json("rules", "diff", "--rules", rules, "--book", "held")
    assert [(each["hold_before"], each.get("hold_after")) for each in found["examples"]] == [
        ("place pi_1", None),
        ("capture of a part pi_1", None),
        ("place pi_2", None),
    ]
    shown = filled.run("rules", "diff", "--rules", rules, "--book", "held").stdout
    assert "place pi_2" in shown


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([{"name": "x", "when": {"type": "payment.succeeded"}, "lines": LINES, "hold_rest": "keep"}], "without hold"),
        ([{"name": "x", "when": {"type": "payment.paid"}, "lines": LINES}], "not a known fact type"),
    ],
)
def test_rules_that_cannot_be_read_are_named(
    filled: CommandLine, tmp_path: Path, rules: list[dict[str, Any]], says: str
) -> None:
    done = filled.run("rules", "diff", "--rules", written(tmp_path / "bad.json", rules), code=4)
    assert says in done.stderr
    assert "rule 'x'" in done.stderr


def test_what_if_on_a_book_with_facts(filled: CommandLine, tmp_path: Path) -> None:
    def ask(*facts: Fact, book: str = "main") -> list[dict[str, Any]]:
        path = tmp_path / "facts.jsonl"
        path.write_bytes(b"\n".join(encode_fact(fact) for fact in facts) + b"\n")
        answers: list[dict[str, Any]] = filled.json("what-if", str(path), "--book", book)
        return answers

    new, known, other = ask(payment(9, 40), payment(1, 100), payment(1, 7))
    assert (new["decision"], new["rule"]) == ("posted", "stripe.payment@1")
    assert [(each["account"], each["before"], each["after"]) for each in new["accounts"]] == [
        ("1000", "120", "160"),
        ("7000", "-120", "-160"),
    ]
    assert (known["decision"], known["position"]) == ("repeated", 2)
    assert (other["code"], other["field"]) == ("key_reused", "amounts.gross")
    assert ask(refund(8, 5, "failed"))[0]["needs"] == "stripe/acct_1/re_8"
    (over,) = ask(told("succeeded", 71), book="held")
    assert (over["hold"], over["flags"]) == ("capture", ["capture_exceeds_hold/gate/a/pi_1"])
    (placed,) = ask(told("authorized", 200), book="held")
    assert (placed["decision"], placed["held"][0]) == ("observed", ["1000", "debit", "170", "USD"])
