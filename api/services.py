"""What the routes of one process share: connections, the intake, the watch over positions, the telemetry."""

from dataclasses import dataclass

from fastapi import Request
from psycopg_pool import AsyncConnectionPool

from api.charts import Charts
from api.config import ApiConfig
from api.metrics import Metrics
from api.position_watch import PositionWatch
from api.readiness import Readiness
from api.refused_signatures import RefusedSignatures
from streams.intake import Intake


@dataclass(frozen=True, slots=True)
class Services:
    """Opened when the process starts, closed when it stops.

    Attributes:
        pool: connections in autocommit mode, so that a single statement is a snapshot of its own.
    """

    config: ApiConfig
    pool: AsyncConnectionPool
    charts: Charts
    watch: PositionWatch
    intake: Intake
    readiness: Readiness
    metrics: Metrics
    refused: RefusedSignatures


def services_of(request: Request) -> Services:
    """The services of the process that serves `request`."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services
