"""Other rules, compared before they are adopted; and a single fact, looked at before it is told."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Known
from ledger.facts import Fact, name_digest, reference_digest
from ledger.rules import RuleSet, load_rules
from ledger.rules_diff import rules_diff
from ledger.what_if import what_if
from tests.unit.ledger.builders import payment, refund, settlement
from tests.unit.ledger.command_desk import Teller, command, post


def other_rules(credited: str = "9900") -> RuleSet:
    document: dict[str, Any] = dict(load_rules().document)
    changed = []
    for rule in document["rules"]:
        if rule["name"] == "stripe.payment":
            rule = {
                **rule,
                "lines": [{"account": "1000", "debit": "gross"}, {"account": credited, "credit": "gross"}],
            }
        changed.append(rule)
    return RuleSet({"version": 2, "rules": changed})


def story() -> Teller:
    teller = Teller()
    teller.ledger.facts([payment(1, 100), payment(2, 50, effective_at="2026-02-05"), refund(1, 30)])
    teller.must(post("p", amount=7))
    teller.ledger.facts([payment(1, 100, delivery="evt_b"), payment(1, 99), payment(3, 1)])
    return teller


def test_the_same_rules_differ_in_nothing() -> None:
    teller = story()
    teller.ledger.facts([settlement(2, 770, 20, "EUR", needs="stripe/acct_1/ch_2"), refund(9, 5, "failed")])
    document = {**load_rules().document, "version": 9}
    diff = rules_diff(teller.store.history("main"), RuleSet(document))
    assert (diff.facts, diff.different, diff.examples, diff.months) == (5, 0, (), ())


def test_entries_and_months_that_differ() -> None:
    diff = rules_diff(story().store.history("main"), other_rules())
    assert (diff.facts, diff.different) == (4, 3)
    first = diff.examples[0]
    assert (first.key, first.rule_before, first.rule_after) == (payment(1).key, "stripe.payment@1", "stripe.payment@2")
    assert [line.account for line in first.after] == ["1000", "9900"]
    rows = {(row.account, row.month): (row.before, row.after, row.entries) for row in diff.months}
    assert rows == {
        ("1000", "2026-01"): ("101", "101", 2),
        ("1000", "2026-02"): ("50", "50", 1),
        ("7000", "2026-01"): ("-101", "0", 2),
        ("7000", "2026-02"): ("-50", "0", 1),
        ("9900", "2026-01"): ("0", "-101", 2),
        ("9900", "2026-02"): ("0", "-50", 1),
    }


def test_from_a_position_on_and_no_more_examples_than_asked_for() -> None:
    teller = story()
    diff = rules_diff(teller.store.history("main"), other_rules(), from_position=teller.ledger.book.version)
    assert (diff.facts, diff.different) == (1, 1)
    diff = rules_diff(teller.store.history("main"), other_rules(), examples_max=1)
    assert (diff.different, len(diff.examples)) == (3, 1)


def test_accounts_that_are_not_there_and_rules_that_are_gone() -> None:
    teller = story()
    diff = rules_diff(teller.store.history("main"), other_rules("5555"))
    assert {each.code_after for each in diff.examples} == {"account_unknown"}
    teller.must(command("open_account", "o", account="5555", type="asset"))
    diff = rules_diff(teller.store.history("main"), RuleSet({"version": 2, "rules": []}))
    assert diff.different == 4
    assert all(each.rule_after == "" and not each.after for each in diff.examples)


def known_of(teller: Teller, fact: Fact) -> dict[bytes, Known]:
    lease = teller.store.take(["main"])["main"]
    return teller.store.known(lease, teller.ledger.book.questions([fact]))


def test_what_if_shows_t_accounts_and_moves_nothing() -> None:
    teller = story()
    state = teller.digest()
    seen = what_if(teller.ledger.book, payment(7, 40), known_of(teller, payment(7)))
    assert (seen.decision, seen.rule, seen.flags) == ("posted", "stripe.payment@1", ())
    assert [(t.account, t.debits, t.credits, t.before, t.after) for t in seen.accounts] == [
        ("1000", ("40",), (), "128", "168"),
        ("7000", (), ("40",), "-128", "-168"),
    ]
    assert teller.digest() == state


def test_what_if_says_every_other_end() -> None:
    teller = story()
    teller.must(command("close_period", "c", through="2026-01-31"))
    teller.must(command("close_account", "k", account="1000"))
    book = teller.ledger.book

    def ask(fact: Fact) -> Any:
        return what_if(book, fact, known_of(teller, fact))

    assert (ask(payment(1, 100)).decision, ask(payment(1, 100)).position) == ("repeated", 2)
    assert (ask(payment(1, 5)).code, ask(payment(1, 5)).field) == ("key_reused", "amounts.gross")
    assert ask(refund(8, 5, "failed")).needs == "stripe/acct_1/re_8"
    assert ask(payment(8, type="payment.failed")).decision == "observed"
    assert ask(payment(8, amounts={})).code == "amount_missing"
    late = ask(payment(8))
    assert (late.effective_at, late.flags) == ("2026-02-01", ("account_closed/1000/USD",))


@given(st.integers(1, 10**20), st.booleans())
def test_what_if_is_what_happens(amount: int, refunded: bool) -> None:
    teller = story()
    fact = refund(2, amount) if refunded else payment(9, amount)
    seen = what_if(teller.ledger.book, fact, {})
    event = teller.ledger.facts([fact]).events[0].event()
    assert seen.lines == event.lines  # type: ignore[union-attr]
    for account in seen.accounts:
        debits, credits = teller.ledger.book.balances[account.account, account.currency]
        assert int(account.after) == debits - credits
    assert name_digest(fact.key) != reference_digest(fact.key)
