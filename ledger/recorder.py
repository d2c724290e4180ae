"""The recorder: how a batch of events becomes rows, in one transaction, by binary COPY.

It fills the recorder's place in the event sourcing library, whose stock PostgreSQL recorder saves one aggregate's few
events at a time (measured about 1,000 events/s one by one, against 170,000 to 200,000 for COPY in batches of 4,000:
docs/adr/0003). Reads are by (book, position) and insist on contiguity, because serial numbers are not commit order.
"""

from collections.abc import Sequence
from typing import Any, Final, LiteralString, NoReturn
from uuid import UUID

import cramjam
import psycopg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    NotSupportedError,
    StoredEvent,
)
from psycopg.types.json import Jsonb

from ledger.batch import BookAppend, DeadLetter, InputOffset, Redriven
from ledger.copy_rows import event_rows, key_rows
from ledger.errors import BrokenLaw, Fenced
from ledger.events import Recorded
from ledger.journal import read_events
from ledger.kept_answers import keep_answers

_COPY_EVENTS: Final = (
    "COPY ledger.events (position, recorded_at_us, key, book_id, type, body) FROM STDIN (FORMAT BINARY)"
)
_COPY_KEYS: Final = "COPY ledger.fact_keys (digest, position, book_id) FROM STDIN (FORMAT BINARY)"


class CopyRecorder(ApplicationRecorder):
    """Appends and reads the events of books over one connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use `connection`; it must not be shared with another thread."""
        self.connection = connection

    def append(
        self,
        appends: Sequence[BookAppend],
        offsets: Sequence[InputOffset] = (),
        dead_letters: Sequence[DeadLetter] = (),
    ) -> None:
        """Make a batch true, or nothing of it.

        Raises:
            Fenced: somebody else moved a head, an epoch or an offset.
        """
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for append in appends:
                _check_contiguous(append)
                _move_head(cursor, append)
            for offset in offsets:
                _move_offset(cursor, offset)
            for append in appends:
                if append.events:
                    _copy(cursor, _COPY_EVENTS, event_rows(append.book_id, append.events, _own_keys(append)))
            if any(append.references for append in appends):
                _copy(cursor, _COPY_KEYS, key_rows(appends))
            _copy_raw_records(cursor, appends)
            keep_answers(cursor, appends)
            for append in appends:
                for redriven in append.redriven:
                    _settle_redriven(cursor, append, redriven)
            for letter in dead_letters:
                _insert_dead_letter(cursor, letter)
            for append in appends:
                if append.events:
                    cursor.execute("SELECT pg_notify('contraflow_journal', %s)", (append.book,))

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append through the library's interface: the batch comes as ``append=`` and holds the same events."""
        append: BookAppend = kwargs["append"]
        told = [(event.originator_id, event.originator_version) for event in stored_events]
        if told != [(event.book, event.position) for event in append.events]:
            raise IntegrityError("the batch given to append holds other events than the aggregate collected")
        self.append([append], kwargs.get("offsets", ()), kwargs.get("dead_letters", ()))
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of a book after position `gt` up to `lte`, contiguous."""
        events = read_events(self.connection, str(originator_id), after=gt or 0, upto=lte, limit=limit)
        stored: list[StoredEvent] = [StoredRow.of(event) for event in events]
        return stored[::-1] if desc else stored

    def select_notifications(self, *_: Any, **__: Any) -> NoReturn:
        """Not offered: books are read by (book, position); a sequence over all books is not in commit order."""
        raise NotSupportedError("read a book by position instead of the application sequence")

    def max_notification_id(self) -> NoReturn:
        """Not offered, see `select_notifications`."""
        raise NotSupportedError("read a book by position instead of the application sequence")

    def subscribe(self, *_: Any, **__: Any) -> NoReturn:
        """Not offered, see `select_notifications`; listen to ``contraflow_journal`` instead."""
        raise NotSupportedError("listen to contraflow_journal and read by position instead")


class SnapshotRecorder(AggregateRecorder):
    """Keeps snapshots of books; they only save time, the events alone decide."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use `connection`."""
        self.connection = connection

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Store snapshots; one that exists already stays, all but the last two of a book go."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for stored in stored_events:
                cursor.execute(
                    "INSERT INTO ledger.snapshots (book_id, position, state) "
                    "SELECT book_id, %s, %s FROM ledger.books WHERE book = %s ON CONFLICT DO NOTHING",
                    (stored.originator_version, stored.state, str(stored.originator_id)),
                )
                cursor.execute(
                    "DELETE FROM ledger.snapshots USING ledger.books"
                    " WHERE snapshots.book_id = books.book_id AND book = %s AND position < ("
                    "  SELECT min(position) FROM (SELECT position FROM ledger.snapshots AS kept"
                    "  WHERE kept.book_id = books.book_id ORDER BY position DESC LIMIT 2) AS last_two)",
                    (str(stored.originator_id),),
                )
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The snapshots of a book in the order asked for."""
        order = b"DESC" if desc else b"ASC"
        rows = self.connection.execute(
            b"SELECT position, state FROM ledger.snapshots JOIN ledger.books USING (book_id) WHERE book = %s "
            b"AND position > %s AND (%s::bigint IS NULL OR position <= %s) ORDER BY position " + order + b" LIMIT %s",
            (str(originator_id), gt or 0, lte, lte, limit),
        ).fetchall()
        return [StoredEvent(str(originator_id), position, "Snapshot", bytes(state)) for position, state in rows]


class StoredRow(Notification):
    """A stored event that also knows its recorded time; `id` is that time in microseconds."""

    @classmethod
    def of(cls, event: Recorded) -> "StoredRow":
        """The library's form of a recorded event."""
        return cls(event.book, event.position, event.type, event.body, event.recorded_at_us)


def _check_contiguous(append: BookAppend) -> None:
    for number, event in enumerate(append.events, start=append.expected_head + 1):
        if event.position != number or event.book != append.book:
            raise BrokenLaw(f"append to {append.book!r}: {event.book}/{event.position} stands where {number} belongs")


def _move_head(cursor: psycopg.Cursor, append: BookAppend) -> None:
    head = append.expected_head + len(append.events)
    last_us = append.events[-1].recorded_at_us if append.events else 0
    cursor.execute(
        "UPDATE ledger.books SET head = %s, seal = %s, recorded_at_us = greatest(recorded_at_us, %s) "
        "WHERE book_id = %s AND head = %s AND epoch = %s",
        (head, append.seal, last_us, append.book_id, append.expected_head, append.epoch),
    )
    if cursor.rowcount != 1:
        raise Fenced(f"book {append.book!r} has another writer or head than {append.expected_head}/{append.epoch}")
    if append.events:
        cursor.execute("INSERT INTO ledger.seals VALUES (%s, %s, %s)", (append.book_id, head, append.seal))


def _move_offset(cursor: psycopg.Cursor, offset: InputOffset) -> None:
    if offset.expected is None:
        cursor.execute(
            "INSERT INTO ledger.input_offsets VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (offset.topic, offset.partition, offset.next_offset),
        )
    else:
        cursor.execute(
            "UPDATE ledger.input_offsets SET next_offset = %s WHERE topic = %s AND partition = %s AND next_offset = %s",
            (offset.next_offset, offset.topic, offset.partition, offset.expected),
        )
    if cursor.rowcount != 1:
        raise Fenced(f"{offset.topic}/{offset.partition} was read by somebody else past {offset.expected}")


def _own_keys(append: BookAppend) -> dict[int, bytes]:
    """Position -> key of every event that decided one."""
    own = {position: digest for digest, position in append.keys}
    if len(own) != len(append.keys):
        raise BrokenLaw(f"append to {append.book!r}: an event has more than one key of its own")
    return own


def _copy(cursor: psycopg.Cursor, statement: LiteralString, rows: bytes) -> None:
    with cursor.copy(statement) as copy:
        copy.write(rows)


def _copy_raw_records(cursor: psycopg.Cursor, appends: Sequence[BookAppend]) -> None:
    if not any(append.raw_records for append in appends):
        return
    with cursor.copy(
        "COPY ledger.raw_records (book_id, digest, source, account, received_at_us, topic, partition, record_offset,"
        " context, first_position, last_position, codec, body) FROM STDIN (FORMAT BINARY)"
    ) as copy:
        copy.set_types(
            "int4 bytea text text int8 text int4 int8 jsonb int8 int8 text bytea".split()  # noqa: SIM905
        )
        for append in appends:
            for raw in append.raw_records:
                copy.write_row(
                    (
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
                )


def _settle_redriven(cursor: psycopg.Cursor, append: BookAppend, redriven: Redriven) -> None:
    if redriven.first_position is not None:
        cursor.execute(
            "UPDATE ledger.raw_records SET first_position = %s, last_position = %s WHERE book_id = %s AND digest = %s",
            (redriven.first_position, redriven.last_position, append.book_id, redriven.digest),
        )
    cursor.execute(
        "UPDATE ledger.dead_letters SET status = %s WHERE book = %s AND digest = %s AND status = 'redriven'",
        ("resolved" if redriven.resolved else "failed_again", append.book, redriven.digest),
    )


def _insert_dead_letter(cursor: psycopg.Cursor, letter: DeadLetter) -> None:
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
