"""WireMock, driven over its HTTP interface: answers by path and query, in turns, with faults, delays and webhooks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.stand_ins import programs

ORDINARY, URGENT = 5, 1  # of two stubs that fit, the one with the lower number answers
FIRST_STATE = "Started"


class WireMock:
    """One running server; everything it was told is forgotten by `reset`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self._turns = 0

    def reset(self) -> None:
        """No stubs, no requests, all scenarios at their beginning."""
        assert self._http.post("/__admin/reset").status_code == 200

    def answers(self, request: Mapping[str, Any], response: Mapping[str, Any], **more: Any) -> None:
        """Answer like this from now on; `more` is the rest of a stub, in WireMock's own words."""
        stub = {"request": request, "response": response, "priority": ORDINARY, **more}
        made = self._http.post("/__admin/mappings", json=stub)
        assert made.status_code == 201, made.text

    def answers_first(self, request: Mapping[str, Any], responses: Sequence[Mapping[str, Any]]) -> None:
        """Give the next requests these answers, one each, before the ordinary one."""
        self._turns += 1
        state = FIRST_STATE
        for number, response in enumerate(responses, start=1):
            turn = {"scenarioName": f"turns-{self._turns}", "requiredScenarioState": state}
            state = f"{number} given"
            self.answers(request, response, priority=URGENT, newScenarioState=state, **turn)

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The requests for a path, oldest first, in WireMock's own words."""
        found = self._http.post("/__admin/requests/find", json={"urlPath": path, "method": "ANY"}).json()
        return sorted(found["requests"], key=lambda each: int(each["loggedDate"]))

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        counted = self._http.post("/__admin/requests/count", json={"urlPath": path, "method": "ANY"}).json()
        return int(counted["count"])

    def unexpected(self) -> list[str]:
        """Addresses that were asked for and that no stub fits."""
        found = self._http.get("/__admin/requests/unmatched").json()
        return [each["url"] for each in found["requests"]]


def asking(path: str, query: Mapping[str, str] | None = None, method: str = "GET", **headers: str) -> dict[str, Any]:
    """A request for a path with these parameters and headers, whatever else it has; an empty one must be absent."""
    return {
        "method": method,
        "urlPath": path,
        "queryParameters": {
            name: {"equalTo": value} if value else {"absent": True} for name, value in (query or {}).items()
        },
        "headers": {name.replace("_", "-"): {"equalTo": value} for name, value in headers.items()},
    }


def telling(body: object, headers: Mapping[str, str] | None = None, status: int = 200, **more: Any) -> dict[str, Any]:
    """An answer; `more` is the rest of it, in WireMock's own words."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {"status": status, "body": text, "headers": {"content-type": "application/json", **(headers or {})}, **more}


def fault(kind: str) -> dict[str, Any]:
    """No answer that anybody could read; `kind` is one of WireMock's faults."""
    return {"fault": kind}


@contextmanager
def wiremock(folder: Path) -> Iterator[WireMock]:
    """A server on a free port of loopback, gone after the block."""
    program, port = programs.wiremock(), programs.free_port()
    order = ["--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(folder), "--disable-banner"]
    with programs.running([*program, *order], port, folder / "log") as url:
        yield WireMock(url)
