"""Our requests under Stripe's own specification: stripe-mock refuses every parameter that Stripe does not document.

Run by `make stand-ins`. It is Stripe's program, written in Go: found on the path, or installed by `go install` into the
folder that CONTRAFLOW_STRIPE_MOCK_DIR names; without either these tests skip and say so.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors import CONNECTORS
from connectors.exchange import Call, Place
from connectors.outcome import CallFailed
from contraflow.embedded.port import free_ports
from streams.gateway import Credentials, Gateway
from streams.polling_breaker import BreakerLimits
from streams.polling_calls import Calls, http_client
from streams.polling_clock import SystemClock
from streams.polling_tokens import Authorization

pytestmark = pytest.mark.stand_ins

STRIPE = CONNECTORS["stripe"]
MODULE = "github.com/stripe/stripe-mock@latest"


def program(folder: Path) -> str:
    """Its path; skips where it can neither be found nor made."""
    kept = Path(os.environ.get("CONTRAFLOW_STRIPE_MOCK_DIR", folder))
    found = shutil.which("stripe-mock") or shutil.which("stripe-mock", path=str(kept))
    if found:
        return found
    go = shutil.which("go")
    if go is None:
        pytest.skip("stripe-mock is not on the path, and Go, which could make it, is not either")
    made = subprocess.run(
        [go, "install", MODULE],
        env={**os.environ, "GOBIN": str(kept)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"go install {MODULE} failed: {made.stderr.strip().splitlines()[-1]}")
    return str(kept / "stripe-mock")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = program(tmp_path_factory.mktemp("stripe-mock"))
    (port,) = free_ports(1)
    process = subprocess.Popen([path, "-http-addr", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline_s, "stripe-mock did not start"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def asked(url: str, call: Call) -> Any:
    gateway = Gateway("shop", STRIPE, "acct_1", "main", "sandbox", Credentials(api_key="sk_test_123"), base_url=url)

    async def make() -> Any:
        async with http_client() as http:
            authorization = Authorization(gateway, None, http, SystemClock())  # type: ignore[arg-type]
            calls = Calls(gateway, http, authorization, None, SystemClock(), BreakerLimits())  # type: ignore[arg-type]
            return await calls.make(call)

    return asyncio.run(make())


def places() -> Iterator[Place]:
    assert STRIPE.manifest is not None
    for stream in STRIPE.manifest.streams:
        if stream.by_id:
            yield Place(stream.name, id="po_123" if "payout" in stream.name else f"{stream.name}_123")
        else:
            yield Place(stream.name, since_s=1_700_000_000, until_s=1_700_086_400)
            yield Place(stream.name, since_s=1_700_000_000, until_s=1_700_086_400, page="txn_123")


@pytest.mark.parametrize("place", places(), ids=lambda place: f"{place.stream}{'-next' * bool(place.page)}")
def test_every_request_of_ours_is_one_that_stripe_documents(url: str, place: Place) -> None:
    assert STRIPE.page_call is not None and STRIPE.read_page is not None
    answer = asked(url, STRIPE.page_call(place))
    assert answer.status == 200
    assert len(STRIPE.read_page(place, answer).items) >= 1


def test_a_parameter_that_stripe_does_not_document_is_refused(url: str) -> None:
    with pytest.raises(CallFailed) as failed:
        asked(url, Call("payouts", "/v1/payouts", (("since", "1700000000"),)))
    assert failed.value.outcome.follow == "rejected"


def test_without_a_key_it_refuses_us(url: str) -> None:
    assert httpx.get(f"{url}/v1/payouts", trust_env=False).status_code == 401
