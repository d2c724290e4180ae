"""A database of an earlier version is brought to today's form, and what it decided stays decided."""

from importlib.resources import files

import psycopg
import pytest

from ledger.accounts import load_chart
from ledger.book import Book
from ledger.errors import Fenced
from ledger.facts import name_digest
from ledger.rules import load_rules
from ledger.store import Store
from ledger.verification import verify_ledger
from tests.unit.ledger.builders import NOW_US, payment


def first_migrations(dsn: str, numbers: int) -> None:
    """The schema as it was after that many migrations."""
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE SCHEMA ledger")
        connection.execute("CREATE TABLE ledger.migrations (number integer PRIMARY KEY)")
        for file in sorted(files("ledger").joinpath("sql").iterdir(), key=lambda each: each.name)[:numbers]:
            connection.execute(file.read_text().encode())
            connection.execute("INSERT INTO ledger.migrations VALUES (%s)", (int(file.name[:4]),))


def tell_as_before(dsn: str) -> None:
    """A book of two payments, written as the first versions did: every key in `fact_keys`."""
    book = Book("main")
    opened = book.open(load_chart(), load_rules(), NOW_US)
    decided = book.decide([payment(1), payment(2)], {}, NOW_US)
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO ledger.books (book, head, epoch, seal) VALUES ('main', 3, 1, %s)", (book.seal,))
        connection.cursor().executemany(
            "INSERT INTO ledger.events (book_id, position, recorded_at_us, type, body) VALUES (1, %s, %s, %s, %s)",
            [(each.position, NOW_US, each.type, each.body.decode()) for each in (*opened.events, *decided.events)],
        )
        connection.cursor().executemany(
            "INSERT INTO ledger.fact_keys (book_id, digest, position) VALUES (1, %s, %s)",
            [*decided.keys, *decided.references],
        )


def test_what_an_earlier_version_decided_stays_decided(postgres_dsn: str) -> None:
    first_migrations(postgres_dsn, 3)
    tell_as_before(postgres_dsn)
    with Store.open(postgres_dsn) as store:
        lease = store.take(["main"])["main"]
        book = store.load("main")
        told = [payment(2), payment(3)]
        known = store.known(lease, book.questions(told))
        assert known[name_digest(payment(2).key)].position == 3
        decided = book.decide(told, known, NOW_US)
        assert [event.type for event in decided.events] == ["EntryPosted"]
        store.append([store.prepare(lease, book, decided)])
        assert [report.findings for report in verify_ledger(store.connection)] == [()]
        with pytest.raises(Fenced):
            store.append([store.prepare(lease, book, decided)])
