"""The API in a process of its own behind its real server, as in earnest; settings as JSON in `API_UNDER_TEST`."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.config import ApiConfig, Part, Receive, SignatureRefused, WebhookEndpoint
from connectors.errors import SignatureError
from connectors.stripe_signature import verify_stripe
from contraflow.embedded.kafka import broker_count
from streams.intake import Intake
from streams.kafka import KafkaConfig

ROOT = Path(__file__).parents[3]
VARIABLE = "API_UNDER_TEST"
SECRETS = ("whsec_old_secret", "whsec_new_secret")
BODY_BYTES_MAX = 64 * 1024
INTAKE_WAIT_S = 2.0


def app_under_test() -> FastAPI:
    """What the server loads: one Stripe endpoint `shop` of book `main`."""
    settings = json.loads(os.environ[VARIABLE])
    kafka = KafkaConfig(settings["kafka"], topic_prefix=settings["prefix"], partitions=2, replication_factor=1)
    return create_app(
        ApiConfig(
            postgres_conninfo=settings["postgres"],
            open_intake=lambda: Intake(kafka, wait_s=INTAKE_WAIT_S),
            reach_broker=lambda: broker_count(kafka.bootstrap_servers, wait_s=1.5) > 0,
            endpoints={
                "shop": WebhookEndpoint(source="stripe", account="acct_shop", book="main", receive=receiver(SECRETS))
            },
            body_bytes_max=BODY_BYTES_MAX,
            body_wait_s=2.0,
            intake_wait_s=INTAKE_WAIT_S + 1,
            waiting_max=50,
        )
    )


def receiver(secrets: tuple[str, ...]) -> Receive:
    async def receive(headers: Mapping[str, str], raw: bytes, path: str, now_s: int) -> list[Part]:
        try:
            verify_stripe(raw, headers.get("stripe-signature"), secrets, now_s)
        except SignatureError as error:
            raise SignatureRefused(error.code, error.detail) from error
        return [Part(raw)]

    return receive


@contextlib.contextmanager
def api_process(kafka: str, postgres: str, prefix: str, port: int, log: Path) -> Iterator[str]:
    """The base URL of a running API."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--workers", "1"),
                *("--host", "127.0.0.1", "--port", str(port), "tests.integration.api.api_process:app_under_test"),
            ],
            cwd=ROOT,
            env={**os.environ, VARIABLE: json.dumps({"kafka": kafka, "postgres": postgres, "prefix": prefix})},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
