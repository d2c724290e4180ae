"""Reads the journal from the event store in plain SQL: the source of every catch-up, gap and rebuild.

Read by (book, position), never by a serial number, because only positions are in the order of commits (law 2).
"""

from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg.types.string import ByteaBinaryLoader

from ledger.events import Recorded

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
        with self._connection.transaction(), self._connection.cursor(binary=True) as cursor:
            # The body is JSON in UTF-8 and stays bytes; only the type, a varchar here, becomes a str.
            cursor.adapters.register_loader("text", ByteaBinaryLoader)
            cursor.execute(_EVENTS, {"book": book, "after": after, "through": after + limit})
            return [Recorded(book, position, type_name, at_us, body) for position, type_name, at_us, body in cursor]

    def heads(self) -> dict[str, int]:
        """Every book and the position of its last event, 0 for an empty one."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SELECT book, head FROM ledger.books ORDER BY book")
            return dict(cursor.fetchall())


# Positions are gapless, so a range of positions is as good as a LIMIT and never sorts.
_EVENTS: Final = """
SELECT position, type::varchar, recorded_at_us, body
FROM ledger.events
WHERE book_id = (SELECT book_id FROM ledger.books WHERE book = %(book)s)
  AND position > %(after)s AND position <= %(through)s
ORDER BY position
"""
