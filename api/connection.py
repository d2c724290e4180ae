"""A connection for one look at PostgreSQL, and a second one where the first turned out to be dead.

After PostgreSQL was started again every connection in the pool is dead, and only using one tells: without a second look
each of them would cost somebody a 503.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import QueryCanceled
from psycopg_pool import AsyncConnectionPool

T = TypeVar("T")


async def with_connection(pool: AsyncConnectionPool[Any], look: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
    """What `look` reads; it only reads, so that it may be asked twice.

    Raises:
        psycopg.OperationalError: PostgreSQL cannot be reached, or took too long.
    """
    try:
        async with pool.connection() as connection:
            return await look(connection)
    except OperationalError as error:
        # A pool that is exhausted and a query that is too slow would only be so again.
        if isinstance(error, QueryCanceled) or not _died(error):
            raise
    await pool.check()
    async with pool.connection() as connection:
        return await look(connection)


def _died(error: OperationalError) -> bool:
    """Whether the server ended the session; the pool's own refusals are no such thing."""
    return not type(error).__module__.startswith("psycopg_pool")
