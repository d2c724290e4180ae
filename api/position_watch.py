"""Notices when a book or a projection moves, so that a request can wait for a position without asking all the time.

Appends and projections send a PostgreSQL notification when they have moved. It is a hint: a listener that was away has
missed some, so whoever waits also looks for itself now and then.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import psycopg

from api.problem import Problem

JOURNAL_CHANNEL: Final = "contraflow_journal"
PROJECTION_CHANNEL: Final = "contraflow_projection"
# The stream of a book's own events, beside those of the projections.
JOURNAL: Final = "journal"
RECONNECT_S: Final = 1.0

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Bell:
    """Rings when a stream of a book has reached, or may have reached, a position."""

    position: int
    rung: asyncio.Event = field(default_factory=asyncio.Event)


class PositionWatch:
    """Listens on one PostgreSQL connection for everybody in this process who waits."""

    def __init__(self, conninfo: str, waiting_max: int) -> None:
        """Prepare to listen; nothing is opened before `run`."""
        self._conninfo = conninfo
        self._waiting_max = waiting_max
        self._bells: dict[tuple[str, str], set[Bell]] = {}
        self._waiting = 0

    @contextlib.contextmanager
    def bell(self, stream: str, book: str, position: int) -> Iterator[asyncio.Event]:
        """An event that is set when `stream` of `book` moves to `position` or beyond.

        Raises:
            Problem: 503 `too_many_waiting`.
        """
        if self._waiting >= self._waiting_max:
            raise Problem(
                503,
                "too_many_waiting",
                f"{self._waiting_max} requests wait for a position already; ask again, or without `Prefer: wait`.",
                headers={"Retry-After": "1"},
            )
        bell = Bell(position)
        bells = self._bells.setdefault((stream, book), set())
        bells.add(bell)
        self._waiting += 1
        try:
            yield bell.rung
        finally:
            self._waiting -= 1
            bells.discard(bell)
            if not bells:
                self._bells.pop((stream, book), None)

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is opened again."""
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                _log.warning("not listening for positions, trying again", extra={"reason": type(error).__name__})
                await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        # An idle listener behind a dead link would never notice; keepalives end it within half a minute.
        async with await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            application_name="contraflow-api-watch",
            connect_timeout=5,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        ) as connection:
            await connection.execute(f"LISTEN {JOURNAL_CHANNEL}")
            await connection.execute(f"LISTEN {PROJECTION_CHANNEL}")
            for stream, book in list(self._bells):
                self._ring(stream, book)
            async for notification in connection.notifies():
                if notification.channel == JOURNAL_CHANNEL:
                    self._ring(JOURNAL, notification.payload)
                else:
                    stream, _, rest = notification.payload.partition(" ")
                    book, _, position = rest.rpartition(" ")
                    self._ring(stream, book, int(position) if position.isdecimal() else None)

    def _ring(self, stream: str, book: str, position: int | None = None) -> None:
        """Wake those who wait for this position or less; all who wait for the book when no position is told."""
        for bell in self._bells.get((stream, book), ()):
            if position is None or bell.position <= position:
                bell.rung.set()
