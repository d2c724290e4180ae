"""Site: the gateways' interfaces as one real HTTP server on loopback, for a pipeline that polls them.

Each gateway answers below a path of its own. What is asked and replied are values (`contraflow.simulator.asking`); here
is HTTP, and what goes wrong with it: a server that is too busy, one that is down for a moment.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from contraflow.simulator.asking import Asked, Desk, Reply

TOO_MANY: Final = Reply.of({"message": "Too many requests"}, 429, Retry_After="1")
DOWN: Final = Reply.of({"message": "Service unavailable"}, 503)

_MOODS: Final = (
    ("stripe", "/v1/balance_transactions", TOO_MANY),
    ("paystack", "/transaction", TOO_MANY),
    ("paystack", "/refund", DOWN),
    ("flutterwave_v3", "/transfers", DOWN),
    ("flutterwave_v4", "/refunds", DOWN),
    ("paypal", "/v1/reporting/transactions", DOWN),
    ("modern_treasury", "/api/transactions", TOO_MANY),
)


@dataclass
class Site:
    """All gateways that can be asked.

    Attributes:
        desks: by the first part of the path.
        faults: by gateway and path: what the next requests for it get instead of an answer.
        asked: requests by gateway; `refused` those without the right credentials, `faulted` those that met a fault.
        url: of the server, once it runs.
    """

    desks: Mapping[str, Desk]
    faults: dict[tuple[str, str], deque[Reply]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faulted: Counter[str] = field(default_factory=Counter)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, gateway: str, path: str, *replies: Reply) -> None:
        """Let the next requests for a path fail like this, one after the other."""
        self.faults.setdefault((gateway, path), deque()).extend(replies)

    def misbehave(self) -> None:
        """A busy and a failing moment at the gateways that stand it: once each, soon over."""
        for gateway, path, reply in _MOODS:
            if gateway in self.desks:
                self.fault(gateway, path, reply)

    def answer(self, gateway: str, asked: Asked) -> Reply:
        """What a request gets."""
        with self._lock:
            self.asked[gateway] += 1
            waiting = self.faults.get((gateway, asked.path))
            if waiting:
                self.faulted[gateway] += 1
                return waiting.popleft()
        desk = self.desks.get(gateway)
        if desk is None:
            return Reply.of({"message": "Nobody here"}, 404)
        reply = desk.answer(asked, int(time()))
        if reply.status == 401:
            with self._lock:
                self.refused[gateway] += 1
        return reply

    @contextmanager
    def open(self) -> Iterator[str]:
        """Serve on a free port of loopback for the length of the block; gives the base address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), name="gateways", daemon=True)
        serving.start()
        try:
            yield self.url
        finally:
            server.shutdown()
            server.server_close()
            serving.join()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("content-length") or 0)))

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: who asks logs for both."""

        def _serve(self, body: bytes) -> None:
            address = urlsplit(self.path)
            gateway, _, path = address.path.lstrip("/").partition("/")
            asked = Asked(
                self.command,
                f"/{unquote(path)}",
                dict(parse_qsl(address.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                dict(parse_qsl(body.decode("utf-8", "replace"))),
            )
            reply = site.answer(gateway, asked)
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

    return Handler
