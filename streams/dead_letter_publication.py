"""`inbound.dead`: what could not be translated or posted, for operators (law 6).

Sent from committed rows, in the order of their ids; a row counts as sent once Kafka acknowledged it. The reason, the
origin and the number of attempts stand in the headers too, so that a filter need not read the bodies. `position` and
`previous` are ids of dead letters, because most of them have no place in a book.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from streams.kafka import RECORD_BYTES_MAX
from streams.publication import Outgoing
from streams.records import DeadLetter, encode_record, time_of

PAGE_ROWS: Final = 100
VALUE_BYTES_MAX: Final = RECORD_BYTES_MAX - 64 * 1024  # the rest is for key and headers


class DeadLetterStream:
    """The stream `inbound.dead`."""

    name: Final = "inbound.dead"

    def publish(self, connection: psycopg.Connection[Any]) -> list[tuple[str, int, Outgoing]]:
        """A page of what was not sent yet: book, id, record; in the order of ids."""
        rows = connection.execute(
            "SELECT dead_letter_id, book, source, account, topic, partition, record_offset, digest, code, detail,"
            " coalesce(position, 0), context, attempts, at_us, body"
            " FROM ledger.dead_letters WHERE NOT published ORDER BY dead_letter_id LIMIT %s",
            (PAGE_ROWS,),
        ).fetchall()
        previous = _last_sent(connection, sorted({row[1] for row in rows}))
        records = []
        for row in rows:
            letter = _letter(row)
            records.append((letter.book, letter.dead_letter_id, _record(letter, previous.get(letter.book, 0))))
            previous[letter.book] = letter.dead_letter_id
        return records

    def mark(self, connection: psycopg.Connection[Any], ids: Sequence[int]) -> None:
        """Say that these were acknowledged."""
        connection.execute(
            "UPDATE ledger.dead_letters SET published = true WHERE dead_letter_id = ANY(%s)", (list(ids),)
        )


def _last_sent(connection: psycopg.Connection[Any], books: Sequence[str]) -> dict[str, int]:
    if not books:
        return {}
    rows = connection.execute(
        "SELECT book, max(dead_letter_id) FROM ledger.dead_letters WHERE published AND book = ANY(%s) GROUP BY book",
        (list(books),),
    )
    return dict(rows.fetchall())


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    body = bytes(row[14])
    try:
        encoding, text = "utf-8", body.decode()
    except UnicodeDecodeError:
        encoding, text = "base64", b64encode(body).decode()
    letter = DeadLetter(
        dead_letter_id=row[0],
        book=row[1],
        source=row[2],
        account=row[3],
        topic=row[4],
        partition=row[5],
        offset=row[6],
        digest=bytes(row[7]).hex(),
        code=row[8],
        detail=row[9],
        position=row[10],
        context=row[11],
        attempts=row[12],
        at=time_of(row[13]),
        body_bytes=len(body),
        body_encoding="utf-8" if encoding == "utf-8" else "base64",
        body=text,
    )
    if len(encode_record(letter)) > VALUE_BYTES_MAX:
        letter = msgspec.structs.replace(letter, body_encoding="omitted", body="")
    return letter


def _record(letter: DeadLetter, previous: int) -> Outgoing:
    event_id = f"{letter.book}/dead/{letter.dead_letter_id}"
    record = Outgoing.of(
        letter.book, letter.dead_letter_id, previous, "dead_letter", encode_record(letter), event_id=event_id
    )
    for name, text in (
        ("code", letter.code),
        ("source", letter.source),
        ("origin", f"{letter.topic}/{letter.partition}/{letter.offset}"),
        ("attempts", str(letter.attempts)),
        ("digest", letter.digest),
    ):
        record.headers.append((name, text.encode()))
    return record
