"""A Stripe server that somebody else wrote, as a process of its own: it is never imported here.

`localstripe` keeps payment intents, charges and payouts, and sends signed webhooks about them a second later. It
listens on every interface of the machine; for the length of a test that is accepted.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

PACKAGE = "localstripe"
CARD_GOOD, CARD_DECLINED = "4242424242424242", "4000000000000341"


class Localstripe:
    """Its REST API."""

    def __init__(self, http: httpx.Client, log: Path) -> None:
        self.http = http
        self.log = log

    def send_webhooks_to(self, url: str, secret: str) -> None:
        assert self.http.post("/_config/webhooks/ours", json={"url": url, "secret": secret}).status_code == 200

    def card(self, number: str) -> str:
        """The id of a payment method with this card."""
        card = {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
        method: str = self._made("payment_methods", {"type": "card", "card": card})["id"]
        return method

    def intent(self, amount_minor: int, currency: str, card: str, **more: Any) -> dict[str, Any]:
        """A payment intent, confirmed; one that is declined comes from the list, because its creation answers 402."""
        order = {"amount": amount_minor, "currency": currency, "payment_method": card, "confirm": True, **more}
        answer = self.http.post("/v1/payment_intents", json=order)
        if answer.status_code == 402:
            kept: list[dict[str, Any]] = self.http.get("/v1/payment_intents").json()["data"]
            return next(intent for intent in kept if intent["amount"] == amount_minor)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def capture(self, intent: str) -> None:
        self._made(f"payment_intents/{intent}/capture", {})

    def payout(self, amount_minor: int, status: str) -> dict[str, Any]:
        """A payout; it only pays out euros."""
        return self._made("payouts", {"amount": amount_minor, "currency": "eur", "status": status})

    def cancel_payout(self, payout: str) -> None:
        self._made(f"payouts/{payout}/cancel", {})

    def delivered(self) -> int:
        """How many webhooks it sent and got a 2xx for."""
        return self.log.read_text().count("successfully delivered")

    def failed(self) -> list[str]:
        """The lines about webhooks that were not taken."""
        return [line for line in self.log.read_text().splitlines() if line.startswith("webhook") and '" failed' in line]

    def _made(self, path: str, order: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"/v1/{path}", json=order)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made


@contextlib.contextmanager
def localstripe(port: int, folder: Path) -> Iterator[Localstripe]:
    """Running on `port`; skips where the package is not installed."""
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip("localstripe is not installed (it is in the extra `dev`)")
    log = folder / "localstripe.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", PACKAGE, "--port", str(port), "--from-scratch"],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        key = {"Authorization": "Bearer sk_test_of_nobody"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=key, timeout=20, trust_env=False) as http:
            deadline_s = time.monotonic() + 60
            while not _answers(http):
                assert process.poll() is None and time.monotonic() < deadline_s, log.read_text()
                time.sleep(0.1)
            yield Localstripe(http, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/v1/balance").status_code < 500
    except httpx.TransportError:
        return False
