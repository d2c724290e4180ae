"""Desks: for each gateway who answers for it, and the credentials with which a pipeline may ask.

Credentials are drawn when a site is opened and never from a day's seed: two runs of one day share no secret.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from contraflow.simulator import flutterwave_desk, paypal_desk
from contraflow.simulator.asking import Desk
from contraflow.simulator.day import Day
from contraflow.simulator.flutterwave_desk import FlutterwaveV3Desk, FlutterwaveV4Desk
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.modern_treasury_desk import ModernTreasuryDesk
from contraflow.simulator.paypal_desk import PayPalDesk
from contraflow.simulator.paystack_desk import PaystackDesk
from contraflow.simulator.stripe_desk import StripeDesk


@dataclass(frozen=True, slots=True)
class Access:
    """One gateway account as settings name it.

    Attributes:
        credentials: by the names that settings use.
        streams: the lists that are polled; None for all, none where only what webhooks point at is fetched.
        token_path: where tokens are handed out, below the gateway's base address; empty without tokens.
    """

    gateway: str
    account: str
    desk: Desk
    credentials: dict[str, str] = field(repr=False)
    token_path: str = ""
    streams: tuple[str, ...] | None = None


def accesses(days: Sequence[GatewayDay]) -> tuple[Access, ...]:
    """One for each day."""
    return tuple(_MADE[day.gateway](day) for day in days)


def stripe_access(day: Day) -> Access:
    """Stripe's: asked for the contents of payouts and polled for nothing."""
    key = f"sk_test_{_secret()}"
    return Access("stripe", day.account, StripeDesk(day, key), {"api_key": key}, streams=())


def _secret() -> str:
    return secrets.token_urlsafe(24)


def _paystack(day: GatewayDay) -> Access:
    key = f"sk_test_{_secret()}"
    return Access(day.gateway, day.account, PaystackDesk(day, key), {"api_key": key})


def _flutterwave_v3(day: GatewayDay) -> Access:
    key = f"FLWSECK_TEST-{_secret()}"
    return Access(day.gateway, day.account, FlutterwaveV3Desk(day, key), {"api_key": key})


def _flutterwave_v4(day: GatewayDay) -> Access:
    client, secret = f"client-{secrets.token_hex(6)}", _secret()
    desk = FlutterwaveV4Desk(day, client, secret)
    return Access(
        day.gateway, day.account, desk, {"client_id": client, "client_secret": secret}, flutterwave_desk.TOKEN_PATH
    )


def _paypal(day: GatewayDay) -> Access:
    client, secret = f"client-{secrets.token_hex(6)}", _secret()
    desk = PayPalDesk(day, client, secret)
    return Access(
        day.gateway, day.account, desk, {"client_id": client, "client_secret": secret}, paypal_desk.TOKEN_PATH
    )


def _modern_treasury(day: GatewayDay) -> Access:
    organization, key = day.account, f"test-{_secret()}"
    desk = ModernTreasuryDesk(day, organization, key)
    return Access(day.gateway, day.account, desk, {"username": organization, "password": key})


_MADE: Final[dict[str, Callable[[GatewayDay], Access]]] = {
    "paystack": _paystack,
    "flutterwave_v3": _flutterwave_v3,
    "flutterwave_v4": _flutterwave_v4,
    "paypal": _paypal,
    "modern_treasury": _modern_treasury,
}
