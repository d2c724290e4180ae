"""Desks: for each gateway who answers for it, and the credentials with which a pipeline may ask.

Credentials are drawn when a site is opened and never from a day's seed: two runs of one day share no secret.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from contraflow.simulator.asking import Desk
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.paystack_desk import PaystackDesk


@dataclass(frozen=True, slots=True)
class Access:
    """One gateway account as settings name it.

    Attributes:
        credentials: by the names that settings use.
        token_path: where tokens are handed out, below the gateway's base address; empty without tokens.
    """

    gateway: str
    account: str
    desk: Desk
    credentials: dict[str, str] = field(repr=False)
    token_path: str = ""


def accesses(days: Sequence[GatewayDay]) -> tuple[Access, ...]:
    """One for each day."""
    return tuple(_MADE[day.gateway](day) for day in days)


def _secret() -> str:
    return secrets.token_urlsafe(24)


def _paystack(day: GatewayDay) -> Access:
    key = f"sk_test_{_secret()}"
    return Access(day.gateway, day.account, PaystackDesk(day, key), {"api_key": key})


_MADE: Final[dict[str, Callable[[GatewayDay], Access]]] = {
    "paystack": _paystack,
}
