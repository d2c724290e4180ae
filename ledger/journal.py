"""Reading the event store: by book and position, contiguous or not at all (law 2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cramjam
import psycopg
from psycopg.types.string import ByteaBinaryLoader

from ledger.errors import BrokenLaw
from ledger.events import Recorded

READ_EVENTS_MAX: Final = 5000

# Positions are gapless, so a range of positions is as good as a LIMIT and never sorts.
_EVENTS: Final = """
SELECT position, type::varchar, recorded_at_us, body FROM ledger.events
WHERE book_id = (SELECT book_id FROM ledger.books WHERE book = %s) AND position > %s AND position <= %s
ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class StoredRaw:
    """A raw record as it was received (cards masked).

    Attributes:
        digest: SHA-256 of the original bytes, before masking.
    """

    book: str
    digest: bytes
    source: str
    account: str
    received_at_us: int
    topic: str
    partition: int
    record_offset: int
    first_position: int | None
    last_position: int | None
    body: bytes


def read_events(
    connection: psycopg.Connection,
    book: str,
    *,
    after: int = 0,
    upto: int | None = None,
    limit: int | None = READ_EVENTS_MAX,
) -> list[Recorded]:
    """Events of `book` with position > `after` (and <= `upto`), at most `limit` (None: all of them).

    Raises:
        BrokenLaw: a position is missing between two that are there.
    """
    last = 2**62 if upto is None else upto
    if limit is not None:
        last = min(last, after + limit)
    with connection.cursor(binary=True) as cursor:
        # The body is JSON in UTF-8 and stays bytes; only the type, a varchar here, becomes a str.
        cursor.adapters.register_loader("text", ByteaBinaryLoader)
        cursor.execute(_EVENTS, (book, after, last))
        events = [Recorded(book, position, type_name, at_us, body) for position, type_name, at_us, body in cursor]
    check_contiguous(book, after, events)
    return events


def iterate_events(
    connection: psycopg.Connection, book: str, *, after: int = 0, upto: int | None = None, page: int = READ_EVENTS_MAX
) -> Iterator[list[Recorded]]:
    """All events of `book` in pages."""
    while True:
        events = read_events(connection, book, after=after, upto=upto, limit=page)
        if not events:
            return
        yield events
        after = events[-1].position


def check_contiguous(book: str, after: int, events: Sequence[Recorded]) -> None:
    """Raise `BrokenLaw` unless `events` follow position `after` without a gap."""
    for number, event in enumerate(events, start=after + 1):
        if event.position != number:
            raise BrokenLaw(f"book {book!r}: position {number} is missing, {event.position} follows {number - 1}")


def heads(connection: psycopg.Connection) -> dict[str, int]:
    """Head position of every book."""
    return dict(connection.execute("SELECT book, head FROM ledger.books ORDER BY book").fetchall())


def raw_record_of(connection: psycopg.Connection, book: str, position: int) -> StoredRaw | None:
    """The raw record from which the event at `position` was decided; None for events without one."""
    row = connection.execute(
        "SELECT digest, source, account, received_at_us, topic, partition, record_offset, first_position,"
        " last_position, codec, body FROM ledger.raw_records JOIN ledger.books USING (book_id)"
        " WHERE book = %s AND last_position >= %s AND first_position <= %s ORDER BY last_position LIMIT 1",
        (book, position, position),
    ).fetchone()
    if row is None:
        return None
    digest, source, account, received_at_us, topic, partition, offset, first, last, codec, body = row
    if codec != "zstd":
        raise BrokenLaw(f"raw record of {book}/{position} is stored with unknown codec {codec!r}")
    whole = bytes(cramjam.zstd.decompress(body))
    return StoredRaw(book, digest, source, account, received_at_us, topic, partition, offset, first, last, whole)


def raw_records(
    connection: psycopg.Connection, book: str, *, source: str = "", from_position: int = 1
) -> Iterator[tuple[StoredRaw, dict[str, str]]]:
    """Every raw record of `book` in the order in which it came, with its context; within a transaction.

    Args:
        source: only those of this source; any when empty.
        from_position: above 1, only those from which an event at this position or later was decided.
    """
    with connection.cursor("raw_records") as cursor:
        cursor.itersize = 500
        cursor.execute(
            "SELECT digest, source, account, received_at_us, topic, partition, record_offset, first_position,"
            " last_position, codec, body, context FROM ledger.raw_records JOIN ledger.books USING (book_id)"
            " WHERE book = %(book)s AND (%(source)s = '' OR source = %(source)s)"
            " AND (%(position)s <= 1 OR last_position >= %(position)s)"
            " ORDER BY received_at_us, topic, partition, record_offset",
            {"book": book, "source": source, "position": from_position},
        )
        for (
            digest,
            told_by,
            account,
            received_at_us,
            topic,
            partition,
            offset,
            first,
            last,
            codec,
            body,
            context,
        ) in cursor:
            if codec != "zstd":
                raise BrokenLaw(f"a raw record of book {book!r} is stored with unknown codec {codec!r}")
            whole = bytes(cramjam.zstd.decompress(body))
            yield (
                StoredRaw(book, digest, told_by, account, received_at_us, topic, partition, offset, first, last, whole),
                context,
            )
