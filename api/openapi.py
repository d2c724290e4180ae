"""The OpenAPI document: what the routes declare, with problems under their own media type."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problem import MEDIA_TYPE, ProblemDetails

_MEANINGS: Final = {
    304: "Nothing has changed since the entity tag in `If-None-Match`",
    400: "A part of the request cannot be read",
    404: "There is no such thing",
    408: "The body took too long",
    412: "The position of `Contraflow-Min-Position` is not reached",
    413: "The body is too large",
    422: "A parameter is out of its bounds",
    503: "Not possible now; ask again after `Retry-After` seconds",
}
_PARAMETERS: Final[dict[str, Any]] = {
    "Contraflow-Min-Position": {
        "name": "Contraflow-Min-Position",
        "in": "header",
        "schema": {"type": "string", "examples": ["main=123"]},
        "description": "the answer must be at least this new; otherwise 412",
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string", "examples": ["wait=2"]},
        "description": "how many seconds, at most 30, the answer may wait for that position (RFC 7240)",
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "entity tags that the caller has; 304 when nothing has changed since",
    },
}
_HEADERS: Final[dict[str, Any]] = {
    "Contraflow-Position": {
        "schema": {"type": "string", "examples": ["main=123"]},
        "description": "the position of the book at which the answer is true",
    },
    "ETag": {"schema": {"type": "string"}, "description": "changes with the position"},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with problems of these statuses."""
    return {status: {"model": ProblemDetails, "description": _MEANINGS[status]} for status in statuses}


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` give the document; built once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=app.openapi_version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    _problems_as_problems(operation["responses"])
                    if path.startswith("/books/{book}/"):
                        _of_a_book(operation)
            schema["components"]["parameters"] = _PARAMETERS
            schema["components"]["headers"] = _HEADERS
            components = schema["components"]["schemas"]
            for unused in ("HTTPValidationError", "ValidationError"):
                components.pop(unused, None)
            details = components[ProblemDetails.__name__]
            details["required"] = [name for name in details["required"] if name not in ("errors", "incident")]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _of_a_book(operation: dict[str, Any]) -> None:
    """The headers that `reading.answer` understands and gives on every route of a book."""
    operation["parameters"] += [{"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS]
    operation["responses"]["304"] = {"description": _MEANINGS[304]}
    operation["responses"]["200"]["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _problems_as_problems(responses: dict[str, Any]) -> None:
    reference = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    for status, response in responses.items():
        if status >= "400":
            response["content"] = {MEDIA_TYPE: {"schema": reference}}
            response["description"] = _MEANINGS.get(int(status), response["description"])
