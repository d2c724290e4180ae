"""One installation with polling: topics, stores, a gateway on loopback, and a clock that moves when it is slept on."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from contraflow.embedded import PairAddresses
from streams.gateway import Gateway
from streams.gateway_schema import migrate_gateways
from streams.intake import Intake
from streams.polling import Opened, PollingConfig, opened_accounts
from streams.polling_account import AccountPolling
from streams.polling_breaker import BreakerLimits
from tests.integration.polling_process import stripe_gateway
from tests.integration.test_posting import Site
from tests.stand_in import StandIn
from tests.unit.connectors import stripe_bodies as bodies

ROOT = Path(__file__).parents[2]
BALANCES, PAYOUTS, EVENTS = "/v1/balance_transactions", "/v1/payouts", "/v1/events"


class PolledClock:
    """Moves when it is slept on, and never by itself."""

    def __init__(self, now_s: float) -> None:
        self.time_s = now_s
        self.slept: list[float] = []

    def now_s(self) -> float:
        return self.time_s

    async def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.time_s += wait_s


class PolledSite(Site):
    """As `Site`, with a gateway and the schema of polling."""

    def __init__(self, pair: PairAddresses, dsn: str, prefix: str, vendor: StandIn) -> None:
        super().__init__(pair, dsn, prefix)
        self.vendor = vendor
        self.clock = PolledClock(bodies.AT_S + 7 * 86_400.0)
        with psycopg.connect(dsn, autocommit=True) as connection:
            migrate_gateways(connection)

    def gateway(self, *streams: str, **more: Any) -> Gateway:
        return stripe_gateway(self.vendor.url, *streams, every_s=86_400, **more)

    @asynccontextmanager
    async def account(
        self, gateway: Gateway, *, answer_wait_s: float = 10.0, breaker: BreakerLimits | None = None
    ) -> AsyncIterator[tuple[Opened, AccountPolling]]:
        """The account in this process, by the site's clock."""
        config = PollingConfig(self.kafka, self.dsn, [gateway], breaker or BreakerLimits(), self.clock)
        client = httpx.AsyncClient(timeout=answer_wait_s)
        with Intake(self.kafka, wait_s=20) as intake:
            async with opened_accounts(config, intake, client) as (_, [opened]):
                yield opened, opened.polling(self.clock)

    @contextmanager
    def polling(self, *streams: str) -> Iterator[subprocess.Popen[bytes]]:
        """The account in a process of its own, by the machine's clock."""
        arguments = [self.kafka.bootstrap_servers, self.dsn, self.kafka.topic_prefix, self.vendor.url, *streams]
        process = subprocess.Popen([sys.executable, "-m", "tests.integration.polling_process", *arguments], cwd=ROOT)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def fact_keys(self) -> list[str]:
        """The key of every fact that the book has decided, in order; a further telling of one is none."""
        rows = self.ask(
            "SELECT body::json #>> '{fact,key}' FROM ledger.events"
            " WHERE type IN ('EntryPosted', 'FactObserved', 'FactParked') ORDER BY position"
        )
        return [row[0] for row in rows]


def balance_rows(count: int) -> list[dict[str, Any]]:
    return [bodies.row(id=f"txn_{n}", created=bodies.AT_S + n * 60) for n in range(count)]


def thin_event(number: int, kind: str, object_id: str) -> bytes:
    """An event of API v2, which says where its object is and nothing about it."""
    return json.dumps(
        {
            "id": f"evt_thin_{number}",
            "object": "v2.core.event",
            "type": f"v2.{kind}.changed",
            "created": "2023-11-14T22:13:20Z",
            "livemode": False,
            "related_object": {"id": object_id, "type": kind},
        }
    ).encode()
