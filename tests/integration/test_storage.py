"""One contract for both stores: PostgreSQL and the memory of this process."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from ledger.batch import DeadLetter, InputOffset, RawRecord
from ledger.book import Book
from ledger.errors import BrokenLaw, Fenced, StoreError
from ledger.facts import Fact
from ledger.lease import Lease
from ledger.ledger import Ledger
from ledger.memory_store import Memory, MemoryStore
from ledger.rules import RuleSet, load_rules
from ledger.snapshot import state_digest
from ledger.storage import Storage
from ledger.store import Store
from ledger.verification import verify_ledger
from tests.unit.ledger.builders import NOW_US, payment, refund
from tests.unit.ledger.command_desk import chart, command, hold, post
from tests.unit.ledger.gateway import RULES as HOLDING
from tests.unit.ledger.gateway import told as gateway_fact

Opened = Callable[[], Storage]


@pytest.fixture(params=["memory", "postgres"])
def another(request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Opens one more store on the same data."""
    opened: list[Storage] = []
    if request.param == "memory":
        memory = Memory()
        open_one: Opened = lambda: MemoryStore(memory)  # noqa: E731
    else:
        dsn = request.getfixturevalue("postgres_dsn")
        open_one = lambda: Store.open(dsn)  # noqa: E731

    def open_and_remember() -> Storage:
        opened.append(open_one())
        return opened[-1]

    yield open_and_remember
    for store in opened:
        store.close()


def ledger_on(store: Storage) -> Ledger:
    return Ledger.open(store, "main", chart=chart(), rules=load_rules(), now_us=lambda: NOW_US)


def taken(store: Storage) -> tuple[Lease, Book]:
    lease = store.take(["main"])["main"]
    book = store.load("main")
    if not book.version:
        store.open_book(lease, book, chart(), load_rules(), NOW_US)
    return lease, book


def tell(store: Storage, lease: Lease, book: Book, *facts: Fact, **more: Any) -> None:
    decided = book.decide(facts, store.known(lease, book.questions(facts)), NOW_US)
    store.append([store.prepare(lease, book, decided, more.pop("raw", ()))], **more)


STORY = [
    [post("p1", amount=50), hold("h1", expires_at="2026-02-01"), hold("h2", expires_at="2026-02-01")],
    [command("capture", "c1", hold="h1", amount="30", rest="keep"), post("bad", debit="5555"), post("p1", amount=50)],
    [
        post("x", linked=True),
        post("y", debit="5555"),
        command("set_metadata", "m", account="1000", metadata={"a": "b"}),
    ],
    [command("release", "r1", hold="h2"), command("reverse", "v1", entry="p1", amount="20")],
    [command("clock", "t1", at="2026-02-01"), command("set_limit", "l", account="7000", limit="overdraft")],
    [command("close_period", "cp", through="2026-01-31"), post("p2", effective_at="2026-02-02")],
]


def test_a_ledger_opened_again_is_the_same(another: Opened) -> None:
    ledger = ledger_on(another())
    for batch in STORY:
        ledger.apply(batch)
    ledger.facts([payment(1), refund(2, 10, "failed")])
    again = ledger_on(another())
    assert state_digest(again.book) == state_digest(ledger.book)


def test_answers_are_the_same_after_opening_again(another: Opened) -> None:
    ledger = ledger_on(another())
    batches = [[each for each in batch if getattr(each, "key", "") not in ("bad", "x", "y")] for batch in STORY]
    first = [answer for batch in batches for answer in ledger.apply(batch)]
    assert all(answer.decision == "accepted" for answer in first), first
    reopened = ledger_on(another())
    before = reopened.book.version
    again = [answer for batch in batches for answer in reopened.apply(batch)]
    assert [msgspec.structs.replace(answer, repeated=False) for answer in again] == [
        msgspec.structs.replace(answer, repeated=False) for answer in first
    ]
    assert all(answer.repeated for answer in again)
    assert reopened.book.version == before, "repeated commands left a trace"


def test_keys_holds_and_entries_are_known_for_ever(another: Opened) -> None:
    ledger = ledger_on(another())
    for batch in STORY:
        ledger.apply(batch)
    ledger.facts([payment(1)])
    asked = [
        post("p1", amount=51),
        command("capture", "c9", hold="h1"),
        command("capture", "c8", hold="h2"),
        command("capture", "c7", hold="p1"),
        command("reverse", "v2", entry="p1", amount="31"),
        command("reverse", "v3", fact=payment(1).key),
        command("reverse", "v4", position=1),
    ]
    codes = [answer.code or answer.decision for answer in ledger_on(another()).apply(asked)]
    assert codes == [
        "key_reused",
        "hold_expired",
        "hold_released",
        "hold_unknown",
        "reversal_exceeds_entry",
        "accepted",
        "entry_unknown",
    ]


def test_a_snapshot_and_the_events_after_it_are_the_same_book(another: Opened) -> None:
    store = another()
    ledger = ledger_on(store)
    for batch in STORY[:3]:
        ledger.apply(batch)
    assert store.snapshot_due(ledger.book, every_events=3)
    store.snapshot(ledger.book)
    assert not store.snapshot_due(ledger.book, every_events=1)
    for batch in STORY[3:]:
        ledger.apply(batch)
    again = another().load("main")
    assert state_digest(again) == state_digest(ledger.book)
    assert again.seal == ledger.book.seal


def test_the_older_writer_is_fenced_and_leaves_nothing_behind(another: Opened) -> None:
    old, new = ledger_on(another()), ledger_on(another())
    with pytest.raises(Fenced):
        old.apply([post("a")])
    with pytest.raises(StoreError, match="open the ledger anew"):
        old.apply([post("a")])
    assert new.apply([post("b")])[0].position == 2


def test_the_older_writer_answers_no_question_from_its_memory(another: Opened) -> None:
    older, newer = ledger_on(another()), ledger_on(another())
    question = command("posted", account="1000", currency="USD", key="")
    assert newer.apply([question])[0].decision == "accepted"
    with pytest.raises(Fenced):
        older.apply([question])


def test_an_offset_that_somebody_else_moved_fences_the_whole_batch(another: Opened) -> None:
    store = another()
    lease, book = taken(store)
    tell(store, lease, book, payment(1), offsets=[InputOffset("inbound.facts", 0, None, 5)])
    for expected in (None, 4):
        with pytest.raises(Fenced):
            moves = [InputOffset("inbound.facts", 0, expected, 6)]
            tell(store, lease, store.load("main"), payment(2), offsets=moves)
    assert store.offsets() == {("inbound.facts", 0): 5}
    assert store.books() == {"main": 2}


def test_an_offset_moves_with_its_batch_or_not_at_all(another: Opened) -> None:
    store = another()
    lease, book = taken(store)
    tell(store, lease, book, payment(1), offsets=[InputOffset("inbound.facts", 0, None, 5)])
    twice = book.decide([payment(2)], {}, NOW_US)
    twice.keys.append(twice.keys[0])
    with pytest.raises(Exception, match="key"):
        store.append([store.prepare(lease, book, twice)], offsets=[InputOffset("inbound.facts", 0, 5, 6)])
    assert store.offsets() == {("inbound.facts", 0): 5}


def test_an_append_with_a_gap_or_a_key_twice_is_refused_whole(another: Opened) -> None:
    store = another()
    lease, book = taken(store)
    decided = book.decide([payment(1), payment(2), payment(3)], {}, NOW_US)
    gap = msgspec.structs.replace(decided, events=[decided.events[0], decided.events[2]])
    with pytest.raises(BrokenLaw):
        store.append([store.prepare(lease, book, gap)])
    fresh = store.load("main")
    twice = fresh.decide([payment(1)], {}, NOW_US)
    twice.keys.append(twice.keys[0])
    with pytest.raises(Exception, match="key"):
        store.append([store.prepare(lease, fresh, twice)])
    assert store.books() == {"main": 1}


def test_raw_records_and_dead_letters_are_part_of_the_append(another: Opened) -> None:
    store = another()
    lease, book = taken(store)
    raw = RawRecord((1).to_bytes(32), "stripe", "a", NOW_US, "inbound.stripe", 0, 1, {}, b"{}", 2, 2)
    letter = DeadLetter("main", "stripe", "a", "inbound.stripe", 0, 1, b"d", "bad", "why", {}, b"x", 1, NOW_US)
    tell(store, lease, book, payment(1), raw=[raw], dead_letters=[letter])
    assert store.known_raw(lease, [raw.digest, (9).to_bytes(32)]) == {raw.digest: raw.teller}


def test_the_history_is_every_event_from_the_first(another: Opened) -> None:
    store = another()
    ledger = ledger_on(store)
    for batch in STORY:
        ledger.apply(batch)
    positions = [event.position for event in store.history("main")]
    assert positions == list(range(1, ledger.book.version + 1))


def told(dsn: str) -> Store:
    store = Store.open(dsn)
    ledger = ledger_on(store)
    for batch in STORY:
        ledger.apply(batch)
    ledger.facts([payment(1, effective_at="2026-01-01")])
    return store


def test_verification_agrees_with_commands(postgres_dsn: str) -> None:
    with told(postgres_dsn) as store:
        assert [report.findings for report in verify_ledger(store.connection)] == [()]


@pytest.mark.parametrize(
    ("statement", "law"),
    [
        ("UPDATE ledger.events SET key = NULL WHERE position = 4", "key"),
        ("UPDATE ledger.events SET key = md5('moved')::uuid WHERE position = 4", "key"),
        ("UPDATE ledger.events SET body = replace(body, '\"50\"', '\"51\"') WHERE position = 2", "seal"),
        ("UPDATE ledger.events SET body = replace(body, '\"2026-02-02\"', '\"2026-01-02\"')", "period"),
        (
            "UPDATE ledger.events SET body = replace(body, '\"hold\":3', '\"hold\":2') WHERE type = 'EntryPosted'",
            "sequence",
        ),
    ],
)
def test_verification_finds(postgres_dsn: str, statement: str, law: str) -> None:
    with told(postgres_dsn) as store:
        assert store.connection.execute(statement.encode()).rowcount > 0
        (report,) = verify_ledger(store.connection)
        assert law in {finding.law for finding in report.findings}


def test_a_hold_of_facts_ends_once_for_ever(another: Opened) -> None:
    rules = RuleSet(HOLDING)
    ledger = Ledger.open(another(), "main", chart=chart(), rules=rules, now_us=lambda: NOW_US)
    ledger.facts(
        [gateway_fact("authorized"), gateway_fact("authorized", 40, "pi_2"), gateway_fact("succeeded", 10, "pi_3")]
    )
    ledger.facts([gateway_fact("succeeded", 60)])
    again = ledger_on(another())
    assert state_digest(again.book) == state_digest(ledger.book)
    late = again.facts(
        [gateway_fact("canceled"), gateway_fact("authorized", 5, "pi_3"), gateway_fact("succeeded", 41, "pi_2")]
    )
    flags = [event.event().flags for event in late.events]  # type: ignore[union-attr]
    assert flags == [("hold_ended/gate/a/pi_1",), ("hold_ended/gate/a/pi_3",), ("capture_exceeds_hold/gate/a/pi_2",)]
    assert not again.book.held
    assert not again.book.fact_holds
    if isinstance(store := another(), Store):
        (report,) = verify_ledger(store.connection)
        assert report.findings == ()
