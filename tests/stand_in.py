"""A gateway that we wrote ourselves, as a real HTTP server on loopback: Stripe's lists and objects, tokens, and faults.

It answers what it is asked, refuses what the vendor would refuse, remembers every request, and misbehaves when it is
told to. `tests.unit.connectors` says what its rows look like.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

ROWS_MAX = 10  # of a page: the vendor may always answer with fewer than were asked for


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]


Fault = Callable[["_Handler"], None]


@dataclass
class StandIn:
    """What it knows and does.

    Attributes:
        lists: path -> rows, each with `id` and `created`.
        objects: path -> object.
        faults: path -> what the next requests for it get instead of an answer.
        keys: values of `Authorization` that are good; any when empty.
        answered: called after every answer, from the server's thread.
    """

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    asked: list[Asked] = field(default_factory=list)
    answered: Callable[[Asked], None] = lambda _: None
    tokens: Callable[[dict[str, str]], tuple[int, dict[str, Any]]] | None = None
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, path: str, *faults: Fault) -> None:
        """Let the next requests for a path fail like this, one after the other."""
        self.faults.setdefault(path, deque()).extend(faults)

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked.path == path for asked in self.asked)

    def answer(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        """Status and body of a request without a fault."""
        if asked.path == "/token":
            assert self.tokens is not None
            return self.tokens(asked.form)
        if self.keys and asked.headers.get("authorization") not in self.keys:
            return 401, {"error": {"type": "invalid_request_error", "code": "api_key_expired"}}
        if asked.path in self.lists:
            return 200, self._page(asked)
        if asked.path in self.objects:
            return 200, self.objects[asked.path]
        return 404, {"error": {"code": "resource_missing"}}

    def _page(self, asked: Asked) -> dict[str, Any]:
        """Newest first, behind the last id, as Stripe does it."""
        query = asked.query
        rows = sorted(self.lists[asked.path], key=lambda row: (-row["created"], row["id"]))
        if "payout" in query:
            rows = [row for row in rows if row.get("_payout") == query["payout"]]
        else:
            begin, end = int(query["created[gte]"]), int(query["created[lt]"])
            rows = [row for row in rows if begin <= row["created"] < end and "_payout" not in row]
        if after := query.get("starting_after"):
            rows = rows[[row["id"] for row in rows].index(after) + 1 :]
        size = min(int(query["limit"]), ROWS_MAX)
        page = [{name: value for name, value in row.items() if name != "_payout"} for row in rows[:size]]
        return {"object": "list", "data": page, "has_more": len(rows) > size, "url": asked.path}


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A server on a free port of loopback, gone after the block."""
    site = StandIn()

    class Handler(_Handler):
        stand_in = site

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("content-length", "0"))))

    def _serve(self, body: bytes) -> None:
        address = urlsplit(self.path)
        asked = Asked(
            self.command,
            address.path,
            dict(parse_qsl(address.query)),
            {name.lower(): value for name, value in self.headers.items()},
            dict(parse_qsl(body.decode())),
        )
        site = self.stand_in
        with site.lock:
            site.asked.append(asked)
            waiting = site.faults.get(asked.path)
            fault = waiting.popleft() if waiting else None
            answer = site.answer(asked) if fault is None else None
        if fault is not None:
            fault(self)
        else:
            assert answer is not None
            self.tell(answer[0], json.dumps(answer[1]).encode())
        site.answered(asked)

    def tell(self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        """Answer; with a `length` that is not the body's the connection ends in the middle of it."""
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = self.close_connection or length is not None

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at `StandIn.asked`."""


def status(code: int, **headers: str) -> Fault:
    """An answer with this status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.tell(code, b'{"error":{}}', named)


def cut_off(handler: _Handler) -> None:
    """The connection ends in the middle of the body."""
    handler.tell(200, b'{"object":"list","da', length=5000)


def half_a_page(handler: _Handler) -> None:
    """A whole answer that holds half a body, as a broken proxy gives."""
    handler.tell(200, b'{"object":"list","data":[{"id":')


def silence(until: threading.Event) -> Fault:
    """No answer before `until` is set."""

    def keep_waiting(handler: _Handler) -> None:
        until.wait(60)
        handler.close_connection = True

    return keep_waiting
