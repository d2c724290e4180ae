"""The event store against a real PostgreSQL: one transaction, one writer, nothing twice."""

from collections.abc import Iterator

import psycopg
import pytest

from ledger.accounts import Account, Chart, load_chart
from ledger.batch import DeadLetter, InputOffset, RawRecord, Redriven, Teller
from ledger.book import Book
from ledger.digest_array import DigestArray
from ledger.errors import BrokenLaw, Fenced
from ledger.facts import Fact
from ledger.journal import heads, raw_record_of, read_events
from ledger.rules import load_rules
from ledger.snapshot import state_digest
from ledger.store import Lease, Store
from ledger.verification import verify_ledger
from tests.unit.ledger.builders import NOW_US, payment, refund


@pytest.fixture
def store(postgres_dsn: str) -> Iterator[Store]:
    with Store.open(postgres_dsn) as store:
        yield store


def taken(store: Store, name: str = "main") -> tuple[Lease, Book]:
    lease = store.take([name])[name]
    book = store.load(name)
    if not book.version:
        store.open_book(lease, book, load_chart(), load_rules(), NOW_US)
    return lease, book


def post(store: Store, lease: Lease, book: Book, *facts: Fact, **more: object) -> None:
    decided = book.decide(facts, store.known(lease, book.questions(facts)), NOW_US)
    store.append([store.prepare(lease, book, decided)], **more)  # type: ignore[arg-type]


def raw(number: int, **more: object) -> RawRecord:
    fields = {
        "digest": number.to_bytes(32),
        "source": "stripe",
        "account": "acct_1",
        "received_at_us": NOW_US,
        "topic": "inbound.stripe",
        "partition": 0,
        "record_offset": number,
        "context": {},
        "body": b'{"id":"evt"}',
    }
    return RawRecord(**{**fields, **more})  # type: ignore[arg-type]


def test_a_book_is_the_same_after_loading(store: Store) -> None:
    lease, book = taken(store)
    post(store, lease, book, payment(1), payment(2), refund(1, 10, "failed"))
    loaded = store.load("main")
    assert (loaded.version, loaded.seal, loaded.balances, loaded.parked) == (
        book.version,
        book.seal,
        book.balances,
        book.parked,
    )


def test_a_snapshot_and_the_events_after_it_are_the_same_book(store: Store) -> None:
    lease, book = taken(store)
    post(store, lease, book, payment(1), refund(1, 10, "failed"))
    assert store.snapshot_due(book, every_events=3)
    store.snapshot(book)
    assert not store.snapshot_due(book, every_events=1)
    post(store, lease, book, payment(2))
    loaded = store.load("main")
    assert (loaded.version, loaded.seal, loaded.balances, loaded.parked) == (
        book.version,
        book.seal,
        book.balances,
        book.parked,
    )
    store.connection.execute("DELETE FROM ledger.events WHERE position <= 3")
    assert store.load("main").version == book.version, "the snapshot was not used"


def test_a_key_is_known_for_ever_and_by_every_writer(store: Store, postgres_dsn: str) -> None:
    lease, book = taken(store)
    post(store, lease, book, payment(1))
    with Store.open(postgres_dsn) as other:
        lease, book = taken(other)
        post(other, lease, book, payment(1, delivery="evt_later"))
        assert [event.type for event in read_events(other.connection, "main")] == [
            "BookOpened",
            "EntryPosted",
            "FactRepeated",
        ]


def test_the_older_writer_is_fenced_and_leaves_nothing_behind(store: Store, postgres_dsn: str) -> None:
    old_lease, old_book = taken(store)
    with Store.open(postgres_dsn) as other:
        new_lease, new_book = taken(other)
        with pytest.raises(Fenced):
            post(store, old_lease, old_book, payment(1))
        post(other, new_lease, new_book, payment(2))
    assert heads(store.connection) == {"main": 2}
    assert all(not report.findings for report in verify_ledger(store.connection))


def test_an_offset_that_somebody_else_moved_fences_the_whole_batch(store: Store) -> None:
    lease, book = taken(store)
    post(store, lease, book, payment(1), offsets=[InputOffset("inbound.stripe", 0, None, 5)])
    for expected in (None, 4):
        stale = store.load("main")
        with pytest.raises(Fenced):
            post(store, lease, stale, payment(2), offsets=[InputOffset("inbound.stripe", 0, expected, 6)])
    assert store.offsets() == {("inbound.stripe", 0): 5}
    assert heads(store.connection) == {"main": 2}


def test_a_connection_cut_before_the_commit_leaves_nothing(store: Store, postgres_dsn: str) -> None:
    lease, book = taken(store)
    decided = book.decide([payment(1)], {}, NOW_US)
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (store.connection.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            store.append([store.prepare(lease, book, decided)])
        assert heads(admin) == {"main": 1}


def test_an_append_with_a_gap_is_a_broken_law(store: Store) -> None:
    lease, book = taken(store)
    decided = book.decide([payment(1), payment(2), payment(3)], {}, NOW_US)
    del decided.events[1]
    with pytest.raises(BrokenLaw):
        store.append([store.prepare(lease, book, decided)])


def test_raw_records_are_found_by_the_position_decided_from_them(store: Store) -> None:
    lease, book = taken(store)
    decided = book.decide([payment(1), payment(2)], {}, NOW_US)
    records = [raw(1, first_position=2, last_position=2, body=b"one"), raw(2, first_position=3, last_position=3)]
    store.append([store.prepare(lease, book, decided, records)])
    first = raw_record_of(store.connection, "main", 2)
    assert first is not None
    assert (first.body, first.digest) == (b"one", (1).to_bytes(32))
    assert raw_record_of(store.connection, "main", 1) is None
    first_told = Teller("stripe", "acct_1", {})
    assert store.known_raw(lease, [(1).to_bytes(32), (9).to_bytes(32)]) == {(1).to_bytes(32): first_told}


def test_a_dead_letter_lies_there_once_and_is_resolved_when_it_was_decided(store: Store) -> None:
    lease, book = taken(store)
    letter = DeadLetter("main", "stripe", "a", "inbound.stripe", 0, 1, b"d", "bad", "why\x00", {}, b"x", 1, NOW_US)
    for _ in range(2):
        store.append([], dead_letters=[letter])
    rows = store.connection.execute("SELECT status, attempts FROM ledger.dead_letters").fetchall()
    assert rows == [("open", 2)]
    store.connection.execute("UPDATE ledger.dead_letters SET status = 'redriven'")
    decided = book.decide([payment(1)], {}, NOW_US)
    store.append([store.prepare(lease, book, decided, (), [Redriven(b"d", 2, 2, resolved=True)])])
    assert store.connection.execute("SELECT status FROM ledger.dead_letters").fetchall() == [("resolved",)]


TAMPERINGS = {
    "an amount": ("UPDATE ledger.events SET body = replace(body, '1000', '1001') WHERE position = 2", "seal"),
    "one side of an entry": (
        """UPDATE ledger.events SET body = replace(body, '"credit","1000"', '"credit","1001"') WHERE position = 2""",
        "sequence",
    ),
    "a time": ("UPDATE ledger.events SET recorded_at_us = recorded_at_us + 1 WHERE position = 3", "seal"),
    "a missing event": ("DELETE FROM ledger.events WHERE position = 2", "sequence"),
    "a missing tail": ("DELETE FROM ledger.events WHERE position = 3", "head"),
    "a missing key": ("UPDATE ledger.events SET key = NULL WHERE position = 2", "key"),
    "a moved key": ("UPDATE ledger.events SET key = md5('moved')::uuid WHERE position = 2", "key"),
    "a seal": ("UPDATE ledger.seals SET seal = decode(repeat('00', 32), 'hex') WHERE position = 3", "seal"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_verification_finds(store: Store, what: str) -> None:
    lease, book = taken(store)
    post(store, lease, book, payment(1), payment(2))
    assert [report.findings for report in verify_ledger(store.connection)] == [()]
    statement, law = TAMPERINGS[what]
    store.connection.execute(statement.encode())
    (report,) = verify_ledger(store.connection)
    assert law in {finding.law for finding in report.findings}


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_a_digest_array_reads_as_the_same_digests(store: Store, count: int) -> None:
    digests = [number.to_bytes(16) for number in range(count)]
    row = store.connection.execute("SELECT %s::bytea[]", (DigestArray(digests),)).fetchone()
    assert row == (digests,)


def test_only_the_last_two_snapshots_are_kept(store: Store) -> None:
    lease, book = taken(store)
    for number in range(4):
        post(store, lease, book, payment(number))
        store.snapshot(book)
    assert store.connection.execute("SELECT position FROM ledger.snapshots ORDER BY 1").fetchall() == [(4,), (5,)]
    assert store.load("main").version == 5


def test_a_chart_of_very_many_accounts_is_opened_and_loaded(store: Store) -> None:
    """One event, and far too many bytes to travel with its statements."""
    accounts = tuple(
        Account(code=f"7000:{number:06d}", name="Customer", type="liability", normal_side="credit")
        for number in range(100_000)
    )
    lease = store.take(["wide"])["wide"]
    book = store.load("wide")
    store.open_book(lease, book, Chart((*load_chart().accounts, *accounts)), load_rules(), NOW_US)
    store.snapshot(book)
    assert state_digest(store.load("wide")) == state_digest(book)
