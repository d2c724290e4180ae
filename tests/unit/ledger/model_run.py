"""The book and its model side by side: every command is given to both, every answer and balance compared."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ledger.accounts import Account, Chart
from ledger.answers import Answer
from ledger.batch import BookAppend
from ledger.book import Book
from ledger.commands import Command, Malformed, decode_command
from ledger.ledger import Ledger
from ledger.memory_store import MemoryStore
from ledger.rules import RuleSet
from ledger.snapshot import BookSnapshot, state_digest
from tests.unit.ledger.book_model import ACCOUNTS, START_S, Commands, Model

CHART = Chart(
    tuple(Account(code=code, name=code, type="asset", normal_side=side) for code, side in ACCOUNTS.items())  # type: ignore[arg-type]
)
RULES = RuleSet({"version": 1, "rules": []})


class ModelRun:
    """One book in memory and its model."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.ledger = self.opened()
        self.model = Model()
        self.commands = Commands()
        self.done = 0

    def step(self, kinds: Sequence[str], below: Callable[[int], int]) -> None:
        """Give one chain of commands to both and compare."""
        chain = [self.commands.next(kind, below) for kind in kinds]
        chain = [{**command, "linked": True} for command in chain[:-1]] + [{**chain[-1], "linked": False}]
        before = memory(self.ledger.book)
        answers = self.give([decode_command(msgspec.json.encode(_wire(command))) for command in chain])
        found = [(answer.code or answer.decision, answer.amount) for answer in answers]
        assert found == self.model.expect(chain), (chain, answers)
        if not any(answer.decision == "accepted" for answer in answers):
            assert memory(self.ledger.book) == before, "a refusal left a trace"
        self.compare()
        self.done += len(chain)

    def opened(self) -> Ledger:
        """The writer, as after a start of its process."""
        return Ledger.open(self.store, "main", chart=CHART, rules=RULES, now_us=lambda: START_S * 1_000_000)

    def give(self, commands: Sequence[Command | Malformed]) -> list[Answer]:
        """Apply, and after a crash start anew and apply again, as a caller does who got no answer."""
        while True:
            try:
                return self.ledger.apply(commands)
            except ConnectionError:
                self.ledger = self.opened()

    def compare(self) -> None:
        """Balances of both, conservation in every currency, and no limit broken."""
        book, model = self.ledger.book, self.model
        assert book.balances == model.posted
        assert book.held == model.held
        for sums in (book.balances, book.held):
            off: dict[str, int] = {}
            for (_, currency), (debits, credits) in sums.items():
                off[currency] = off.get(currency, 0) + debits - credits
            assert not any(off.values()), off
        for account, (kind, overdraft) in model.limits.items():
            for currency in ("USD", "EUR"):
                for side in (0, 1):
                    left = model.left(account, currency, side, kind, overdraft)
                    assert left is None or left >= 0, f"{account} is past its limit"

    def finish(self) -> None:
        """Replay and snapshot lead to the same book; each hold's ends add up to what was held."""
        book = self.ledger.book
        replayed = Book("main")
        ends: dict[int, int] = {}
        for recorded in self.store.history("main"):
            replayed.apply(recorded)
            event: Any = recorded.event()
            if recorded.type == "HoldPlaced":
                ends[recorded.position] = int(event.lines[0].amount)
            elif recorded.type in ("HoldReleased", "HoldExpired"):
                ends[event.hold] -= int(event.lines[0].amount)
            elif recorded.type == "EntryPosted" and event.hold:
                ends[event.hold] = ends[event.hold] - int(event.lines[0].amount) if event.command.rest == "keep" else 0
        assert {position: left for position, left in ends.items() if left} == {
            position: int(hold.lines[0].amount) for position, hold in book.holds.items()
        }
        assert state_digest(replayed) == state_digest(book)
        assert state_digest(BookSnapshot.take(book).restore()) == state_digest(book)


class CrashingStore(MemoryStore):
    """A store that now and then dies under an append: before it is true, or after, when nobody hears of it."""

    def __init__(self, dies: Callable[[], bool]) -> None:
        super().__init__()
        self.dies = dies
        self.crashes = [0, 0]

    def append(self, appends: Sequence[BookAppend], *rest: Any) -> None:
        before, after = self.dies(), self.dies()
        if appends[0].expected_head and before:
            self.crashes[0] += 1
            raise ConnectionError("died before the append")
        super().append(appends, *rest)
        if appends[0].expected_head and after:
            self.crashes[1] += 1
            raise ConnectionError("died after the append")


def memory(book: Book) -> tuple[Any, ...]:
    """What a refusal must leave as it was."""
    return (
        {key: tuple(sums) for key, sums in book.balances.items()},
        {key: tuple(sums) for key, sums in book.held.items()},
        dict(book.holds),
        dict(book.reversed),
        dict(book.accounts),
        book.clock_us,
        book.closings,
    )


def _wire(command: dict[str, Any]) -> dict[str, Any]:
    if "_at_s" not in command:
        return command
    at = datetime.fromtimestamp(command["_at_s"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**{name: value for name, value in command.items() if name != "_at_s"}, "at": at}
