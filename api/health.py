"""For whoever keeps the process running: alive, ready, telemetry."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.metrics import CONTENT_TYPE
from api.openapi import problems
from api.problem import FieldAtFault, Problem
from api.services import services_of

router: Final = APIRouter(tags=["operation"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """This process answers."""

    status: Annotated[str, Field(description="`ok` or `ready`")]


@router.get("/health", summary="Alive", responses={200: {"model": Health}})
async def health() -> Response:
    """The process answers; nothing else is asked. For a liveness probe."""
    return _status(b'{"status":"ok"}')


@router.get("/ready", summary="Ready", responses={200: {"model": Health}, **problems(503)})
async def ready(request: Request) -> Response:
    """PostgreSQL answers and has our tables, Kafka answers. For a readiness probe; looks at most once a second."""
    faults = await services_of(request).readiness.faults()
    if faults:
        raise Problem(
            503,
            "not_ready",
            "This process cannot do all of its work now; `errors` says why.",
            headers={"Retry-After": "1"},
            errors=[FieldAtFault(location=name, detail=fault) for name, fault in faults.items()],
        )
    return _status(b'{"status":"ready"}')


@router.get(
    "/metrics", summary="Telemetry", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
async def metrics(request: Request) -> Response:
    """Counters and times of this process, in the format of Prometheus."""
    return Response(
        services_of(request).metrics.text(), headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE}
    )


def _status(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
