"""Whether this process can do its work now: PostgreSQL answers and has our schemas, Kafka's broker answers.

Asked together, at most once a second however often a probe comes, each within its bound.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from projections.projection import PROJECTIONS

REMEMBERED_S: Final = 1.0

_log: Final = logging.getLogger(__name__)
_MISSING: Final = """
SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL ORDER BY name
"""


class Readiness:
    """The checks of ``/ready``."""

    def __init__(self, pool: AsyncConnectionPool, reach_broker: Callable[[], bool], wait_s: float) -> None:
        """Each check may take `wait_s`."""
        self._pool = pool
        self._reach_broker = reach_broker
        self._wait_s = wait_s
        self._asking = asyncio.Lock()
        self._asked_at_s = float("-inf")
        self._faults: dict[str, str] = {}

    async def faults(self) -> dict[str, str]:
        """What is missing, by the name of the check; empty when ready."""
        async with self._asking:
            if time.monotonic() - self._asked_at_s > REMEMBERED_S:
                postgres, broker = await asyncio.gather(
                    self._bounded("postgres", self._postgres), self._bounded("kafka", self._kafka)
                )
                self._faults = {
                    name: fault for name, fault in (("postgres", postgres), ("kafka", broker)) if fault is not None
                }
                self._asked_at_s = time.monotonic()
            return self._faults

    async def _bounded(self, name: str, check: Callable[[], Awaitable[str | None]]) -> str | None:
        try:
            async with asyncio.timeout(self._wait_s):
                return await check()
        except TimeoutError:
            return f"no answer within {self._wait_s:g} s"
        except (psycopg.Error, PoolTimeout) as error:
            # The reason may name hosts and users: it belongs into the log.
            _log.warning("not ready", extra={"check": name, "reason": str(error)})
            return "cannot be reached"

    async def _postgres(self) -> str | None:
        tables = ["ledger.books", *(f"{name}.position" for name in PROJECTIONS)]
        async with self._pool.connection(timeout=self._wait_s) as connection:
            missing = [row[0] for row in await (await connection.execute(_MISSING, (tables,))).fetchall()]
        return f"tables missing: {', '.join(missing)}; start the pipeline once to make them" if missing else None

    async def _kafka(self) -> str | None:
        return None if await asyncio.to_thread(self._reach_broker) else "no broker answers"
