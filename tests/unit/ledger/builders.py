"""Small facts for the ledger's tests."""

from typing import Any

from ledger.accounts import load_chart
from ledger.book import Book, Decided, Known
from ledger.facts import Fact
from ledger.money import Money
from ledger.rules import load_rules

NOW_US = 1_767_607_200_000_000
CHART, RULES = load_chart(), load_rules()


def payment(number: int, amount: int = 1000, currency: str = "USD", **more: Any) -> Fact:
    fields: dict[str, Any] = {
        "type": "payment.succeeded",
        "key": f"stripe/acct_1/pi_{number}/succeeded",
        "source": "stripe",
        "account": "acct_1",
        "effective_at": "2026-01-05T10:00:00Z",
        "amounts": {"gross": Money.of(amount, currency)},
        "links": {"payment": f"pi_{number}"},
        "references": (f"stripe/acct_1/pi_{number}", f"stripe/acct_1/ch_{number}"),
        "delivery": f"evt_{number}",
    }
    return Fact(**{**fields, **more})


def refund(number: int, amount: int = 1000, status: str = "succeeded", **more: Any) -> Fact:
    fields: dict[str, Any] = {
        "type": f"refund.{status}",
        "key": f"stripe/acct_1/re_{number}/{status}",
        "source": "stripe",
        "account": "acct_1",
        "effective_at": "2026-01-05T11:00:00Z",
        "amounts": {"gross": Money.of(amount, "USD")},
        "links": {"refund": f"re_{number}", "payment": f"pi_{number}"},
        "references": (f"stripe/acct_1/re_{number}",) if status == "succeeded" else (),
        "needs": f"stripe/acct_1/re_{number}" if status == "failed" else "",
    }
    return Fact(**{**fields, **more})


def settlement(number: int, gross: int, fee: int, currency: str = "USD", **more: Any) -> Fact:
    fields: dict[str, Any] = {
        "type": "settlement.recorded",
        "key": f"stripe/acct_1/txn_{number}/recorded",
        "source": "stripe",
        "account": "acct_1",
        "effective_at": "2026-01-05T12:00:00Z",
        "amounts": {
            "gross": Money.of(gross, currency),
            "fee": Money.of(fee, currency),
            "net": Money.of(gross - fee, currency),
        },
        "links": {"transaction": f"txn_{number}", "source": f"ch_{number}", "category": "charge"},
    }
    return Fact(**{**fields, **more})


def opened(name: str = "main") -> Book:
    book = Book(name)
    book.open(CHART, RULES, NOW_US)
    return book


class Desk:
    """A book with the memory that the store would have: keys and references of all that was decided."""

    def __init__(self, name: str = "main") -> None:
        self.book = Book(name)
        self.events = list(self.book.open(CHART, RULES, NOW_US).events)
        self.known: dict[bytes, Known] = {}

    def tell(self, *facts: Fact, now_us: int = NOW_US) -> Decided:
        known = {digest: self.known[digest] for digest in self.book.questions(facts) if digest in self.known}
        decided = self.book.decide(facts, known, now_us)
        by_position = {event.position: event.event() for event in decided.events}
        for digest, position in (*decided.keys, *decided.references):
            assert digest not in self.known, "a digest is stored once; a second time would fail the append"
            event = by_position[position]
            self.known[digest] = Known(position, event.fact)  # type: ignore[union-attr]
        self.events.extend(decided.events)
        return decided

    def balance(self, account: str, currency: str = "USD") -> int:
        debits, credits = self.book.balances.get((account, currency), (0, 0))
        return debits - credits
