"""A projection of the tests: it keeps every body it was told, so that a loss, a repeat or a changed byte shows."""

import time
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

from ledger.events import Recorded


class Told:
    """Keeps each event once; a second telling breaks its primary key.

    `fails_at`: raise when this position comes. `first_sleep_s`, `sleep_s`: seconds for the first and each later batch.
    """

    name: LiteralString = "told"

    def __init__(self, fails_at: int = 0, first_sleep_s: float = 0, sleep_s: float = 0) -> None:
        self.fails_at = fails_at
        self.first_sleep_s = first_sleep_s
        self.sleep_s = sleep_s

    def tables_sql(self) -> LiteralString:
        return (
            "CREATE TABLE told (book text, position bigint, type text, recorded_at_us bigint, body text,"
            " PRIMARY KEY (book, position))"
        )

    def apply(self, cursor: psycopg.Cursor[Any], book: str, events: Sequence[Recorded]) -> None:
        # After the position was locked, with the transaction open: the worst moment to be slow.
        time.sleep(self.first_sleep_s or self.sleep_s)
        self.first_sleep_s = 0
        for event in events:
            if event.position == self.fails_at:
                raise ValueError(f"told to fail at {event.position}")
        cursor.executemany(
            "INSERT INTO told VALUES (%s, %s, %s, %s, %s)",
            [(book, event.position, event.type, event.recorded_at_us, event.body.decode()) for event in events],
        )
