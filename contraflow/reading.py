"""Reading: asks the projections what the API asks them, without the API.

Each query is one statement whose rows and position come from one snapshot; see `projections.queries`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg

Answer = TypeVar("Answer")
Query = Callable[["psycopg.AsyncConnection[Any]"], Awaitable[Answer]]


def ask(dsn: str, query: Query[Answer]) -> Answer:
    """The answer of one query over a connection of its own."""

    async def run() -> Answer:
        connection = await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=10, application_name="contraflow-read"
        )
        async with connection:
            return await query(connection)

    return asyncio.run(run())
