"""Polling: asks the gateways what they have to tell, and fetches what was told of but not told.

One process for all accounts. An account is polled by one process at a time: whoever holds its advisory lock; another
process stands by. Nothing depends on that lock, places move by compare and set: it saves calls.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from streams.gateway import Gateway
from streams.intake import Intake
from streams.kafka import KafkaConfig
from streams.polling_account import LOOK_S, AccountPolling
from streams.polling_breaker import BreakerLimits
from streams.polling_calls import Calls, http_client
from streams.polling_clock import Clock, SystemClock
from streams.polling_heard import Hearer
from streams.polling_reader import Reader
from streams.polling_store import PollingStore, Pool
from streams.polling_tokens import Authorization

CONNECTIONS_MAX: Final = 8
ACKNOWLEDGE_WAIT_S: Final = 20.0
CONNECTION_WAIT_S: Final = 30.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PollingConfig:
    """What polling needs.

    Attributes:
        postgres: connection string of the database with the schema `gateways`.
        gateways: accounts with all their credentials.
    """

    kafka: KafkaConfig
    postgres: str = field(repr=False)
    gateways: Sequence[Gateway] = ()
    breaker: BreakerLimits = field(default_factory=BreakerLimits)
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True, slots=True)
class Opened:
    """One account, ready to be called."""

    gateway: Gateway
    store: PollingStore
    calls: Calls
    reader: Reader

    def polling(self, clock: Clock) -> AccountPolling:
        """What polls it for as long as it runs."""
        return AccountPolling(self.gateway, self.reader, self.store, clock)


@asynccontextmanager
async def opened_accounts(
    config: PollingConfig, intake: Intake, http: httpx.AsyncClient | None = None
) -> AsyncIterator[tuple[Pool, list[Opened]]]:
    """The accounts with one pool of connections and one HTTP client, closed at the end of the block."""
    pool: Pool = AsyncConnectionPool(
        config.postgres,
        min_size=1,
        max_size=CONNECTIONS_MAX,
        open=False,
        timeout=CONNECTION_WAIT_S,
        kwargs={"autocommit": True, "application_name": "contraflow-polling", "connect_timeout": 5},
        name="contraflow-polling",
    )
    async with pool, http or http_client() as client:
        accounts = []
        for gateway in config.gateways:
            store = PollingStore(pool, gateway)
            authorization = Authorization(gateway, pool, client, config.clock)
            calls = Calls(gateway, client, authorization, store, config.clock, config.breaker)
            await calls.load()
            accounts.append(Opened(gateway, store, calls, Reader(gateway, calls, store, intake, config.clock)))
        yield pool, accounts


def run_polling(config: PollingConfig, stop: threading.Event) -> None:
    """Poll until `stop` is set.

    Raises:
        psycopg.Error: what was read cannot be put on record; start the process again.
        OffsetGone, Stop: somebody has to look.
    """
    asyncio.run(_run(config, stop))


async def _run(config: PollingConfig, stop: threading.Event) -> None:
    hearer = Hearer(
        config.kafka,
        config.postgres,
        {gateway.source: gateway.connector for gateway in config.gateways},
        lambda source, account: any(
            gateway.has_webhooks and (gateway.source, gateway.account) == (source, account)
            for gateway in config.gateways
        ),
        lambda: int(config.clock.now_s() * 1_000_000),
    )
    hearing_over = threading.Event()
    with Intake(config.kafka, wait_s=ACKNOWLEDGE_WAIT_S) as intake:
        async with opened_accounts(config, intake) as (_, accounts):
            try:
                work = asyncio.create_task(_work(config, accounts, hearer, hearing_over))
                stopping = asyncio.create_task(_set(stop))
                await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
                hearing_over.set()
                stopping.cancel()
                work.cancel()
                await _ended(work)
            finally:
                hearing_over.set()


async def _work(config: PollingConfig, accounts: Sequence[Opened], hearer: Hearer, over: threading.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(hearer.run, over), name="hearer")
        for account in accounts:
            group.create_task(_poll(config, account), name=account.gateway.name)


async def _poll(config: PollingConfig, account: Opened) -> None:
    name = account.gateway.name
    async with await AsyncConnection.connect(
        config.postgres, autocommit=True, application_name="contraflow-polling-lock", connect_timeout=5
    ) as connection:
        said = False
        while not await _locked(connection, name):
            if not said:
                _log.info("another process polls this account, standing by", account=name)
                said = True
            await config.clock.sleep(LOOK_S)
        _log.info("polling", account=name, streams=[stream.name for stream in account.gateway.streams])
        async with asyncio.TaskGroup() as group:
            group.create_task(account.polling(config.clock).run())
            group.create_task(_hold(connection, config.clock))


async def _locked(connection: AsyncConnection[Any], name: str) -> bool:
    row = await (
        await connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"contraflow polling {name}",)
        )
    ).fetchone()
    return row is not None and bool(row[0])


async def _hold(connection: AsyncConnection[Any], clock: Clock) -> None:
    """The lock is gone with its connection; then this process must not go on as if it had it."""
    while True:
        await clock.sleep(LOOK_S)
        await connection.execute("SELECT 1")


async def _set(stop: threading.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110 - it is set by a thread that waits for signals
        await asyncio.sleep(0.1)


async def _ended(work: asyncio.Task[None]) -> None:
    """Wait for what was cancelled; what ended by itself raises its reason."""
    try:
        await work
    except asyncio.CancelledError:
        return
    except BaseExceptionGroup as group:
        raise _first(group) from group


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
