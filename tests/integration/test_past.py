"""Questions about the past of a stored book: sums by day and segment answer what a fold of every event answers."""

import random
from collections.abc import Iterator

import pytest

from ledger import day_sums
from ledger.answers import Answer
from ledger.command_events import TrialLine
from ledger.commands import Command, Malformed
from ledger.day_sums import StoredHistory
from ledger.event_history import EventHistory
from ledger.events import Recorded
from ledger.facts import Fact
from ledger.hindsight import held_at
from ledger.ledger import Ledger
from ledger.money import AMOUNT_MINOR_MAX, Money
from ledger.past import Past
from ledger.rules import RuleSet
from ledger.store import Store
from ledger.trial_balance import trial_balance
from ledger.verification import verify_ledger
from tests.unit.ledger.builders import NOW_US
from tests.unit.ledger.command_desk import chart, command, hold, post
from tests.unit.ledger.gateway import RULES, part, told

SEGMENT = 7
KEYS = [("1000", "USD"), ("7000", "USD"), ("1000", "EUR"), ("8000", "USD")]
DAYS = ["2025-12-31", "2026-01-02", "2026-01-05", "2026-01-31", "2026-02-10", "2026-03-01", "2027-01-01"]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_sums, "SEGMENT_POSITIONS", SEGMENT)


@pytest.fixture
def store(postgres_dsn: str, small_segments: None) -> Iterator[Store]:
    with Store.open(postgres_dsn) as opened:
        yield opened


def ledger_on(store: Store) -> Ledger:
    return Ledger.open(store, "main", chart=chart(), rules=RuleSet(RULES), now_us=lambda: NOW_US)


def story(seed: int) -> Iterator[list[Command | Malformed] | list[Fact]]:
    """Batches of commands and facts: dated back and ahead, held and captured, periods closed and opened again."""
    source = random.Random(seed)
    for number in range(60):
        day = source.choice(DAYS)
        amount = source.choice([1, 5, 100])
        name = f"pi_{source.randrange(6)}"
        match source.randrange(9):
            case 0 | 1:
                currency = source.choice(["USD", "EUR"])
                yield [post(f"p{number}", amount=amount, effective_at=day, currency=currency)]
            case 2:
                yield [hold(f"h{number}", amount=amount, effective_at=day, expires_at="2026-02-01")]
            case 3:
                yield [command("capture", f"c{number}", hold=f"h{number - 3}", amount="1", rest="keep")]
            case 4:
                yield [told("authorized", amount, name, number, effective_at=day)]
            case 5:
                yield [part(amount, number, name=name, effective_at=day)]
            case 6:
                step = source.choice(["succeeded", "canceled"])
                yield [told(step, amount, name, number, effective_at=day), told("authorized", 3, name, number)]
            case 7:
                yield [command("close_period", f"k{number}", through=day)]
            case 8:
                yield [
                    command("reopen_period", f"o{number}", since=day),
                    command("clock", f"t{number}", at=f"2026-0{1 + number // 20}-03"),
                ]


def tell(ledger: Ledger, batch: list[Command | Malformed] | list[Fact]) -> list[Answer]:
    facts = [each for each in batch if isinstance(each, Fact)]
    if facts:
        ledger.facts(facts)
        return []
    return ledger.apply(batch)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_every_date_and_position_is_what_the_fold_says(store: Store, seed: int) -> None:
    ledger = ledger_on(store)
    source = random.Random(seed)
    for batch in story(seed):
        tell(ledger, batch)
        if source.random() < 0.2:  # segments are made at different heads
            _compare(store, source)
    _compare(store, source)
    events = list(store.history("main"))
    closings = [event for event in events if event.type == "PeriodClosed"]
    assert closings
    for closing in closings:
        event = closing.event()
        before = trial_balance(events, as_of=event.through, at_position=closing.position - 1)  # type: ignore[union-attr]
        assert event.trial_balance == before  # type: ignore[union-attr]


def _compare(store: Store, source: random.Random) -> None:
    events = list(store.history("main"))
    lease = store.looking("main")
    stored, folded = StoredHistory(store.connection, "main", lease.book_id), EventHistory(events)
    for _ in range(12):
        upto, as_of, key = source.randrange(1, len(events) + 1), source.choice(["", *DAYS]), source.choice(KEYS)
        later: list[Recorded] = events[source.randrange(len(events)) :]  # what is not appended yet may be by now
        mine, plain = Past(stored, later), Past(folded, later)
        assert mine.posted(key, as_of, upto) == plain.posted(key, as_of, upto)
        assert mine.held(key, as_of, upto) == plain.held(key, as_of, upto) == held_at(events[:upto], key, as_of)
        assert mine.trial_balance(as_of) == trial_balance(events, as_of=as_of)


def test_what_is_not_appended_yet_counts(store: Store) -> None:
    ledger = ledger_on(store)
    ledger.apply([post(f"p{number}", amount=1) for number in range(20)])
    events = list(store.history("main"))
    ahead = Ledger.open(store, "other", chart=chart(), rules=RuleSet(RULES), now_us=lambda: NOW_US)
    ahead.apply([post(f"q{number}", amount=1) for number in range(9)])
    stored = StoredHistory(store.connection, "other", store.looking("other").book_id)
    assert Past(stored, events).posted(("1000", "USD"), "", 0) == [20, 0]
    assert Past(stored, events).posted(("1000", "USD"), "", 15) == [14, 0]


def test_a_query_and_a_closing_inside_a_batch(store: Store) -> None:
    ledger = ledger_on(store)
    ask = command("posted", account="1000", currency="USD", as_of="2026-01-31")
    dated = [post(f"p{number}", amount=1, effective_at="2026-01-31") for number in range(SEGMENT * 3)]
    answers = ledger.apply([*dated, ask, command("close_period", "k", through="2026-01-31"), post("late"), ask])
    assert [answer.figures["posted"] for answer in answers if answer.figures] == ["21", "21"]
    event = list(store.history("main"))[-2].event()
    assert event.trial_balance == (TrialLine("1000", "USD", "21", "0"), TrialLine("7000", "USD", "0", "21"))  # type: ignore[union-attr]


def test_sums_beyond_every_integer_of_the_database_are_exact(store: Store) -> None:
    ledger = ledger_on(store)
    amounts = {"gross": Money.of(AMOUNT_MINOR_MAX, "USD")}
    ledger.facts([told("succeeded", name=f"pi_{number}", amounts=amounts) for number in range(20)])
    answer = ledger.apply([command("posted", account="1000", currency="USD", as_of="2027-01-01")])[0]
    assert answer.figures == {"posted": str(20 * AMOUNT_MINOR_MAX)}


def test_what_was_kept_may_be_deleted(store: Store) -> None:
    ledger = ledger_on(store)
    ledger.apply([post(f"p{number}", amount=1) for number in range(30)])
    ask = command("balance", account="1000", currency="USD", as_of="2099-01-01")
    (first,) = ledger.apply([ask])
    counted = store.connection.execute("SELECT count(*) FROM ledger.history_segments").fetchone()
    assert counted == (31 // SEGMENT,)
    store.connection.execute("TRUNCATE ledger.history_segments, ledger.day_sums")
    assert ledger.apply([ask]) == [first]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.day_sums SET debits = debits + 1 WHERE account = '1000' AND segment = 1",
        "DELETE FROM ledger.day_sums WHERE account = '7000'",
        "UPDATE ledger.day_sums SET day = day + 1",
        "UPDATE ledger.history_segments SET hold_positions = '{3}' WHERE segment = 2",
        "INSERT INTO ledger.history_segments SELECT book_id, 4, '{}' FROM ledger.books",
    ],
)
def test_verification_finds_sums_that_are_not_those_of_the_events(store: Store, statement: str) -> None:
    ledger = ledger_on(store)
    ledger.apply([post(f"p{number}", amount=1) for number in range(30)])
    ledger.apply([command("posted", account="1000", currency="USD", as_of="2027-01-01")])
    (report,) = verify_ledger(store.connection)
    assert report.findings == ()
    assert store.connection.execute(statement.encode()).rowcount > 0
    (report,) = verify_ledger(store.connection)
    assert {finding.law for finding in report.findings} == {"day_sums"}
