"""Problems: every answer that is not a success has the same shape, RFC 9457 `application/problem+json`.

`code` is stable and is what a program looks at; `detail` is for people and may change. No problem carries a stack
trace, a secret or a piece of somebody else's request.
"""

import http
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from fastapi import Response
from pydantic import Field

MEDIA_TYPE: Final = "application/problem+json"
DETAIL_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldAtFault:
    """One part of a request that is not as documented."""

    location: Annotated[str, Field(description="where it stands, for example `query.limit`")]
    detail: Annotated[str, Field(description="what is expected there")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetails:
    """The body of every answer that is not a success (RFC 9457)."""

    type: Annotated[str, Field(description="`urn:contraflow:problem:` and the code")]
    title: Annotated[str, Field(description="the phrase of the HTTP status")]
    status: Annotated[int, Field(description="the HTTP status")]
    code: Annotated[str, Field(description="stable reason code, for programs")]
    detail: Annotated[str, Field(description="what happened and what to do, for people")]
    errors: Annotated[list[FieldAtFault], Field(description="the parts of the request at fault; may be empty")]
    incident: Annotated[str, Field(description="for status 500: the id under which the log has the reason")]


class Problem(Exception):
    """An answer that is not a success; raise it anywhere in this room.

    Attributes:
        status: HTTP status.
        code: stable reason code.
        detail: one or two sentences: what happened, with which value, what to do.
        headers: further headers of the answer, for example ``Retry-After``.
        errors: parts of the request at fault.
        incident: id under which the log has the reason.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: list[FieldAtFault] | None = None,
        incident: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = errors or []
        self.incident = incident

    def response(self) -> Response:
        """The answer, ready to be sent; absent where empty, as the RFC has it."""
        body: dict[str, object] = {
            "type": f"urn:contraflow:problem:{self.code}",
            "title": http.HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": printable(self.detail),
        }
        if self.errors:
            body["errors"] = [
                {"location": printable(error.location), "detail": printable(error.detail)} for error in self.errors
            ]
        if self.incident:
            body["incident"] = self.incident
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(msgspec.json.encode(body), self.status, headers, MEDIA_TYPE)


def printable(text: str) -> str:
    """`text` without what a terminal or a JSON encoder chokes on, and not longer than a person reads."""
    cut = text if len(text) <= DETAIL_CHARS_MAX else text[: DETAIL_CHARS_MAX - 1] + "…"
    return "".join(sign if sign.isprintable() else "�" for sign in cut)
