"""The projections in a real PostgreSQL: one transaction, any cut, any repeat, gaps, rivals, rebuilds to the byte."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from ledger.events import Recorded
from ledger.facts import Fact
from ledger.schema import migrate
from projections.advance import advance, catch_up, position_of
from projections.errors import JournalGap, ProjectionError, RebuildRunning, UnknownProjection
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS, Projection
from projections.rebuild import compare, rebuild
from projections.schema import ensure_schemas
from tests.unit.projections.stories import again, cut, history, payment, refund, telling

TABLES = {
    "balances": ("balance",),
    "entries": ("posting",),
    "payments": ("payment", "timeline", "reference"),
    "reconciliation": ("item", "payout", "payout_fact", "bank_line", "content", "told_payment"),
}
ON_ONE_DATABASE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_book_numbers = count(1)


@pytest.fixture
def connection(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        migrate(connection)
        ensure_schemas(connection)
        yield connection


def a_book() -> str:
    return f"book {next(_book_numbers)}"


def store(connection: psycopg.Connection[Any], events: Sequence[Recorded]) -> None:
    """Put events into the event store, as an append would."""
    book = events[0].book
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger.books (book, head, seal) VALUES (%s, %s, '')"
            " ON CONFLICT (book) DO UPDATE SET head = excluded.head RETURNING book_id",
            (book, events[-1].position),
        )
        (book_id,) = cursor.fetchone() or (0,)
        with cursor.copy("COPY ledger.events (book_id, position, recorded_at_us, type, body) FROM STDIN") as copy:
            for event in events:
                copy.write_row((book_id, event.position, event.recorded_at_us, event.type, event.body.decode()))


def rows(connection: psycopg.Connection[Any], name: str, book: str) -> dict[str, list[str]]:
    """Every row of a projection's tables about a book, without the book's name."""
    found = {}
    for table in TABLES[name]:
        query = sql.SQL("SELECT (to_jsonb(t) - 'book')::text FROM {} AS t WHERE book = %s ORDER BY 1")
        found[table] = [row[0] for row in connection.execute(query.format(sql.Identifier(name, table)), (book,))]
    return found


def tell(connection: psycopg.Connection[Any], book: str, batches: Iterable[Sequence[Recorded]], name: str = "") -> None:
    reader = JournalReader(connection)
    for batch in batches:
        for projection in [PROJECTIONS[name]] if name else PROJECTIONS.values():
            advance(connection, projection, book, batch, reader)


def nothing_missing(book: str, after: int, through: int) -> list[Recorded]:
    raise AssertionError(f"no gap was expected, {after} to {through} of {book} was asked for")


@ON_ONE_DATABASE
@given(facts=telling(), places=st.lists(st.integers(0, 1000), max_size=6))
def test_the_cut_into_batches_never_shows(connection, facts: list[Fact], places: list[int]) -> None:
    whole, pieces = a_book(), a_book()
    advance_all(connection, whole, [history(facts, whole)])
    advance_all(connection, pieces, cut(history(facts, pieces), places))
    singly = a_book()
    advance_all(connection, singly, [[event] for event in history(facts, singly)])
    for name in PROJECTIONS:
        assert rows(connection, name, whole) == rows(connection, name, pieces), name
        assert rows(connection, name, whole) == rows(connection, name, singly), name


def advance_all(connection: psycopg.Connection[Any], book: str, batches: Iterable[Sequence[Recorded]]) -> None:
    for batch in batches:
        for projection in PROJECTIONS.values():
            advance(connection, projection, book, batch, nothing_missing)


@ON_ONE_DATABASE
@given(facts=telling(), rng=st.randoms(use_true_random=False))
def test_any_order_of_telling_ends_in_the_same_answers(connection, facts: list[Fact], rng) -> None:
    shuffled = list(facts)
    rng.shuffle(shuffled)
    first, second = a_book(), a_book()
    advance_all(connection, first, [history(facts, first)])
    advance_all(connection, second, [history(shuffled, second)])
    for query in (
        "SELECT account, currency, debits, credits, entries FROM balances.balance WHERE book = %s ORDER BY 1, 2",
        "SELECT payment, status, currency, amount, refunded FROM payments.payment WHERE book = %s ORDER BY 1",
        "SELECT kind, item, payout, state, reasons, evidence FROM reconciliation.item WHERE book = %s ORDER BY 1, 2",
    ):
        assert connection.execute(query, (first,)).fetchall() == connection.execute(query, (second,)).fetchall()


@ON_ONE_DATABASE
@given(facts=telling(), data=st.data())
def test_repeats_are_skipped_and_gaps_are_read_from_the_store(connection, facts: list[Fact], data) -> None:
    book, plain = a_book(), a_book()
    events = history(facts, book)
    store(connection, events)
    told = data.draw(st.lists(st.lists(st.sampled_from(events), max_size=8), max_size=6))
    tell(connection, book, [*told, [events[-1]]])
    advance_all(connection, plain, [history(facts, plain)])
    for name in PROJECTIONS:
        assert position_of(connection, name, book) == len(events)
        assert rows(connection, name, book) == rows(connection, name, plain), name


def test_rebuilds_of_random_histories_are_identical_to_the_byte(connection, postgres_dsn: str) -> None:
    @settings(max_examples=15, deadline=None, database=None)
    @given(facts=telling(), places=st.lists(st.integers(0, 1000), max_size=4))
    def fill(facts: list[Fact], places: list[int]) -> None:
        book = a_book()
        events = history(facts, book)
        store(connection, events)
        advance_all(connection, book, cut(events, places))

    fill()
    for name in PROJECTIONS:
        found = compare(postgres_dsn, name)
        assert found.equal, found.difference
        assert found.rows > 15 and not found.swapped and found.events == sum(found.positions.values())


def planted(connection: psycopg.Connection[Any], name: str, statement: str) -> None:
    with connection.transaction():
        # As a restore gone wrong would: without triggers.
        connection.execute("SET LOCAL session_replication_role = replica")
        assert connection.execute(statement.encode()).rowcount >= 1, f"nothing was planted in {name}"


@pytest.mark.parametrize(
    ("name", "statement", "table"),
    [
        ("balances", "UPDATE balances.balance SET debits = debits + 1 WHERE account = '1000'", "balance"),
        ("balances", "DELETE FROM balances.balance WHERE account = '7000'", "balance"),
        ("entries", "UPDATE entries.posting SET amount = amount + 1 WHERE position = 3 AND line = 1", "posting"),
        ("entries", "DELETE FROM entries.posting WHERE position = 3 AND line = 2", "posting"),
        ("payments", "UPDATE payments.payment SET status = 'failed' WHERE payment = 'pi_1'", "payment"),
        ("payments", "DELETE FROM payments.reference WHERE reference = 'ch_2'", "reference"),
        ("reconciliation", "INSERT INTO reconciliation.told_payment VALUES ('main', 'ch_zzz')", "told_payment"),
    ],
)
def test_planted_corruption_is_found_and_a_rebuild_repairs_it(
    connection, postgres_dsn: str, name: str, statement: str, table: str
) -> None:
    events = history([payment(n, "succeeded") for n in range(5)])
    store(connection, events)
    tell(connection, "main", [events])
    before = rows(connection, name, "main")
    planted(connection, name, statement)
    found = compare(postgres_dsn, name)
    assert not found.equal and found.difference is not None
    assert found.difference.table == table and found.difference.live != found.difference.rebuilt
    assert rows(connection, name, "main") != before, "comparing must not repair"
    repaired = rebuild(postgres_dsn, name)
    assert repaired.swapped and not repaired.equal
    assert compare(postgres_dsn, name).equal
    assert rows(connection, name, "main") == before


def test_a_rebuild_works_while_the_live_projection_keeps_moving(connection, postgres_dsn: str) -> None:
    events = history([payment(n, "succeeded", 1000 + n) for n in range(3000)])
    store(connection, events)
    name = "balances"
    tell(connection, "main", [events[:1000]], name)
    done = threading.Event()
    failed: list[BaseException] = []

    def keep_moving() -> None:
        try:
            with psycopg.connect(postgres_dsn, autocommit=True) as mine:
                reader = JournalReader(mine)
                for start in range(1000, len(events), 20):
                    advance(mine, PROJECTIONS[name], "main", events[start : start + 20], reader)
        except Exception as error:  # noqa: BLE001  # shown by the main thread
            failed.append(error)
        finally:
            done.set()

    mover = threading.Thread(target=keep_moving)
    mover.start()
    swaps = 0
    while not done.is_set() or not swaps:
        found = rebuild(postgres_dsn, name)
        assert found.equal, found.difference
        swaps += 1
    mover.join()
    assert not failed
    assert position_of(connection, name, "main") == len(events)
    assert compare(postgres_dsn, name).equal
    schemas = [row[0] for row in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'balances%'")]
    assert schemas == ["balances"], "a rebuild leaves nothing behind"


def test_one_rebuild_at_a_time_and_only_of_what_there_is(connection, postgres_dsn: str) -> None:
    connection.execute("SELECT pg_advisory_lock(hashtext('contraflow rebuild balances'))")
    with pytest.raises(RebuildRunning, match="balances"):
        rebuild(postgres_dsn, "balances")
    with pytest.raises(UnknownProjection, match="balances, entries"):
        rebuild(postgres_dsn, "balance")


def test_a_rebuild_takes_over_what_a_killed_one_left(connection, postgres_dsn: str) -> None:
    events = history([payment(n, "succeeded") for n in range(5)])
    store(connection, events)
    tell(connection, "main", [events])
    connection.execute("CREATE SCHEMA balances_shadow; CREATE TABLE balances_shadow.balance (x int)")
    connection.execute("CREATE SCHEMA balances_retired")
    assert rebuild(postgres_dsn, "balances").equal


def test_a_book_that_the_store_has_lost_stops_the_rebuild(connection, postgres_dsn: str) -> None:
    events = history([payment(n, "succeeded") for n in range(5)])
    store(connection, events[:-1])
    tell(connection, "main", [events])
    with pytest.raises(JournalGap, match="main"):
        compare(postgres_dsn, "balances")


def test_two_advancers_at_once_lose_and_double_nothing(connection, postgres_dsn: str) -> None:
    events = history(
        [payment(n, "succeeded") for n in range(300)] + [refund(n, "succeeded", 300, n) for n in range(99)]
    )
    store(connection, events)
    start = threading.Barrier(3)
    failed: list[BaseException] = []

    def run(step: int) -> None:
        try:
            with psycopg.connect(postgres_dsn, autocommit=True) as mine:
                reader = JournalReader(mine)
                start.wait()
                for batch in cut(events, range(0, len(events), step)):
                    for projection in PROJECTIONS.values():
                        advance(mine, projection, "main", batch, reader)
        except Exception as error:  # noqa: BLE001  # shown by the main thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(step,)) for step in (7, 11, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    for name in PROJECTIONS:
        assert compare(postgres_dsn, name).equal
    (clearing,) = connection.execute("SELECT debits, credits FROM balances.balance WHERE account = '1000'").fetchall()
    assert clearing == (300 * 1000, 99 * 300)


class Killed(Exception):
    pass


@pytest.mark.parametrize("name", PROJECTIONS)
def test_a_death_before_the_commit_changes_nothing(connection, postgres_dsn: str, name: str) -> None:
    class Dying:
        def __init__(self, projection: Projection) -> None:
            self.name = projection.name
            self._projection = projection

        def tables_sql(self) -> Any:
            return self._projection.tables_sql()

        def apply(self, cursor: psycopg.Cursor[Any], book: str, batch: Sequence[Recorded]) -> None:
            self._projection.apply(cursor, book, batch)
            raise Killed

    events = history([payment(n, "succeeded") for n in range(10)])
    store(connection, events)
    tell(connection, "main", [events[:5]], name)
    before = rows(connection, name, "main")
    with pytest.raises(Killed):
        advance(connection, Dying(PROJECTIONS[name]), "main", events[5:], nothing_missing)
    assert rows(connection, name, "main") == before
    assert position_of(connection, name, "main") == 5
    assert catch_up(connection, PROJECTIONS[name], "main", JournalReader(connection), 2) == len(events)
    assert compare(postgres_dsn, name).equal


def test_a_gap_that_the_store_cannot_fill_stops_and_changes_nothing(connection) -> None:
    events = history([payment(n, "succeeded") for n in range(5)])
    store(connection, events[:2])
    with pytest.raises(JournalGap, match="positions 1 to 4 are needed"):
        advance(connection, PROJECTIONS["balances"], "main", events[4:], JournalReader(connection))
    assert position_of(connection, "balances", "main") == 0


def test_events_of_another_book_and_a_busy_connection_are_refused(connection) -> None:
    events = history([payment(1, "succeeded")], "other")
    with pytest.raises(ProjectionError, match="'other' was told as one of 'main'"):
        advance(connection, PROJECTIONS["balances"], "main", events, nothing_missing)
    with connection.transaction(), pytest.raises(ProjectionError, match="transaction of its own"):
        advance(connection, PROJECTIONS["balances"], "other", events, nothing_missing)


def test_the_database_refuses_an_entry_that_does_not_sum_to_zero(connection) -> None:
    columns = "book, position, line, account, side, amount, currency, effective_at, effective_on, recorded_at_us"
    insert = f"INSERT INTO entries.posting ({columns}, fact_type, fact_key, source, source_account, rule) VALUES "
    rest = "'2026-01-05', '2026-01-05', 1, 't', 'k', 's', 'a', 'r@1')"
    debit, credit = (
        f"('main', 2, 1, '1000', 'debit', 5, 'USD', {rest}",
        f"('main', 2, 2, '7000', 'credit', 5, 'USD', {rest}",
    )
    for bad in (
        debit,
        f"{debit}, {credit.replace('5,', '4,', 1)}",
        f"{debit}, {credit.replace('USD', 'EUR')}",
        f"{debit}, {credit.replace('main', 'other')}",
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="does not sum to zero"):
            connection.execute((insert + bad).encode())
    connection.execute(f"{insert}{debit}, {credit}".encode())
    for change in ("UPDATE entries.posting SET amount = 6", "DELETE FROM entries.posting", "TRUNCATE entries.posting"):
        with pytest.raises(psycopg.errors.CheckViolation, match="never changed"):
            connection.execute(change.encode())


def test_many_processes_may_make_the_schemas_at_once(postgres_dsn: str) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with psycopg.connect(postgres_dsn) as mine:
                ensure_schemas(mine)
        except Exception as error:  # noqa: BLE001  # shown by the main thread
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_outside_text_never_stops_a_book(connection, postgres_dsn: str) -> None:
    odd = "\0 tab\t newline\n back\\slash \\N 'quote' \"{}\", é 漢"
    strange = payment(1, "succeeded")
    facts = [
        Fact(**{**{f: getattr(strange, f) for f in strange.__struct_fields__}, "effective_at": odd, "key": odd}),
        again(payment(2, "succeeded"), odd),
    ]
    events = history(facts)
    store(connection, events)
    tell(connection, "main", [events])
    shown = odd.replace("\0", "\ufffd")
    assert connection.execute("SELECT DISTINCT fact_key FROM entries.posting WHERE position = 2").fetchall() == [
        (shown,)
    ]
    for name in PROJECTIONS:
        assert compare(postgres_dsn, name).equal
