"""Reading the event store for answers: books, events, raw records, the chart of a book.

The event store is no projection: its position is the book's head, and it is never behind itself.
"""

from dataclasses import dataclass
from typing import Any, Final

import cramjam
import msgspec
import psycopg

from ledger.accounts import Account, Chart
from ledger.errors import BrokenLaw
from ledger.events import Recorded
from ledger.journal import StoredRaw, check_contiguous


@dataclass(frozen=True, slots=True)
class BookRow:
    """One book.

    Attributes:
        recorded_at_us: of its last event, microseconds since 1970; 0 when it has none.
    """

    book: str
    head: int
    recorded_at_us: int


async def books(connection: psycopg.AsyncConnection[Any]) -> list[BookRow]:
    """Every book, by name."""
    cursor = await connection.execute("SELECT book, head, recorded_at_us FROM ledger.books ORDER BY book")
    return [BookRow(*row) for row in await cursor.fetchall()]


async def head(connection: psycopg.AsyncConnection[Any], book: str) -> int | None:
    """Position of the book's last event; None when there is no such book."""
    cursor = await connection.execute("SELECT head FROM ledger.books WHERE book = %s", (book,))
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def events(
    connection: psycopg.AsyncConnection[Any], book: str, after: int, limit: int
) -> tuple[list[Recorded], int | None]:
    """At most `limit` events of the book after a position, and its head; nothing and None when there is no such book.

    Raises:
        BrokenLaw: a position is missing between two that are there (law 2).
    """
    cursor = await connection.execute(_EVENTS, {"book": book, "after": after, "limit": limit}, binary=True)
    rows = await cursor.fetchall()
    if not rows:
        return [], None
    found = [Recorded(book, *row[1:]) for row in rows if row[1] is not None]
    check_contiguous(book, after, found)
    return found, rows[0][0]


async def raw_record(
    connection: psycopg.AsyncConnection[Any], book: str, position: int
) -> tuple[StoredRaw | None, int | None]:
    """The record from which the event at `position` was decided, cards masked, and the book's head.

    No record for an event that was decided without one: the book's opening, or a position that is not there yet.

    Raises:
        BrokenLaw: the record is stored in a way that this code does not know.
    """
    cursor = await connection.execute(_RAW, {"book": book, "position": position}, binary=True)
    row = await cursor.fetchone()
    if row is None:
        return None, None
    head, digest, source, account, received_at_us, topic, partition, offset, first, last, codec, body = row
    if digest is None:
        return None, head
    if codec != "zstd":
        raise BrokenLaw(f"raw record of {book}/{position} is stored with unknown codec {codec!r}")
    whole = bytes(cramjam.zstd.decompress(body))
    raw = StoredRaw(book, digest, source, account, received_at_us, topic, partition, offset, first, last, whole)
    return raw, head


async def accounts(connection: psycopg.AsyncConnection[Any], book: str, after: int = 0) -> tuple[list[Account], int]:
    """Accounts that joined the book's chart after position `after`, and the position up to which that is known.

    The position is 0 when there is no such book, or it was not opened yet.
    """
    found: list[Account] = []
    cursor = await connection.execute(_ACCOUNTS, {"book": book, "after": after}, binary=True)
    for position, type_name, body in await cursor.fetchall():
        if type_name == "BookOpened":
            found += _opening_decoder.decode(body).chart.accounts
        else:
            found.append(_account_decoder.decode(body).account)
        after = position
    return found, after


class _Opening(msgspec.Struct):
    """The part of `BookOpened` that names the accounts."""

    chart: Chart


class _Joining(msgspec.Struct):
    """The part of `AccountOpened` that names the account."""

    account: Account


_opening_decoder: Final = msgspec.json.Decoder(_Opening)
_account_decoder: Final = msgspec.json.Decoder(_Joining)

_ACCOUNTS: Final = """
SELECT position, type, convert_to(body, 'UTF8')
FROM ledger.events
WHERE book_id = (SELECT book_id FROM ledger.books WHERE book = %(book)s) AND position > %(after)s
    AND type IN ('BookOpened', 'AccountOpened')
ORDER BY position
"""

_EVENTS: Final = """
SELECT head, told.position, told.type, told.recorded_at_us, convert_to(told.body, 'UTF8')
FROM ledger.books
LEFT JOIN LATERAL (
    SELECT position, type, events.recorded_at_us, body
    FROM ledger.events
    WHERE events.book_id = books.book_id AND position > %(after)s
    ORDER BY position
    LIMIT %(limit)s
) AS told ON true
WHERE book = %(book)s
ORDER BY told.position
"""

_RAW: Final = """
SELECT head, digest, source, account, received_at_us, topic, partition, record_offset, first_position, last_position,
    codec, body
FROM ledger.books
LEFT JOIN LATERAL (
    SELECT *
    FROM ledger.raw_records
    WHERE raw_records.book_id = books.book_id
        AND last_position >= %(position)s AND first_position <= %(position)s
    ORDER BY last_position
    LIMIT 1
) AS told ON true
WHERE book = %(book)s
"""
