"""What polling remembers, in the schema `gateways`: places, fetches, pauses, breakers, and what each stream did last.

A place moves only from the one that was read (compare and set), so of two processes that read the same stream one
finds that the other went on, and nobody jumps over a page. What a page makes us fetch is written with the place behind
it, in one transaction: whoever dies in between reads the page again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from connectors.exchange import Place, Want
from streams.gateway import Gateway

Pool = AsyncConnectionPool[AsyncConnection[Any]]

_ENCODE: Final = msgspec.json.Encoder(order="deterministic").encode
_place: Final = msgspec.json.Decoder(Place)
WANT: Final = (
    "INSERT INTO gateways.fetches (gateway, account, book, stream, id) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (gateway, account, book, stream, id)"
    " DO UPDATE SET wanted = gateways.fetches.wanted + 1, failures = 0, due_at_us = 0"
)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Something to fetch for a book; `wanted` is how often it was wanted when it was taken up."""

    book: str
    want: Want
    wanted: int
    failures: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Why an account or one of its streams stands still, and since when (Unix time in microseconds)."""

    stream: str
    reason: str
    since_us: int


class PollingStore:
    """Everything about one account; safe for any number of tasks."""

    def __init__(self, pool: Pool, gateway: Gateway) -> None:
        """`pool` holds autocommit connections."""
        self._pool = pool
        self._gateway = gateway
        self._name = gateway.name

    async def place(self, stream: str) -> Place | None:
        """Where a polled stream stands; None when it was never read."""
        found = await self._one(
            "SELECT place::text FROM gateways.places WHERE name = %s AND stream = %s", (self._name, stream)
        )
        return None if found is None else _place.decode(found[0])

    async def begin(self, place: Place, now_us: int) -> Place:
        """Put the first place of a stream on record; returns the one that stands there, whoever was first."""
        await self._do(
            "INSERT INTO gateways.places VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (self._name, place.stream, _ENCODE(place).decode(), now_us),
        )
        found = await self.place(place.stream)
        assert found is not None
        return found

    async def move(self, before: Place, place: Place, wants: Iterable[Want], items: int, now_us: int) -> bool:
        """Move a stream on behind a page, and put on record what the page makes us fetch; False: somebody else did."""
        async with self._pool.connection() as connection, connection.transaction():
            moved = await connection.execute(
                "UPDATE gateways.places SET place = %s, saved_at_us = %s"
                " WHERE name = %s AND stream = %s AND place = %s",
                (_ENCODE(place).decode(), now_us, self._name, place.stream, _ENCODE(before).decode()),
            )
            if moved.rowcount == 0:
                return False
            await self._want(connection, self._gateway.book, wants)
            await connection.execute(_READ, (self._name, place.stream, items, now_us))
        return True

    async def want(self, wants: Iterable[Want]) -> None:
        """Put on record what must be fetched for the account's book."""
        async with self._pool.connection() as connection, connection.transaction():
            await self._want(connection, self._gateway.book, wants)

    async def next_fetch(self, now_us: int) -> Fetch | None:
        """The fetch that is due longest, or None."""
        found = await self._one(
            "SELECT book, stream, id, wanted, failures FROM gateways.fetches WHERE gateway = %s AND account = %s"
            " AND wanted > fetched AND due_at_us <= %s ORDER BY due_at_us, stream, id LIMIT 1",
            (self._gateway.source, self._gateway.account, now_us),
        )
        return None if found is None else Fetch(found[0], Want(found[1], found[2]), found[3], found[4])

    async def fetched(self, fetch: Fetch, wants: Sequence[Want], items: int, now_us: int) -> None:
        """Done, unless it was wanted again meanwhile; what it makes us fetch comes in its place."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                _FETCHED,
                (fetch.wanted, *self._key(fetch)),
            )
            await self._want(connection, fetch.book, [want for want in wants if want != fetch.want])
            await connection.execute(_READ, (self._name, fetch.want.stream, items, now_us))

    async def put_off(self, fetch: Fetch, due_at_us: int) -> None:
        """Try again later."""
        await self._do(
            _PUT_OFF,
            (due_at_us, *self._key(fetch)),
        )

    async def skip(self, stream: str, what: str, code: str, now_us: int, fetch: Fetch | None = None) -> None:
        """Pass something over for good and say so; a fetch is no longer wanted then."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO gateways.skipped (name, stream, id, code, at_us) VALUES (%s, %s, %s, %s, %s)",
                (self._name, stream, _shown(what), code[:100], now_us),
            )
            if fetch is not None:
                await connection.execute(
                    _FETCHED,
                    (fetch.wanted, *self._key(fetch)),
                )

    async def failed(self, stream: str, failure: str, now_us: int) -> None:
        """The last thing that went wrong with a stream, for people."""
        await self._do(
            "INSERT INTO gateways.readings (name, stream, failure, failed_at_us) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (name, stream)"
            " DO UPDATE SET failure = excluded.failure, failed_at_us = excluded.failed_at_us",
            (self._name, stream, failure[:300], now_us),
        )

    async def pause(self, stream: str, reason: str, now_us: int) -> None:
        """Let a stream, or all ('') stand still until the credentials change or somebody resumes it."""
        await self._do(
            "INSERT INTO gateways.pauses VALUES (%s, %s, %s, %s, %s) ON CONFLICT (name, stream) DO NOTHING",
            (self._name, stream, reason[:300], now_us, self._gateway.credentials.digest),
        )

    async def pauses(self) -> dict[str, Pause]:
        """What stands still, by stream; '' is the whole account."""
        rows = await self._all("SELECT stream, reason, since_us FROM gateways.pauses WHERE name = %s", (self._name,))
        return {row[0]: Pause(*row) for row in rows}

    async def resume_changed(self) -> bool:
        """End the pauses that began under other credentials; whether there were any."""
        gone = await self._all(
            "DELETE FROM gateways.pauses WHERE name = %s AND credentials <> %s RETURNING 1",
            (self._name, self._gateway.credentials.digest),
        )
        return bool(gone)

    async def breakers(self) -> dict[str, float]:
        """Operations whose breaker is open, with the Unix time at which it opened."""
        rows = await self._all("SELECT operation, opened_at_us FROM gateways.breakers WHERE name = %s", (self._name,))
        return {operation: at_us / 1_000_000 for operation, at_us in rows}

    async def breaker(self, operation: str, opened_at_s: float | None) -> None:
        """Remember that a breaker opened, or that it closed."""
        if opened_at_s is None:
            await self._do("DELETE FROM gateways.breakers WHERE name = %s AND operation = %s", (self._name, operation))
            return
        await self._do(
            "INSERT INTO gateways.breakers VALUES (%s, %s, %s) ON CONFLICT (name, operation)"
            " DO UPDATE SET opened_at_us = excluded.opened_at_us",
            (self._name, operation, int(opened_at_s * 1_000_000)),
        )

    async def _want(self, connection: AsyncConnection[Any], book: str, wants: Iterable[Want]) -> None:
        for want in sorted(set(wants)):
            await connection.execute(WANT, (self._gateway.source, self._gateway.account, book, want.stream, want.id))

    def _key(self, fetch: Fetch) -> tuple[str, str, str, str, str]:
        return self._gateway.source, self._gateway.account, fetch.book, fetch.want.stream, fetch.want.id

    async def _one(self, query: str, values: Sequence[object]) -> tuple[Any, ...] | None:
        async with self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), values)).fetchone()

    async def _all(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def _do(self, query: str, values: Sequence[object]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(query.encode(), values)


_FETCHED: Final = (
    "UPDATE gateways.fetches SET fetched = %s, failures = 0"
    " WHERE gateway = %s AND account = %s AND book = %s AND stream = %s AND id = %s"
)
_PUT_OFF: Final = (
    "UPDATE gateways.fetches SET failures = failures + 1, due_at_us = %s"
    " WHERE gateway = %s AND account = %s AND book = %s AND stream = %s AND id = %s"
)
_READ: Final = (
    "INSERT INTO gateways.readings (name, stream, items, read_at_us) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (name, stream) DO UPDATE SET items = gateways.readings.items + excluded.items,"
    " read_at_us = excluded.read_at_us, failure = '', failed_at_us = NULL"
)


def _shown(what: str) -> str:
    """An id for people to read: it came from outside and may hold what no database keeps."""
    return "".join(sign if sign.isprintable() else "?" for sign in what[:200])
