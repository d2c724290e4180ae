"""A store that is filled and a publisher that runs, for the tests of publishing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from ledger.accounts import load_chart
from ledger.book import Book
from ledger.facts import Fact
from ledger.rules import load_rules
from ledger.store import Lease, Store
from streams.publishing import PublishingConfig, run_publishing
from tests.unit.ledger.builders import NOW_US

EVENT_TOPICS = ("ledger.journal", "ledger.entries", "payments.facts")


class Books:
    """Posts facts into books of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.taken: dict[str, tuple[Lease, Book]] = {}

    def post(self, name: str, *facts: Fact) -> int:
        """Post and return the head."""
        if name not in self.taken:
            lease, book = self.store.take([name])[name], Book(name)
            self.store.open_book(lease, book, load_chart(), load_rules(), NOW_US)
            self.taken[name] = lease, book
        lease, book = self.taken[name]
        if facts:
            decided = book.decide(facts, self.store.known(lease, book.questions(facts)), NOW_US)
            self.store.append([self.store.prepare(lease, book, decided)])
        return book.version


@contextmanager
def publishing(config: PublishingConfig) -> Iterator[threading.Event]:
    """A publisher in a thread of its own; what it raised is raised here."""
    stop = threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            run_publishing(config, stop)
        except BaseException as error:  # noqa: BLE001 - told to the test
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()
        if raised:
            raise raised[0]


def wait_until(done: Callable[[], bool], wait_s: float = 20) -> None:
    deadline_s = time.monotonic() + wait_s
    while not done():
        assert time.monotonic() < deadline_s, "it did not come"
        time.sleep(0.02)


def published(dsn: str) -> dict[tuple[str, str], int]:
    """(stream, book) -> position stored as sent."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT stream, book, position FROM ledger.publications JOIN ledger.books USING (book_id)"
        )
        return {(stream, book): position for stream, book, position in rows}


def all_sent(dsn: str, streams: tuple[str, ...] = EVENT_TOPICS, **heads: int) -> Callable[[], bool]:
    wanted = {(stream, book): head for stream in streams for book, head in heads.items()}
    return lambda: wanted.items() <= published(dsn).items()
