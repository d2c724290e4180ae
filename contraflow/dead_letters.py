"""Dead letters: inbound records that could not be translated or posted, looked at and sent again.

A redriven letter goes back to the topic that it came from, with the digest of its original bytes and the number of its
attempts, so that posting knows it again. It is marked first and sent then: posting settles only marked letters. When
sending fails the mark is taken back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from streams.errors import IntakeUnavailable
from streams.inbound import BOOK_NAME, FILE_BYTES_MAX, InboundRecord
from streams.kafka import KafkaConfig, producer

SEND_WAIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """One dead letter as it is listed.

    Attributes:
        status: ``open``, ``redriven`` (sent again, not decided yet), ``resolved`` or ``failed_again``.
        position: of the refusal in the book; None when the record could not even be translated.
        at: when it died, RFC 3339 in UTC.
    """

    dead_letter_id: int
    book: str
    source: str
    account: str
    code: str
    detail: str
    status: str
    attempts: int
    position: int | None
    at: str
    origin: str
    digest: str


def list_dead_letters(
    connection: psycopg.Connection[Any], *, book: str = "", status: str = "open", limit: int = 100
) -> list[DeadLetterRow]:
    """Newest first. An empty `book` or `status` means any."""
    rows = connection.execute(
        _SELECT + " WHERE (%(book)s = '' OR book = %(book)s) AND (%(status)s = '' OR status = %(status)s)"
        " ORDER BY dead_letter_id DESC LIMIT %(limit)s",
        {"book": book, "status": status, "limit": limit},
    )
    return [_row(row) for row in rows]


def dead_letter(connection: psycopg.Connection[Any], dead_letter_id: int) -> tuple[DeadLetterRow, bytes] | None:
    """One letter with its body (cards masked); None when there is none."""
    row = connection.execute(_SELECT + " WHERE dead_letter_id = %s", (dead_letter_id,)).fetchone()
    body = connection.execute(
        "SELECT body FROM ledger.dead_letters WHERE dead_letter_id = %s", (dead_letter_id,)
    ).fetchone()
    return None if row is None or body is None else (_row(row), bytes(body[0]))


def redrive(connection: psycopg.Connection[Any], kafka: KafkaConfig, dead_letter_ids: Sequence[int]) -> int:
    """Send these letters again, each to the topic it came from; returns how many.

    Passed over are those that are resolved already, and those that could only fail again: without a book's name or a
    body, or with a body that no record may carry.

    Raises:
        IntakeUnavailable: Kafka did not acknowledge them; all of them are as they were.
    """
    with connection.transaction():
        before: dict[int, str] = dict(
            connection.execute(
                "SELECT dead_letter_id, status FROM ledger.dead_letters"
                " WHERE dead_letter_id = ANY(%s) AND status <> 'resolved'"
                " AND book ~ %s AND octet_length(body) BETWEEN 1 AND %s FOR UPDATE",
                (list(dead_letter_ids), f"^(?:{BOOK_NAME})$", FILE_BYTES_MAX),
            ).fetchall()
        )
        connection.execute(
            "UPDATE ledger.dead_letters SET status = 'redriven' WHERE dead_letter_id = ANY(%s)", (list(before),)
        )
    rows = connection.execute(
        "SELECT topic, book, source, account, digest, context, attempts, body FROM ledger.dead_letters"
        " WHERE dead_letter_id = ANY(%s) ORDER BY dead_letter_id",
        (list(before),),
    ).fetchall()
    try:
        _send(kafka, [(topic, _record(*row)) for topic, *row in rows])
    except BaseException:
        with connection.transaction():
            for dead_letter_id, status in before.items():
                connection.execute(
                    "UPDATE ledger.dead_letters SET status = %s WHERE dead_letter_id = %s AND status = 'redriven'",
                    (status, dead_letter_id),
                )
        raise
    return len(rows)


def _send(kafka: KafkaConfig, records: Sequence[tuple[str, InboundRecord]]) -> None:
    failures: list[str] = []
    client = producer(
        kafka,
        "contraflow-redrive",
        delivery_timeout_ms=int(SEND_WAIT_S * 1000),
        on_failure=lambda error, _: failures.append(str(error)) if error is not None else None,
    )
    for topic, record in records:
        # Not the topic of its source: what nobody understands names a source that has none.
        client.produce(topic, key=record.key(), value=record.body, headers=list(record.headers()))
    left = client.flush(SEND_WAIT_S)
    if left or failures:
        raise IntakeUnavailable(
            f"Kafka did not acknowledge {left + len(failures)} of {len(records)} dead letters"
            f"{': ' + failures[0] if failures else ''}; none is marked as redriven, redrive them again"
        )


def _record(
    book: str, source: str, account: str, digest: bytes, context: dict[str, str], attempts: int, body: bytes
) -> InboundRecord:
    return InboundRecord(
        book=book,
        source=source,
        account=account,
        received_at_us=time.time_ns() // 1000,
        digest=bytes(digest).hex(),
        delivery="",
        context=context,
        attempts=max(attempts, 1),
        body=bytes(body),
    )


def _row(row: tuple[Any, ...]) -> DeadLetterRow:
    number, book, source, account, code, detail, status, attempts, position, at_us, topic, partition, offset, digest = (
        row
    )
    return DeadLetterRow(
        dead_letter_id=number,
        book=book,
        source=source,
        account=account,
        code=code,
        detail=detail,
        status=status,
        attempts=attempts,
        position=position,
        at=datetime.fromtimestamp(at_us / 1_000_000, UTC).isoformat(timespec="seconds"),
        origin=f"{topic}/{partition}/{offset}",
        digest=bytes(digest).hex(),
    )


_SELECT: Final = (
    "SELECT dead_letter_id, book, source, account, code, detail, status, attempts, position,"
    " at_us, topic, partition, record_offset, digest FROM ledger.dead_letters"
)
