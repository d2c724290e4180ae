"""Refused signatures: how often an endpoint was sent what nobody signed for us, kept in PostgreSQL for people to see.

Counted in memory and written every few seconds, so that a flood of forged requests is no flood of transactions. What a
process counted in its last seconds is lost when it is killed.
"""

import asyncio
import logging
import time
from collections import Counter
from typing import Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.config import WebhookEndpoint

WRITE_EVERY_S: Final = 2.0

_log: Final = logging.getLogger(__name__)


class RefusedSignatures:
    """The counts of one process that are not written yet."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._waiting: Counter[tuple[str, str, str]] = Counter()

    def count(self, name: str, endpoint: WebhookEndpoint) -> None:
        """Count one request to the endpoint of this name."""
        self._waiting[name, endpoint.source, endpoint.account] += 1

    async def run(self) -> None:
        """Write what was counted, for ever."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write what was counted; what cannot be written is kept for the next time."""
        counted, self._waiting = self._waiting, Counter()
        if not counted:
            return
        at_us = time.time_ns() // 1000
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute("SET TRANSACTION READ WRITE")
                for who, refused in counted.items():
                    await connection.execute(_ADD, (*who, refused, at_us))
        except (psycopg.Error, PoolTimeout) as error:
            self._waiting.update(counted)
            _log.warning("refused signatures not written", extra={"reason": type(error).__name__})


_ADD: Final = (
    "INSERT INTO gateways.refused_signatures VALUES (%s, %s, %s, %s, %s) ON CONFLICT (endpoint) DO UPDATE SET"
    " refused = gateways.refused_signatures.refused + excluded.refused, last_at_us = excluded.last_at_us,"
    " gateway = excluded.gateway, account = excluded.account"
)
