"""Settings of a demo: a pipeline that has nothing in common with the user's but the programs.

Every run has a book of its own, and gateway accounts named after it: what polling remembers of one run's account must
not make it skip what the next run has to read.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from contraflow.embedded.port import free_ports, is_free
from contraflow.gateway_settings import GatewayAccount
from contraflow.kafka_security import KafkaSecurity
from contraflow.settings import Settings, WebhookEndpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contraflow.simulator import GatewayDay, World
    from contraflow.simulator.desks import Access

STRIPE_ENDPOINT: Final = "demo"


def demo_settings(settings: Settings, world: World, accesses: Sequence[Access], site_url: str) -> Settings:
    """The user's settings with servers, data, endpoints and gateway accounts of the demo's own.

    Args:
        site_url: base address of the server that plays the gateways.
    """
    data_dir = settings.data_dir / "demo"
    run = _next_run(data_dir)
    book = f"demo-{run}"
    endpoints = {
        STRIPE_ENDPOINT: _endpoint("stripe", world.stripe.account, f"whsec_{secrets.token_urlsafe(24)}", book),
        **gateway_endpoints(world.gateways, accesses, book),
    }
    gateways = gateway_accounts(world.gateways, accesses, site_url, book, suffix=f"-{run}")
    changed: dict[str, Any] = {
        "data_dir": data_dir,
        "kafka": None,
        "kafka_security": KafkaSecurity(),
        "postgres": None,
        "topic_prefix": "",
        "replication_factor": 1,
        "book": book,
        "api_host": "127.0.0.1",
        "api_port": settings.api_port if is_free(settings.api_port) else free_ports(1)[0],
        "endpoints": endpoints,
        "gateways": gateways,
        # What the parts tell would stand between people and the story; --debug shows all of it.
        "log_level": "debug" if settings.log_level == "debug" else "warning",
        "banks": {},
    }
    return settings.model_copy(update=changed)


def gateway_endpoints(days: Sequence[GatewayDay], accesses: Sequence[Access], book: str) -> dict[str, WebhookEndpoint]:
    """An endpoint for each gateway that sends webhooks, by the gateway's name."""
    # Paystack signs with the key that it also lets us in with; all others have a secret for that.
    keys = {access.gateway: access.credentials["api_key"] for access in accesses if access.gateway == "paystack"}
    return {
        day.gateway: _endpoint(day.gateway, day.account, keys.get(day.gateway) or secrets.token_urlsafe(24), book)
        for day in days
        if day.hooks
    }


def gateway_accounts(
    days: Sequence[GatewayDay], accesses: Sequence[Access], site_url: str, book: str, *, suffix: str = ""
) -> dict[str, GatewayAccount]:
    """A polled account for each gateway, asked at `site_url`; the name is the gateway's with `suffix`."""
    since = {day.gateway: day.date for day in days}
    return {
        f"{access.gateway}{suffix}": GatewayAccount.model_validate(
            {
                "gateway": access.gateway,
                "account": access.account,
                "book": book,
                "environment": "live",
                "base_url": f"{site_url}/{access.gateway}",
                "token_url": f"{site_url}/{access.gateway}{access.token_path}" if access.token_path else None,
                "since": since.get(access.gateway),
                "streams": None if access.streams is None else list(access.streams),
                **access.credentials,
            }
        )
        for access in accesses
    }


def _endpoint(gateway: str, account: str, secret: str, book: str) -> WebhookEndpoint:
    return WebhookEndpoint(gateway=gateway, account=account, secrets=[SecretStr(secret)], book=book)


def _next_run(data_dir: Path) -> int:
    """The number of this run, counted beside the data that it belongs to."""
    data_dir.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    data_dir.mkdir(mode=0o711, exist_ok=True)
    counter = data_dir / "runs"
    try:
        number = int(counter.read_text()) + 1
    except (FileNotFoundError, ValueError):
        number = 1
    counter.write_text(str(number))
    return number
