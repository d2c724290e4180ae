"""The webhook route: raw bytes in, signature first, then Kafka, and only then a promise.

A gateway sends a delivery again until it gets a 2xx, so 200 means that Kafka has acknowledged the record, and every
doubt is answered so that the sender comes again. Nothing is parsed here; a valid signature is reason enough to keep
what was said, whatever content type it claims.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field
from starlette.requests import ClientDisconnect

from api.config import KeysUnavailable, Part, SignatureRefused, WebhookEndpoint
from api.openapi import problems
from api.problem import Problem
from api.services import Services, services_of
from streams.intake import Accepted, BodyTooLarge, InboundError, IntakeUnavailable

RETRY_AFTER_S: Final = 5

_log: Final = logging.getLogger(__name__)

router: Final = APIRouter(tags=["webhooks"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Kafka has acknowledged the delivery."""

    status: Annotated[str, Field(description="`accepted`")]
    digest: Annotated[str, Field(description="SHA-256 of the body in hexadecimal; its raw record is kept under it")]


@router.post(
    "/webhooks/{gateway}/{endpoint}",
    summary="Take a gateway's webhook",
    responses={200: {"model": Receipt}, **problems(400, 404, 408, 413, 503)},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def receive(
    gateway: Annotated[str, Path(description="the endpoint's gateway, for example `stripe`", max_length=100)],
    endpoint: Annotated[str, Path(description="an endpoint's name in the settings", max_length=100)],
    request: Request,
) -> Response:
    """200 once Kafka has acknowledged with all in-sync replicas; on 503 send it again, which is safe at any time.

    A delivery that comes twice is recorded twice and posted once.
    """
    services = services_of(request)
    settings = services.config.endpoints.get(endpoint)
    if settings is None or settings.source != gateway:
        raise Problem(404, "endpoint_unknown", "No webhook endpoint of this name is set up; the settings name them.")
    try:
        raw = await _body(request, services.config.body_bytes_max, services.config.body_wait_s)
        parts = await _verified(settings, raw, request)
        accepted = [await _accept(services, settings, part) for part in parts]
    except Problem as problem:
        services.metrics.webhook(endpoint, problem.code)
        raise
    services.metrics.webhook(endpoint, "accepted")
    receipt = Receipt(status="accepted", digest=accepted[0].digest if len(accepted) == 1 else sha256(raw).hexdigest())
    return Response(msgspec.json.encode(receipt), headers={"Cache-Control": "no-store"}, media_type="application/json")


async def _body(request: Request, bytes_max: int, wait_s: float) -> bytes:
    """The body, counted while it comes: what a header promises about its length is only a hint."""
    too_large = Problem(
        413, "body_too_large", f"A webhook's body may have {bytes_max} bytes.", headers={"Connection": "close"}
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > bytes_max):
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(wait_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bytes_max:
                    raise too_large
    except TimeoutError as error:
        raise Problem(
            408, "body_too_slow", f"The body did not come within {wait_s:g} s.", headers={"Connection": "close"}
        ) from error
    except ClientDisconnect as error:
        raise Problem(400, "body_incomplete", "The connection ended before the body did.") from error
    return bytes(body)


async def _verified(settings: WebhookEndpoint, raw: bytes, request: Request) -> Sequence[Part]:
    headers = {name: ",".join(request.headers.getlist(name)) for name in request.headers}
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        return await settings.receive(headers, raw, path, int(time.time()))
    except SignatureRefused as refused:
        raise Problem(400, refused.code, refused.detail) from refused
    except KeysUnavailable as error:
        raise Problem(
            503,
            "keys_unavailable",
            "What proves the delivery could not be fetched; send it again.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        ) from error


async def _accept(services: Services, settings: WebhookEndpoint, part: Part) -> Accepted:
    try:
        async with asyncio.timeout(services.config.intake_wait_s):
            return await services.intake.accept(
                part.raw,
                book=settings.book,
                source=settings.source,
                account=settings.account,
                delivery=part.delivery,
                context=part.context,
            )
    except (IntakeUnavailable, TimeoutError) as error:
        # The reason names brokers: it is for our log, not for the sender.
        _log.warning("delivery not recorded", extra={"reason": str(error) or "timeout"})
        raise Problem(
            503,
            "not_recorded",
            "The delivery could not be recorded; send it again.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        ) from error
    except BodyTooLarge as error:
        raise Problem(413, error.code, str(error)) from error
    except InboundError as error:
        raise Problem(400, error.code, str(error)) from error
