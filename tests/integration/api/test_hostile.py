"""Whatever strangers send: an answer in the 4xx, in the shape of a problem, and never a 500."""

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.cursor import encode_cursor
from tests.integration.api.conftest import Site

ROUTES = (
    "/books/{}",
    "/books/{}/balances",
    "/books/main/balances/{}",
    "/books/main/accounts/{}/entries",
    "/books/main/entries/{}",
    "/books/main/payments/{}",
    "/books/main/reconciliation/{}",
    "/books/main/events/{}",
    "/books/main/events/{}/raw",
    "/books/main/balances?account={}",
    "/books/main/balances?cursor={}",
    "/books/main/balances?currency={}",
    "/books/main/accounts/1000/entries?cursor={}",
    "/books/main/accounts/1000/entries?order={}",
    "/books/main/payments?reference={}",
    "/books/main/payments?status={}",
    "/books/main/payments?cursor={}",
    "/books/main/reconciliation?state={}",
    "/books/main/reconciliation?cursor={}",
    "/books/main/events?after={}",
    "/books/main/events?limit={}",
    "/docs/assets/{}",
    "/{}",
)
HEADERS = (
    "Contraflow-Min-Position",
    "Prefer",
    "If-None-Match",
    "Accept",
    "Content-Length",
    "Range",
    "Stripe-Signature",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW")

percent = st.binary(max_size=40).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw))
signs = st.text(st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="#"), max_size=60)
nasty = st.sampled_from(
    [
        "%00",
        "%FF",
        "%ED%A0%80",
        "%2e%2e/%2e%2e",
        "..",
        "%0d%0aX:1",
        "%",
        "%zz",
        "-1",
        str(2**63),
        "9" * 4000,
        "1.0",
        "null",
        "'; DROP TABLE ledger.books; --".replace(" ", "%20"),
        "%F0%9F%92%A9",
        "a" * 9000,
        "%2F%2F",
        "1e5",
        "NaN",
        "٣",
    ]
)
pieces = st.one_of(percent, signs, nasty)
relaxed = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def raw(site: Site, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """One request as it stands, without a client that would mend it; status 0 when the server hung up."""
    parts = urlsplit(site.url)
    lines = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as link:
        link.sendall("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body)
        answer = b""
        try:
            while piece := link.recv(65536):
                answer += piece
        except ConnectionError:
            pass
    head, _, content = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), content


def check(status: int, content: bytes, target: str) -> None:
    assert status < 500, (status, target, content[:300])
    if status >= 400 and content:
        problem = json.loads(content)
        assert problem["status"] == status and problem["code"] and problem["detail"].isprintable(), target


@relaxed
@given(st.sampled_from(ROUTES), pieces)
def test_hostile_targets(site: Site, route: str, piece: str) -> None:
    target = route.format(piece)
    status, content = raw(site, "GET", target, {})
    assert status, f"hung up on {target}"
    check(status, content, target)


@relaxed
@given(st.sampled_from(METHODS), st.sampled_from(ROUTES), st.sampled_from(HEADERS), st.one_of(signs, nasty, st.text()))
def test_hostile_methods_and_headers(site: Site, method: str, route: str, header: str, value: str) -> None:
    value = value.replace("\r", "").replace("\n", "").encode("utf-8", "replace").decode()
    target = route.format("1")
    status, content = raw(site, method, target, {header: value})
    # What is no HTTP at all is the server's own to refuse, in a shape of its own.
    if content.startswith(b"{"):
        check(status, content, f"{method} {target} {header}: {value}")
    assert 0 < status < 500, (status, method, target, header, value)


@relaxed
@given(st.binary(max_size=2000), st.one_of(signs, nasty))
def test_hostile_webhooks(site: Site, body: bytes, signature: str) -> None:
    headers = {"Content-Length": str(len(body)), "Stripe-Signature": f"t=1767607200,v1={signature}"}
    status, content = raw(site, "POST", "/webhooks/stripe/shop", headers, body)
    assert status == 400, content
    check(status, content, signature)


@pytest.mark.parametrize("kind", ["balance", "posting", "payment", "item"])
def test_a_cursor_of_another_list_is_a_400(client: httpx.Client, kind: str) -> None:
    from api.cursor import BalanceCursor, ItemCursor, PaymentCursor, PostingCursor

    cursor = {
        "balance": BalanceCursor("1000", "USD"),
        "posting": PostingCursor("newest", 3, 1),
        "payment": PaymentCursor(3, "pi_1"),
        "item": ItemCursor(3, "payout", "po_1"),
    }[kind]
    lists = {
        "balance": "/books/main/balances",
        "posting": "/books/main/accounts/1000/entries",
        "payment": "/books/main/payments",
        "item": "/books/main/reconciliation",
    }
    for own, path in lists.items():
        answer = client.get(path, params={"cursor": encode_cursor(cursor)})
        assert answer.status_code == (200 if own == kind else 400), (own, answer.text)
    turned = client.get(lists["posting"], params={"cursor": encode_cursor(cursor), "order": "oldest"})
    assert turned.status_code == 400


def test_an_unknown_method_names_the_known_ones(client: httpx.Client) -> None:
    answer = client.delete("/books")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"
