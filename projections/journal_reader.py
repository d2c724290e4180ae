"""Reads the journal from the event store: the source of every catch-up, gap and rebuild."""

from collections.abc import Callable
from typing import Any

import psycopg

from ledger.events import Recorded
from ledger.journal import heads, read_events

# (book, after, through) -> the events with after < position <= through, in order
ReadGap = Callable[[str, int, int], list[Recorded]]


class JournalReader:
    """The events of the books in one store.

    It uses the connection it is given, also within a transaction that is under way there, and leaves it as it was.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def __call__(self, book: str, after: int, through: int) -> list[Recorded]:
        """The events with ``after < position <= through``; the reader itself serves as `ReadGap`."""
        return self.read(book, after, through - after)

    def read(self, book: str, after: int, limit: int) -> list[Recorded]:
        """At most `limit` events of `book` above position `after`, in order; empty at the end or without the book."""
        with self._connection.transaction():
            return read_events(self._connection, book, after=after, limit=limit)

    def heads(self) -> dict[str, int]:
        """Every book and the position of its last event, 0 for an empty one."""
        with self._connection.transaction():
            return heads(self._connection)
