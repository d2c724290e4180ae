"""The reference page of the API, from its OpenAPI document: `python -m api.reference > docs/reference/api.md`."""

import sys
from collections.abc import Iterator
from typing import Any, Final

_INTRODUCTION: Final = """\
# The HTTP API

Written by `python -m api.reference` from the OpenAPI document; a test keeps the two alike. A running API serves the
same at `/docs` (in a browser, without the internet) and `/openapi.json`.

## Every answer

- **Position.** An answer from a book says at which position it is true: `Contraflow-Position: main=123`. Rows and
  position come from one snapshot.
- **Reading what you wrote.** `Contraflow-Min-Position: main=123` asks for an answer that is at least that new, and
  `Prefer: wait=2` for how many seconds it may take to get there (whole seconds, at most 30; without it, not at all).
  Not reached in time: `412` with code `position_not_reached`, the position reached, and `Retry-After`. It is 412,
  because a condition in the request's own headers was not met; 503 is kept for what is broken. A malformed
  `Contraflow-Min-Position` is `400`; a `Prefer` that cannot be understood is passed over (RFC 7240).
- **Caching.** Answers carry an `ETag` made of the position; `If-None-Match` gets `304` while nothing has changed.
- **Amounts** are integers of minor units in strings, with currency and exponent: `{"amount": "1250", "currency":
  "USD", "exponent": 2}` is 12.50 US dollars.
- **Pages.** `limit` rows (1 to 1000); `next_cursor` goes into `cursor` of the next request, `null` on the last page.
  Cursors are opaque; one that the list did not give out is `400`.
- **Problems.** Whatever is not a success is `application/problem+json` (RFC 9457). Programs look at `code`, people at
  `detail`; a `500` has an `incident` under which the log has the reason.
- `HEAD` works wherever `GET` does.

## Problem codes

| status | code | when |
|---|---|---|
| 400 | `target_malformed` | path or query is not UTF-8 or holds a NUL |
| 400 | `cursor_invalid` | a cursor that this list did not give out |
| 400 | `min_position_malformed` | a `Contraflow-Min-Position` that cannot be read or names another book |
| 400 | `header_missing`, `header_malformed`, `bad_signature`, `timestamp_out_of_tolerance` | a webhook's signature |
| 400 | `cert_url_refused`, `algorithm_refused` | a webhook signed with a certificate that is never fetched |
| 400 | `certificate_malformed`, `certificate_refused`, `certificate_expired` | a webhook signed with such a one |
| 400 | `body_empty`, `body_incomplete` | a webhook's body |
| 404 | `not_found` | no such path |
| 404 | `book_unknown`, `account_unknown`, `entry_unknown`, `payment_unknown`, `item_unknown` | not in the book |
| 404 | `event_unknown`, `raw_record_absent`, `endpoint_unknown` | no such event, record or webhook endpoint |
| 405 | `method_not_allowed` | `Allow` names the methods there are |
| 408 | `body_too_slow` | a webhook's body did not come in time |
| 412 | `position_not_reached` | see above |
| 413 | `body_too_large` | a webhook's body, declared or sent |
| 414 | `target_too_long` | path and query together |
| 422 | `request_invalid` | a parameter is out of its bounds; `errors` names it |
| 500 | `internal_error` | a fault of ours; `incident` |
| 503 | `keys_unavailable` | a certificate that proves a webhook could not be fetched; send it again |
| 503 | `not_recorded` | Kafka did not acknowledge a webhook; send it again |
| 503 | `not_ready`, `postgres_unavailable`, `schema_missing`, `query_timeout`, `too_many_waiting` | ask again |
"""


def reference(document: dict[str, Any]) -> str:
    """The page, as Markdown."""
    lines = [_INTRODUCTION]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            lines += _operation(method, path, operation)
    lines.append("## Shapes\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += _shape(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## {operation['summary']}\n"
    yield f"`{method.upper()} {path}`\n"
    yield f"{operation['description']}\n"
    own = [parameter for parameter in operation.get("parameters", []) if "$ref" not in parameter]
    if own:
        yield "| parameter | in | type | |"
        yield "|---|---|---|---|"
        for parameter in own:
            required = "" if parameter.get("required") else " (optional)"
            where = parameter["in"] + required
            about = parameter.get("description", "")
            yield f"| `{parameter['name']}` | {where} | {_type(parameter['schema'])} | {about} |"
        yield ""
    yield "| status | body | |"
    yield "|---|---|---|"
    for status, response in operation["responses"].items():
        yield f"| {status} | {_body(response)} | {response['description']} |"
    yield ""


def _body(response: dict[str, Any]) -> str:
    for media_type, content in response.get("content", {}).items():
        named = "$ref" in content["schema"]
        return _type(content["schema"]) if named and media_type == "application/json" else f"`{media_type}`"
    return ""


def _shape(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{schema.get('description', '')}\n"
    yield "| field | type | |"
    yield "|---|---|---|"
    for field, about in schema.get("properties", {}).items():
        yield f"| `{field}` | {_type(about)} | {about.get('description', '')} |"
    yield ""


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    text = str(schema.get("type", "any"))
    if "minimum" in schema and "maximum" in schema:
        text += f", {schema['minimum']} to {schema['maximum']}"
    if "default" in schema and schema["default"] is not None:
        text += f", default `{schema['default']}`"
    return text


def _document() -> dict[str, Any]:
    from api.app import create_app
    from api.config import ApiConfig
    from streams.intake import Intake

    def unused() -> Intake:
        raise AssertionError("the document is written without running the API")

    return create_app(ApiConfig(postgres_conninfo="", open_intake=unused, reach_broker=lambda: False)).openapi()


if __name__ == "__main__":
    sys.stdout.write(reference(_document()))
