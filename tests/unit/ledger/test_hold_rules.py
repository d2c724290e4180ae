"""Rules that hold: what is wrong with one is said when it is read; compared before they are adopted."""

from typing import Any

import pytest

from ledger.errors import RulesError
from ledger.events import EntryPosted
from ledger.ledger import Ledger
from ledger.rules import RuleSet
from ledger.rules_diff import rules_diff
from ledger.what_if import what_if
from tests.unit.ledger.gateway import LINES, RULES, Gateway, part, told


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hold": "keep"}, "Invalid enum value 'keep'"),
        ({"hold_link": "links.order", "hold": None}, "hold_link without hold: say place, capture or release"),
        ({"hold_rest": "keep"}, "hold_rest is for a capture, a place leaves no rest"),
        ({"hold_link": "payment"}, "hold_link 'payment' names no hold"),
        ({"hold_link": "amounts.gross"}, "hold_link 'amounts.gross' names no hold"),
        ({"lines": []}, "an entry needs two or more lines, it has 0"),
        ({"hold": "release", "lines": LINES[:1]}, "an entry needs two or more lines, it has 1"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_when_it_is_read(change: dict[str, Any], says: str) -> None:
    with pytest.raises(RulesError) as refused:
        RuleSet({"version": 1, "rules": [{**RULES["rules"][0], **change}]})
    assert says in str(refused.value)


def test_another_link_names_the_hold() -> None:
    rules = [{**rule, "hold_link": "attributes.order"} for rule in RULES["rules"]]
    gateway = Gateway({**RULES, "rules": rules})
    gateway.tell(told("authorized", attributes={"order": "7"}), told("succeeded", name="x", attributes={"order": "7"}))
    assert gateway.held() == (100, 0, 0)


def test_a_release_may_post_what_it_costs() -> None:
    rules = [*RULES["rules"][:4], {**RULES["rules"][4], "lines": [{"account": "8000", "debit": "gross"}, LINES[1]]}]
    gateway = Gateway({**RULES, "rules": rules})
    (_, released) = gateway.tell(told("authorized"), told("canceled", 3))
    assert isinstance(released, EntryPosted)
    assert gateway.held() == (0, 0, 0)
    assert gateway.figures("8000")["posted"] == 3


def test_rules_that_hold_compared_with_rules_that_do_not() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"), told("succeeded", 60), told("authorized", 9, "pi_2"), told("canceled", 9, "pi_2"))
    history = list(gateway.store.history("main"))
    assert rules_diff(history, RuleSet({**RULES, "version": 4})).different == 0
    plain = [{name: value for name, value in rule.items() if name != "hold"} for rule in RULES["rules"][3:4]]
    diff = rules_diff(history, RuleSet({"version": 4, "rules": plain}))
    assert [(each.hold_before, each.hold_after, len(each.held_before)) for each in diff.examples] == [
        ("place pi_1", "", 2),
        ("capture pi_1", "", 0),
        ("place pi_2", "", 2),
        ("release pi_2", "", 0),
    ]
    assert diff.months == ()


def test_what_if_says_what_becomes_of_the_hold() -> None:
    gateway = Gateway()
    book = gateway.ledger.book
    for facts in ([told("authorized")], [part(30)], [told("succeeded", 71)], [told("authorized", 200)]):
        state = gateway.digest()
        known = gateway.store.known(gateway.store.take(["main"])["main"], book.questions(facts))
        gateway.ledger = Ledger.open(gateway.store, "main", now_us=lambda: gateway.now_us)
        book = gateway.ledger.book
        seen = what_if(book, facts[0], known)
        assert gateway.digest() == state
        (event,) = gateway.tell(*facts)
        assert event.hold_step is not None
        assert (seen.hold, seen.held, seen.flags) == (event.hold_step.step, event.hold_step.left, event.flags)
        assert seen.decision == ("posted" if isinstance(event, EntryPosted) else "observed")
