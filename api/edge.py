"""The edge: what is true of every request and every answer, whatever the route.

Hostile paths are refused before anything reads them, HEAD is a GET without a body, nobody guesses a content type, and
an error that nobody foresaw becomes a problem with an incident number whose reason stands in the log.
"""

import logging
import time
import uuid
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problem import Problem

TARGET_BYTES_MAX: Final = 8 * 1024

_log: Final = logging.getLogger(__name__)
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap `app` and count in `metrics`."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_s = time.perf_counter()
        method: str = scope["method"]
        head = method == "HEAD"
        if head:
            # A copy, so that the server still knows that no body may follow.
            scope = {**scope, "method": "GET"}
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], _NOSNIFF]
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            refusal = _hostile(scope)
            if refusal is not None:
                await refusal.response()(scope, receive, answer)
            else:
                await self.app(scope, receive, answer)
        except Exception:
            # The one place that may catch everything: beyond it the connection would just break.
            incident = str(uuid.uuid4())
            _log.exception("request failed", extra={"incident": incident, "method": method, "route": _route(scope)})
            if status:
                raise
            await _unforeseen(incident).response()(scope, receive, answer)
        finally:
            self.metrics.request(method, _route(scope), status, time.perf_counter() - started_s)


def _hostile(scope: Scope) -> Problem | None:
    """The problem with the request's target, if it has one: PostgreSQL knows no NUL, and we only speak UTF-8."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    query: bytes = scope["query_string"]
    if len(raw_path) + len(query) > TARGET_BYTES_MAX:
        return Problem(414, "target_too_long", f"Path and query together may have {TARGET_BYTES_MAX} bytes.")
    if b"%" not in raw_path and b"%" not in query and raw_path.isascii() and query.isascii():
        return None
    for part in (raw_path, query):
        decoded = unquote_to_bytes(part)
        if b"\0" in decoded:
            return Problem(400, "target_malformed", "Path and query must not contain a NUL.")
        try:
            decoded.decode("utf-8")
        except UnicodeDecodeError:
            return Problem(400, "target_malformed", "Path and query must be UTF-8, percent-encoded.")
    return None


def _unforeseen(incident: str) -> Problem:
    return Problem(
        500,
        "internal_error",
        "Something went wrong that should not; the log has the reason under this incident.",
        incident=incident,
    )


def _route(scope: Scope) -> str:
    """The template of the route, never the path itself: metrics must not grow with what strangers ask for."""
    return getattr(scope.get("route"), "path", "").replace(":path}", "}") or "none"
