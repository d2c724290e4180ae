"""Reading a book: rows and position from one snapshot, at the position that the caller asks for or later.

Every answer from a book goes through `answer`: it waits when the caller wants to, says which position the rows are true
at, and leaves the body away when the caller has it already.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from fastapi import Request, Response
from psycopg import AsyncConnection

from api.connection import with_connection
from api.position import (
    MIN_POSITION_HEADER,
    POSITION_HEADER,
    entity_tag,
    format_position,
    is_known,
    parse_min_position,
    parse_wait_s,
)
from api.problem import Problem
from api.services import Services, services_of
from projections.queries import journal

# Notifications are a hint: who waits also looks for itself this often.
LOOK_AGAIN_S: Final = 0.5

T = TypeVar("T")
# Rows and the position at which they are true, of one snapshot; 0 or None when the book was not seen there.
Read = Callable[[AsyncConnection[Any]], Awaitable[tuple[T, int | None]]]

_encode: Final = msgspec.json.encode


async def answer(request: Request, stream: str, book: str, read: Read[T], shape: Callable[[T], object]) -> Response:
    """The answer of a route that reads `stream` of `book`: `read` gives rows, `shape` makes the body of them.

    Raises:
        Problem: 404 `book_unknown`, 400 `min_position_malformed`, 412 `position_not_reached`, 503 `too_many_waiting`,
            and whatever `shape` raises.
    """
    rows, position = await read_at(request, stream, book, read)
    headers = position_headers(stream, book, position)
    try:
        body = shape(rows)
    except Problem as problem:
        # "Not there" is an answer from the book as well, true at this position.
        problem.headers.setdefault(POSITION_HEADER, headers[POSITION_HEADER])
        raise
    return unchanged(request, headers) or Response(_encode(body), headers=headers, media_type="application/json")


def position_headers(stream: str, book: str, position: int) -> dict[str, str]:
    """What every answer from a book carries; a cache may keep it and has to ask whether it is still true."""
    return {
        POSITION_HEADER: format_position(book, position),
        "ETag": entity_tag(stream, position),
        "Cache-Control": "private, no-cache",
    }


def unchanged(request: Request, headers: dict[str, str]) -> Response | None:
    """A 304 when the caller has the answer with these headers already."""
    if is_known(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return None


async def read_at(request: Request, stream: str, book: str, read: Read[T]) -> tuple[T, int]:
    """Rows and position, not older than `Contraflow-Min-Position` asks for; waits as long as `Prefer` allows."""
    services = services_of(request)
    wanted = request.headers.get(MIN_POSITION_HEADER)
    if wanted is None:
        return await _read(services, book, read)
    at_least = parse_min_position(wanted, book)
    wait_s = parse_wait_s(request.headers.get("prefer", ""))
    deadline_s = time.monotonic() + wait_s
    with services.watch.bell(stream, book, at_least) as bell:
        while True:
            bell.clear()
            rows, position = await _read(services, book, read)
            if position >= at_least:
                return rows, position
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise _not_reached(stream, book, position, at_least)
            # No connection is held meanwhile.
            try:
                async with asyncio.timeout(min(left_s, LOOK_AGAIN_S)):
                    await bell.wait()
            except TimeoutError:
                continue


async def _read(services: Services, book: str, read: Read[T]) -> tuple[T, int]:
    async def look(connection: AsyncConnection[Any]) -> tuple[T, int]:
        rows, position = await read(connection)
        if not position and await journal.head(connection, book) is None:
            raise Problem(404, "book_unknown", "There is no book of this name; `/books` lists those there are.")
        return rows, position or 0

    return await with_connection(services.pool, look)


def _not_reached(stream: str, book: str, position: int, at_least: int) -> Problem:
    return Problem(
        412,
        "position_not_reached",
        f"{stream} of this book has reached position {position}, not yet {at_least};"
        " ask again, or with `Prefer: wait=2` to wait up to 2 seconds for it.",
        headers={POSITION_HEADER: format_position(book, position), "Retry-After": "1"},
    )
