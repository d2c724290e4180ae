"""Turns every failure that has a name into a problem; the edge takes those that have none."""

import logging
from typing import Final

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg import errors as sql_errors
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException

from api.problem import FieldAtFault, Problem

_log: Final = logging.getLogger(__name__)
_CODES: Final = {404: "not_found", 405: "method_not_allowed", 406: "not_acceptable", 415: "media_type_unsupported"}
_DETAILS: Final = {
    404: "There is nothing at this path; `/docs` and `/openapi.json` list what there is.",
    405: "The path exists and knows other methods; `Allow` names them.",
}


def handle_failures(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(psycopg.Error, _postgres)
    app.add_exception_handler(PoolTimeout, _postgres)
    app.add_exception_handler(TooManyRequests, _postgres)


def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = _DETAILS.get(error.status_code, str(error.detail))
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    headers = dict(error.headers or {})
    if "GET" in headers.get("Allow", "").split(", "):
        headers["Allow"] += ", HEAD"
    return Problem(error.status_code, code, detail, headers=headers).response()


def _validation(_: Request, error: Exception) -> Response:
    """422; the value itself is not repeated: it is whatever a stranger sent."""
    assert isinstance(error, RequestValidationError)
    faults = [FieldAtFault(location=".".join(map(str, each["loc"])), detail=each["msg"]) for each in error.errors()]
    return Problem(
        422, "request_invalid", "A part of the request is not as documented; `errors` names it.", errors=faults
    ).response()


def _postgres(_: Request, error: Exception) -> Response:
    """503: the answer exists and cannot be read now. A failure of our own making goes on to the edge."""
    if isinstance(error, sql_errors.QueryCanceled):
        code, detail = "query_timeout", "PostgreSQL took too long for this answer; ask for less, or again later."
    elif isinstance(error, sql_errors.UndefinedTable | sql_errors.InvalidSchemaName):
        code, detail = "schema_missing", "The tables of this answer are not there yet; the pipeline makes them."
    elif isinstance(error, psycopg.OperationalError | PoolTimeout | TooManyRequests):
        code, detail = "postgres_unavailable", "PostgreSQL cannot be reached; ask again."
    else:
        raise error
    _log.warning("no answer", extra={"code": code, "reason": str(error)})
    return Problem(503, code, detail, headers={"Retry-After": "1"}).response()
