"""How far projections got, and waiting until one got there."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import sql

from projections.advance import CHANNEL
from projections.projection import PROJECTIONS, projection_named

_POLL_S: Final = 0.5


async def positions(connection: psycopg.AsyncConnection[Any], book: str) -> dict[str, int]:
    """Position reached by every projection in one book, by projection."""
    parts = [
        sql.SQL("SELECT {}, coalesce((SELECT position FROM {} WHERE book = {}), 0)").format(
            sql.Literal(name), sql.Identifier(name, "position"), sql.Placeholder("book")
        )
        for name in PROJECTIONS
    ]
    async with connection.cursor() as cursor:
        await cursor.execute(sql.SQL(" UNION ALL ").join(parts), {"book": book})
        return dict(await cursor.fetchall())


async def wait_for_position(
    connection: psycopg.AsyncConnection[Any], projection: str, book: str, position: int, wait_s: float
) -> int:
    """Wait until `projection` has folded `book` up to `position`, at most `wait_s` seconds; gives where it is then.

    It listens on `connection`, an autocommit one that nobody else uses meanwhile. Many waiters share one connection
    through `PositionWatch`.
    """
    name = projection_named(projection).name
    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
    try:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + wait_s
        while (reached := (await positions(connection, book))[name]) < position:
            left_s = deadline_s - loop.time()
            if left_s <= 0:
                break
            # A notification says that something moved; the tables say how far.
            async for _ in connection.notifies(timeout=min(left_s, _POLL_S), stop_after=1):
                pass
        return reached
    finally:
        await connection.execute(sql.SQL("UNLISTEN {}").format(sql.Identifier(CHANNEL)))


class PositionWatch:
    """One listening connection for any number of waiters, as an API process needs it.

    Use it as an async context manager. When its connection breaks it connects again; waiters lose nothing but time,
    because the positions are read anew.
    """

    def __init__(self, dsn: str, reconnect_s: float = 0.5) -> None:
        self._dsn = dsn
        self._reconnect_s = reconnect_s
        self._reached: dict[tuple[str, str], int] = {}
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "PositionWatch":
        self._task = asyncio.create_task(self._listen(), name="position watch")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def reached(self) -> Mapping[tuple[str, str], int]:
        """Last position heard of, by (projection, book)."""
        return self._reached

    async def wait(self, projection: str, book: str, position: int, wait_s: float) -> int:
        """Wait until `projection` reached `position` in `book`, at most `wait_s` seconds; gives where it is then."""
        key = (projection_named(projection).name, book)
        try:
            async with asyncio.timeout(wait_s), self._changed:
                await self._changed.wait_for(lambda: self._reached.get(key, 0) >= position)
        except TimeoutError:
            pass
        return self._reached.get(key, 0)

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    for name in PROJECTIONS:
                        query = sql.SQL("SELECT book, position FROM {}").format(sql.Identifier(name, "position"))
                        cursor = await connection.execute(query)
                        await self._note({(name, book): position for book, position in await cursor.fetchall()})
                    async for notification in connection.notifies():
                        name, _, rest = notification.payload.partition(" ")
                        book, _, position = rest.rpartition(" ")
                        await self._note({(name, book): int(position)})
            except psycopg.OperationalError:
                await asyncio.sleep(self._reconnect_s)

    async def _note(self, heard: dict[tuple[str, str], int]) -> None:
        async with self._changed:
            for key, position in heard.items():
                self._reached[key] = max(self._reached.get(key, 0), position)
            self._changed.notify_all()
