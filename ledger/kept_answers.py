"""Answers to command records, kept for whoever sent them, under the name that the sender gave the record.

They are written in the transaction that makes the decisions true (law 4): an answer is there exactly when what it says
is durable. A record told again under its name is known by them and not decided again. After `KEPT_DAYS` they go.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import psycopg

from ledger.answers import Answer
from ledger.batch import BookAppend

KEPT_DAYS: Final = 30
_DAY_US: Final = 24 * 60 * 60 * 1_000_000
_decoder: Final = msgspec.json.Decoder(Answer)


def keep_answers(cursor: psycopg.Cursor[Any], appends: Sequence[BookAppend]) -> None:
    """Insert what these appends answer, and drop what is too old; the first answer to a name stays."""
    newest_us = 0
    for append in appends:
        for kept in append.answers:
            cursor.execute(
                "INSERT INTO ledger.command_answers (book_id, delivery, digest, at_us, answers)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (append.book_id, kept.delivery, kept.digest, kept.at_us, kept.answers.decode()),
            )
            newest_us = max(newest_us, kept.at_us)
    if newest_us:
        cursor.execute("DELETE FROM ledger.command_answers WHERE at_us < %s", (newest_us - KEPT_DAYS * _DAY_US,))


def known_deliveries(
    connection: psycopg.Connection[Any], book_id: int, deliveries: Sequence[str]
) -> Mapping[str, bytes]:
    """Which of these records were answered before: their names and digests."""
    if not deliveries:
        return {}
    rows = connection.execute(
        "SELECT delivery, digest FROM ledger.command_answers WHERE book_id = %s AND delivery = ANY(%s)",
        (book_id, list(deliveries)),
    )
    return {delivery: bytes(digest) for delivery, digest in rows}


def answers_of(
    connection: psycopg.Connection[Any], book: str, deliveries: Iterable[str]
) -> Mapping[str, Sequence[Answer]]:
    """The answers to those of these records that were decided, each in the order of its commands."""
    rows = connection.execute(
        "SELECT delivery, answers FROM ledger.command_answers JOIN ledger.books USING (book_id)"
        " WHERE book = %s AND delivery = ANY(%s)",
        (book, list(deliveries)),
    )
    return {delivery: _decoder.decode_lines(text) for delivery, text in rows}
