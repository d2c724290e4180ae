"""A ledger in memory whose rules let the facts of a gateway hold, and facts for it."""

from collections.abc import Sequence
from typing import Any

from ledger.events import EntryPosted, FactObserved
from ledger.facts import Fact
from ledger.ledger import Ledger
from ledger.memory_store import MemoryStore
from ledger.money import Money
from ledger.rules import RuleSet
from tests.unit.ledger.builders import NOW_US
from tests.unit.ledger.command_desk import Teller, chart

LINES = [{"account": "1000", "debit": "gross"}, {"account": "7000", "credit": "gross"}]
RULES: dict[str, Any] = {
    "version": 3,
    "rules": [
        {"name": "authorized", "when": {"type": "payment.authorized"}, "hold": "place", "lines": LINES},
        {
            "name": "part",
            "when": {"type": "payment.succeeded", "where": [{"field": "status", "equals": "part"}]},
            "hold": "capture",
            "hold_rest": "keep",
            "lines": LINES,
        },
        {
            "name": "net",
            "when": {"type": "payment.succeeded", "where": [{"field": "status", "equals": "net part"}]},
            "hold": "capture",
            "hold_rest": "keep",
            "lines": [
                {"account": "1000", "debit": "gross - fee"},
                {"account": "8000", "debit": "fee"},
                {"account": "7000", "credit": "gross"},
            ],
        },
        {"name": "succeeded", "when": {"type": "payment.succeeded"}, "hold": "capture", "lines": LINES},
        {"name": "canceled", "when": {"type": "payment.canceled"}, "hold": "release"},
    ],
}


class Gateway(Teller):
    """A ledger in memory whose rules hold."""

    def __init__(self, rules: dict[str, Any] = RULES) -> None:
        self.now_us = NOW_US
        self.store = MemoryStore()
        self.ledger = Ledger.open(self.store, "main", chart=chart(), rules=RuleSet(rules), now_us=lambda: self.now_us)

    def tell(self, *facts: Fact) -> Sequence[EntryPosted | FactObserved]:
        return [event.event() for event in self.ledger.facts(facts).events]  # type: ignore[misc]

    def held(self) -> tuple[int, int, int]:
        """Posted and held of account 1000, and how many holds are open."""
        figures = self.figures("1000")
        assert figures["held_debits"] == self.figures("7000")["held_credits"]
        return figures["posted"], figures["held_debits"], len(self.ledger.book.fact_holds)


def told(step: str, amount: int = 100, name: str = "pi_1", number: int = 0, **more: Any) -> Fact:
    fields: dict[str, Any] = {
        "type": f"payment.{step}",
        "key": f"gate/a/{name}/{step}/{amount}/{number}",
        "source": "gate",
        "account": "a",
        "effective_at": "2026-01-05",
        "amounts": {"gross": Money.of(amount, "USD")},
        "links": {"payment": name},
    }
    return Fact(**{**fields, **more})


def part(amount: int, number: int = 0, **more: Any) -> Fact:
    return told("succeeded", amount, number=number + 50, status="part", **more)
