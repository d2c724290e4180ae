"""The application: `create_app(config)` for an ASGI server; everything it opens is opened when the server starts it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from fastapi import FastAPI
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from api import (
    balances,
    books,
    entries,
    events,
    health,
    interactive_docs,
    payments,
    reconciliation,
    webhook,
)
from api.charts import Charts
from api.config import ApiConfig
from api.edge import Edge
from api.failures import handle_failures
from api.metrics import Metrics
from api.openapi import describe
from api.position_watch import PositionWatch
from api.readiness import Readiness
from api.refused_signatures import RefusedSignatures
from api.services import Services

CLOSE_WAIT_S: Final = 5.0

_DESCRIPTION: Final = """
A double-entry ledger fed by payment gateways and banks. Every answer from a book says at which position it is true
(`Contraflow-Position: main=123`); amounts are integers of minor units in strings.
"""


def create_app(config: ApiConfig) -> FastAPI:
    """The API as an ASGI application; opens nothing before its lifespan begins."""
    metrics = Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _opened(config, metrics) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Contraflow",
        version=_version(),
        description=_DESCRIPTION.strip(),
        lifespan=lifespan,
        # Served by us, without a content delivery network; a redirect would be built from the caller's Host header.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Edge, metrics=metrics)
    handle_failures(app)
    for part in (books, balances, entries, payments, reconciliation, events, webhook, health, interactive_docs):
        app.include_router(part.router)
    describe(app)
    return app


@contextlib.asynccontextmanager
async def _opened(config: ApiConfig, metrics: Metrics) -> AsyncIterator[Services]:
    async def bounded_reader(connection: AsyncConnection[Any]) -> None:
        await connection.execute(
            "SELECT set_config('statement_timeout', %s, false),"
            " set_config('default_transaction_read_only', 'on', false)",
            (str(config.statement_timeout_ms),),
        )

    pool = AsyncConnectionPool(
        config.postgres_conninfo,
        min_size=min(2, config.connections_max),
        max_size=config.connections_max,
        open=False,
        timeout=config.connection_wait_s,
        # Whoever would wait behind this many is told to come again at once.
        max_waiting=config.connections_max * 64,
        kwargs={
            "autocommit": True,
            "application_name": "contraflow-api",
            "connect_timeout": 5,
        },
        configure=bounded_reader,
        name="contraflow-api",
    )
    watch = PositionWatch(config.postgres_conninfo, config.waiting_max)
    # Without PostgreSQL or Kafka the process still starts: it answers 503 and takes up work when they come.
    await pool.open(wait=False)
    try:
        intake = config.open_intake()
        try:
            listening = asyncio.create_task(watch.run(), name="position-watch")
            refused = RefusedSignatures(pool)
            writing = asyncio.create_task(refused.run(), name="refused-signatures")
            readiness = Readiness(pool, config.reach_broker, config.probe_wait_s)
            try:
                yield Services(config, pool, Charts(pool), watch, intake, readiness, metrics, refused)
            finally:
                for task in (listening, writing):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                await refused.write()
        finally:
            # Waits for what Kafka has not acknowledged yet.
            await asyncio.to_thread(intake.close)
    finally:
        await pool.close(timeout=CLOSE_WAIT_S)


def _version() -> str:
    try:
        return version("contraflow")
    except PackageNotFoundError:
        return "0"
