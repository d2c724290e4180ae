"""The book against a model of dictionaries, over random commands; shrunk by hypothesis when they disagree."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.ledger.book_model import KINDS, Commands
from tests.unit.ledger.command_desk import Teller, command, post
from tests.unit.ledger.model_run import CrashingStore, ModelRun

NUMBERS = st.lists(st.integers(0, 419), min_size=12, max_size=12)
OPERATIONS = 3_000
OPERATIONS_LONG = 1_000_000
OPERATIONS_A_BOOK = 500


class BookAgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.run = ModelRun()

    @rule(kind=st.sampled_from(KINDS), numbers=NUMBERS)
    def one(self, kind: str, numbers: list[int]) -> None:
        self.run.step([kind], drawn(numbers))

    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=4), numbers=NUMBERS)
    def chain(self, kinds: list[str], numbers: list[int]) -> None:
        self.run.step(kinds, drawn(numbers))

    @invariant()
    def balances_agree(self) -> None:
        self.run.compare()

    def teardown(self) -> None:
        self.run.finish()


def drawn(numbers: list[int]):
    state = {"at": 0}

    def below(limit: int) -> int:
        state["at"] += 1
        return numbers[state["at"] % len(numbers)] % limit

    return below


TestBookAgainstModel = BookAgainstModel.TestCase
TestBookAgainstModel.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)


def random_run(seed: int, operations: int) -> int:
    source = random.Random(seed)
    run = ModelRun()
    while run.done < operations:
        size = 1 if source.random() < 0.8 else source.randint(2, 5)
        run.step(source.choices(KINDS, weights=(5, 4, 4, 1, 1, 2, 1, 2), k=size), source.randrange)
    run.finish()
    return run.done


@pytest.mark.parametrize("seed", range(OPERATIONS // OPERATIONS_A_BOOK))
def test_random_commands_end_as_the_model_says(seed: int) -> None:
    random_run(seed, OPERATIONS_A_BOOK)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_crashes_and_retries_change_nothing(seed: int) -> None:
    source = random.Random(seed)
    store = CrashingStore(lambda: source.random() < 0.2)
    run = ModelRun(store)
    while run.done < 60 or not all(store.crashes):  # until it died both before and after an append
        run.step(source.choices(KINDS, k=source.choice((1, 1, 3))), source.randrange)
    run.finish()


@pytest.mark.bench_long
@pytest.mark.timeout(0)
def test_a_million_random_commands_end_as_the_model_says() -> None:
    seed = random.SystemRandom().randrange(2**32)
    done = 0
    while done < OPERATIONS_LONG:
        print(f"seed {seed}, {done} done", flush=True) if done % 20_000 < OPERATIONS_A_BOOK else None
        try:
            done += random_run(seed, OPERATIONS_A_BOOK)
        except AssertionError as error:
            raise AssertionError(f"with seed {seed}") from error
        seed += 1


def test_the_random_commands_are_of_every_kind_and_end_in_many_ways() -> None:
    """A generator whose commands are all refused for one reason would compare nothing."""
    source = random.Random(7)
    run = ModelRun()
    for _ in range(1_500):
        run.step([source.choice(KINDS)], source.randrange)
    events = [event.event() for event in run.store.history("main")]
    names = {type(event).__name__ for event in events}
    assert names >= {
        "EntryPosted",
        "HoldPlaced",
        "HoldReleased",
        "HoldExpired",
        "ClockMoved",
        "LimitSet",
        "CommandRefused",
    }
    codes = {event.code for event in events if type(event).__name__ == "CommandRefused"}  # type: ignore[union-attr]
    assert codes >= {"limit_exceeded", "hold_captured", "hold_expired", "already_reversed", "key_reused"}
    assert {command["command"] for command in run.commands.made} == set(KINDS) - {"repeat"}
    assert isinstance(run.commands, Commands)


INDEPENDENT = [
    post("a", "1000", "7000", 5),
    post("b", "1000", "7000", 7, currency="EUR"),
    post("c", "8000", "1000", 11),
    command("hold", "d", lines=[["6000", "debit", "3", "USD"], ["7000", "credit", "3", "USD"]]),
    command("open_account", "e", account="new", type="asset"),
    command("set_metadata", "f", account="9900", metadata={"x": "y"}),
    post("a", "1000", "7000", 5),
]


@given(st.permutations(INDEPENDENT), st.integers(1, 4))
def test_any_order_and_batching_of_independent_commands_gives_the_same_balances(order: list, size: int) -> None:
    teller, other = Teller(), Teller()
    teller.must(*INDEPENDENT)
    for start in range(0, len(order), size):
        other.must(*order[start : start + size])
    assert other.ledger.book.balances == teller.ledger.book.balances
    assert other.ledger.book.held == teller.ledger.book.held
    assert other.ledger.book.accounts == teller.ledger.book.accounts
