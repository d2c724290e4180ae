"""An append: how a batch of events becomes rows, all or nothing, in one transaction (law 4).

A large batch is written by binary COPY. A small one, as when single callers wait for their answers, costs more by its
round trips than by its rows: there all statements travel together; of a large one those before the rows do, and those
after them. Either way the head, the epoch and every input offset move only from where the writer believes them to be;
where one does not, the server raises and nothing happened.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import cramjam
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from ledger.batch import BookAppend, DeadLetter, InputOffset, Redriven
from ledger.copy_rows import event_rows, key_rows
from ledger.digest_array import KeyArray
from ledger.errors import BrokenLaw, Fenced
from ledger.kept_answers import keep_answers

# Up to so many events and raw records, and so many bytes of them, the statements travel together.
FEW_ROWS_MAX: Final = 100
FEW_BYTES_MAX: Final = 1 << 20
_FENCED: Final = "CF001"


def append_batch(
    connection: psycopg.Connection,
    appends: Sequence[BookAppend],
    offsets: Sequence[InputOffset] = (),
    dead_letters: Sequence[DeadLetter] = (),
) -> None:
    """Make a batch true, or nothing of it.

    Raises:
        Fenced: somebody else moved a head, an epoch or an offset.
        BrokenLaw: positions with a gap, or two keys of one event.
    """
    keys = [_own_keys(append) for append in appends]
    together = _few(appends)
    try:
        with _transaction(connection), connection.cursor() as cursor:
            with connection.pipeline():
                cursor.execute("BEGIN")
                for append in appends:
                    _move_head(cursor, append)
                for offset in offsets:
                    _move_offset(cursor, offset)
                if together:
                    _insert(cursor, appends, keys)
                    _finish(cursor, appends, dead_letters)
            if not together:
                _copy(cursor, appends, keys)
                with connection.pipeline():
                    _finish(cursor, appends, dead_letters)
    except psycopg.DatabaseError as error:
        if error.sqlstate == _FENCED:
            raise Fenced(error.diag.message_primary or "another writer") from error
        raise


def _few(appends: Sequence[BookAppend]) -> bool:
    """True when these are written sooner by statements than by COPY."""
    rows = sum(len(append.events) + len(append.references) + len(append.raw_records) for append in appends)
    if rows > FEW_ROWS_MAX:
        return False
    events = sum(len(event.body) for append in appends for event in append.events)
    raw_records = sum(len(raw.body) for append in appends for raw in append.raw_records)
    return events + raw_records <= FEW_BYTES_MAX


@contextmanager
def _transaction(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction that says BEGIN and COMMIT in so many words, inside of pipelines; what did not commit is undone.

    A pipeline without them that an error of ours ends would commit what it has sent until then.
    """
    try:
        yield
    finally:
        if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            connection.rollback()


def _finish(cursor: psycopg.Cursor[Any], appends: Sequence[BookAppend], dead_letters: Sequence[DeadLetter]) -> None:
    keep_answers(cursor, appends)
    for append in appends:
        for redriven in append.redriven:
            _settle_redriven(cursor, append, redriven)
    for letter in dead_letters:
        _insert_dead_letter(cursor, letter)
    for append in appends:
        if append.events:
            cursor.execute("SELECT pg_notify('contraflow_journal', %s)", (append.book,))
    cursor.execute("COMMIT")


def _own_keys(append: BookAppend) -> dict[int, bytes]:
    """Position -> key of every event that decided one; checks that the events are what they say."""
    for number, event in enumerate(append.events, start=append.expected_head + 1):
        if event.position != number or event.book != append.book:
            raise BrokenLaw(f"append to {append.book!r}: {event.book}/{event.position} stands where {number} belongs")
    own = {position: digest for digest, position in append.keys}
    if len(own) != len(append.keys):
        raise BrokenLaw(f"append to {append.book!r}: an event has more than one key of its own")
    return own


_MOVE_HEAD: Final = """
WITH moved AS (
    UPDATE ledger.books SET head = %(head)s, seal = %(seal)s, recorded_at_us = greatest(recorded_at_us, %(last_us)s)
    WHERE book_id = %(book_id)s AND head = %(expected)s AND epoch = %(epoch)s RETURNING 1
)
SELECT ledger.fence(count(*), %(what)s) FROM moved
"""
_FIRST_OFFSET: Final = """
WITH moved AS (
    INSERT INTO ledger.input_offsets VALUES (%(topic)s, %(partition)s, %(next)s) ON CONFLICT DO NOTHING RETURNING 1
)
SELECT ledger.fence(count(*), %(what)s) FROM moved
"""
_MOVE_OFFSET: Final = """
WITH moved AS (
    UPDATE ledger.input_offsets SET next_offset = %(next)s
    WHERE topic = %(topic)s AND partition = %(partition)s AND next_offset = %(expected)s RETURNING 1
)
SELECT ledger.fence(count(*), %(what)s) FROM moved
"""


def _move_head(cursor: psycopg.Cursor[Any], append: BookAppend) -> None:
    head = append.expected_head + len(append.events)
    what = f"book {append.book!r} has another writer or head than {append.expected_head}/{append.epoch}"
    cursor.execute(
        _MOVE_HEAD,
        {
            "head": head,
            "seal": append.seal,
            "last_us": append.events[-1].recorded_at_us if append.events else 0,
            "book_id": append.book_id,
            "expected": append.expected_head,
            "epoch": append.epoch,
            "what": what,
        },
    )
    if append.events:
        cursor.execute("INSERT INTO ledger.seals VALUES (%s, %s, %s)", (append.book_id, head, append.seal))


def _move_offset(cursor: psycopg.Cursor[Any], offset: InputOffset) -> None:
    what = f"{offset.topic}/{offset.partition} was read by somebody else past {offset.expected}"
    move = {
        "topic": offset.topic,
        "partition": offset.partition,
        "next": offset.next_offset,
        "expected": offset.expected,
        "what": what,
    }
    cursor.execute(_FIRST_OFFSET if offset.expected is None else _MOVE_OFFSET, move)


_COPY_EVENTS: Final = (
    "COPY ledger.events (position, recorded_at_us, key, book_id, type, body) FROM STDIN (FORMAT BINARY)"
)
_COPY_KEYS: Final = "COPY ledger.fact_keys (digest, position, book_id) FROM STDIN (FORMAT BINARY)"
_RAW_COLUMNS: Final = (
    "book_id, digest, source, account, received_at_us, topic, partition, record_offset, context, first_position,"
    " last_position, codec, body"
)


def _copy(cursor: psycopg.Cursor[Any], appends: Sequence[BookAppend], keys: Sequence[dict[int, bytes]]) -> None:
    for append, own in zip(appends, keys, strict=True):
        if append.events:
            _copy_rows(cursor, _COPY_EVENTS, event_rows(append.book_id, append.events, own))
    if any(append.references for append in appends):
        _copy_rows(cursor, _COPY_KEYS, key_rows(appends))
    if any(append.raw_records for append in appends):
        with cursor.copy(f"COPY ledger.raw_records ({_RAW_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(
                "int4 bytea text text int8 text int4 int8 jsonb int8 int8 text bytea".split()  # noqa: SIM905
            )
            for row in _raw_rows(appends):
                copy.write_row(row)


def _copy_rows(cursor: psycopg.Cursor[Any], statement: LiteralString, rows: bytes) -> None:
    with cursor.copy(statement) as copy:
        copy.write(rows)


_INSERT_EVENTS: Final = """
INSERT INTO ledger.events (position, recorded_at_us, key, book_id, type, body)
SELECT position, recorded_at_us, key, %(book_id)s, type, convert_from(body, 'UTF8')
FROM unnest(%(positions)s::bigint[], %(times)s::bigint[], %(keys)s::uuid[], %(types)s::text[], %(bodies)s::bytea[])
    AS told (position, recorded_at_us, key, type, body)
"""
_INSERT_KEYS: Final = """
INSERT INTO ledger.fact_keys (digest, position, book_id)
SELECT digest, position, %s FROM unnest(%s, %s::bigint[]) AS told (digest, position)
"""


def _insert(cursor: psycopg.Cursor[Any], appends: Sequence[BookAppend], keys: Sequence[dict[int, bytes]]) -> None:
    for append, own in zip(appends, keys, strict=True):
        if append.events:
            cursor.execute(
                _INSERT_EVENTS,
                {
                    "book_id": append.book_id,
                    "positions": [event.position for event in append.events],
                    "times": [event.recorded_at_us for event in append.events],
                    "keys": [own[event.position].hex() if event.position in own else None for event in append.events],
                    "types": [event.type for event in append.events],
                    "bodies": [event.body for event in append.events],
                },
            )
        if append.references:
            digests = KeyArray([digest for digest, _ in append.references])
            cursor.execute(_INSERT_KEYS, (append.book_id, digests, [position for _, position in append.references]))
    places = ", ".join(["%s"] * (_RAW_COLUMNS.count(",") + 1))
    for row in _raw_rows(appends):
        cursor.execute(f"INSERT INTO ledger.raw_records ({_RAW_COLUMNS}) VALUES ({places})", row)  # noqa: S608


def _raw_rows(appends: Sequence[BookAppend]) -> Iterator[tuple[Any, ...]]:
    for append in appends:
        for raw in append.raw_records:
            yield (
                append.book_id,
                raw.digest,
                raw.source,
                raw.account,
                raw.received_at_us,
                raw.topic,
                raw.partition,
                raw.record_offset,
                Jsonb(dict(raw.context)),
                raw.first_position,
                raw.last_position,
                "zstd",
                bytes(cramjam.zstd.compress(raw.body)),
            )


def _settle_redriven(cursor: psycopg.Cursor[Any], append: BookAppend, redriven: Redriven) -> None:
    if redriven.first_position is not None:
        cursor.execute(
            "UPDATE ledger.raw_records SET first_position = %s, last_position = %s WHERE book_id = %s AND digest = %s",
            (redriven.first_position, redriven.last_position, append.book_id, redriven.digest),
        )
    cursor.execute(
        "UPDATE ledger.dead_letters SET status = %s WHERE book = %s AND digest = %s AND status = 'redriven'",
        ("resolved" if redriven.resolved else "failed_again", append.book, redriven.digest),
    )


def _insert_dead_letter(cursor: psycopg.Cursor[Any], letter: DeadLetter) -> None:
    cursor.execute(
        "INSERT INTO ledger.dead_letters (book, source, account, topic, partition, record_offset, digest, code, detail,"
        " position, context, body, attempts, at_us) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (book, digest) WHERE status = 'open' DO UPDATE SET attempts = dead_letters.attempts + 1",
        (
            letter.book,
            letter.source,
            letter.account,
            letter.topic,
            letter.partition,
            letter.record_offset,
            letter.digest,
            letter.code,
            letter.detail.replace("\x00", "\\0"),
            letter.position,
            Jsonb(dict(letter.context)),
            letter.body,
            letter.attempts,
            letter.at_us,
        ),
    )
