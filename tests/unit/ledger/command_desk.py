"""A ledger in memory with a few accounts, and short ways to ask it for something."""

from typing import Any

import msgspec

from ledger.accounts import Account, Chart
from ledger.answers import Answer
from ledger.book import Book
from ledger.commands import Command, Malformed, decode_command
from ledger.ledger import Ledger
from ledger.memory_store import MemoryStore
from ledger.rules import load_rules
from ledger.snapshot import state_digest
from tests.unit.ledger.builders import NOW_US

CODES = {"1000": "asset", "1010": "asset", "1020": "asset", "6000": "asset", "7000": "liability"}
CODES |= {"8000": "expense", "8100": "expense", "9000": "equity", "9900": "asset"}
CODES = dict.fromkeys(sorted(load_rules().accounts), "asset") | CODES  # whatever else the rules that ship post to


def chart() -> Chart:
    return Chart(
        tuple(
            Account(code=code, name=code, type=kind, normal_side="debit" if kind in ("asset", "expense") else "credit")  # type: ignore[arg-type]
            for code, kind in CODES.items()
        )
    )


def command(name: str, key: str = "", **fields: Any) -> Command | Malformed:
    return decode_command(msgspec.json.encode({"command": name, **({"key": key} if key else {}), **fields}))


def two(debit: str, credit: str, amount: int, currency: str = "USD") -> list[list[str]]:
    return [[debit, "debit", str(amount), currency], [credit, "credit", str(amount), currency]]


def post(key: str, debit: str = "1000", credit: str = "7000", amount: int = 100, **fields: Any) -> Command | Malformed:
    return command("post", key, lines=two(debit, credit, amount, fields.pop("currency", "USD")), **fields)


def hold(key: str, debit: str = "1000", credit: str = "7000", amount: int = 100, **fields: Any) -> Command | Malformed:
    return command("hold", key, lines=two(debit, credit, amount), **fields)


class Teller:
    """One ledger in memory."""

    def __init__(self) -> None:
        self.now_us = NOW_US
        self.store = MemoryStore()
        self.ledger = Ledger.open(self.store, "main", chart=chart(), rules=load_rules(), now_us=lambda: self.now_us)

    def ask(self, *commands: Command | Malformed) -> list[Answer]:
        return self.ledger.apply(commands)

    def one(self, asked: Command | Malformed) -> Answer:
        (answer,) = self.ask(asked)
        return answer

    def must(self, *commands: Command | Malformed) -> list[Answer]:
        answers = self.ask(*commands)
        assert all(answer.decision == "accepted" for answer in answers), answers
        return answers

    def figures(self, account: str, currency: str = "USD", **at: Any) -> dict[str, int]:
        answer = self.one(command("balance", account=account, currency=currency, **at))
        return {name: int(value) for name, value in answer.figures.items()}

    def digest(self) -> str:
        """The book's memory without what every event moves: position, time and seal."""
        book = self.ledger.book
        kept = (book.version, book.seal, book.recorded_at_us)
        book.version, book.seal, book.recorded_at_us = 0, b"", 0
        try:
            return state_digest(book)
        finally:
            book.version, book.seal, book.recorded_at_us = kept

    def replayed(self) -> Book:
        """The book rebuilt from its events alone."""
        book = Book("main")
        for event in self.store.history("main"):
            book.apply(event)
        return book

    def types(self) -> list[str]:
        return [event.type for event in self.store.history("main")]
