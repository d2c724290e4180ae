"""Sending: webhooks go over HTTP to an intake, signed, a few at a time, and again when they were not taken.

As the gateway does it: only a 2xx answer counts as taken, a repeat has the same body and a fresh signature.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx

from contraflow.simulator.day import Day
from contraflow.simulator.hook import Hook
from contraflow.simulator.signing import SIGNATURE_HEADER, sign
from contraflow.simulator.webhook import Webhook

_RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_BACKOFF_MAX_S = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a gateway's webhooks go: the endpoint's whole address, and the secret that proves them."""

    url: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class Sendings:
    """What came of it.

    Attributes:
        sent: taken with a 2xx, second deliveries included.
        doubled: second deliveries among those.
        retried: requests repeated after a 503 or another passing failure.
        refused: answered with a status that a repeat would not change; not sent again.
        given_up: not taken after the last attempt.
        problems: one line for each of the first few webhooks that were refused or given up.
    """

    sent: int = 0
    doubled: int = 0
    retried: int = 0
    refused: int = 0
    given_up: int = 0
    problems: tuple[str, ...] = ()

    def add_problem(self, problem: str) -> None:
        """Keep the first ten."""
        if len(self.problems) < 10:
            self.problems = (*self.problems, problem)


async def send_day(
    day: Day,
    base_url: str,
    secret: str,
    *,
    endpoint: str = "main",
    webhooks: Iterable[Webhook] | None = None,
    concurrency: int = 16,
    attempts_max: int = 10,
    backoff_s: float = 0.1,
    timeout_s: float = 15.0,
    progress: Callable[[int, int], None] | None = None,
    client: httpx.AsyncClient | None = None,
) -> Sendings:
    """Send the day's webhooks to ``{base_url}/webhooks/stripe/{endpoint}`` in their order.

    Args:
        day: what to send.
        base_url: of the intake, for example ``http://127.0.0.1:8080``.
        secret: the endpoint's signing secret.
        endpoint: the endpoint's name in the intake's settings.
        webhooks: only these, for example ``day.prompt``; all by default.
        concurrency: requests under way at once; with 1 the order is kept exactly.
        attempts_max: requests for one webhook before it is given up.
        backoff_s: wait before the first repeat; doubles with each, up to 5 s.
        timeout_s: for one request.
        progress: called with (done, all) after each webhook.
        client: one of the caller's, left open; its own by default.
    """
    url = f"{base_url.rstrip('/')}/webhooks/stripe/{endpoint}"
    return await send_webhooks(
        day.webhooks if webhooks is None else webhooks,
        {"stripe": Target(url, secret)},
        concurrency=concurrency,
        attempts_max=attempts_max,
        backoff_s=backoff_s,
        timeout_s=timeout_s,
        progress=progress,
        client=client,
    )


async def send_webhooks(
    webhooks: Iterable[Webhook | Hook],
    targets: Mapping[str, Target],
    *,
    concurrency: int = 16,
    attempts_max: int = 10,
    backoff_s: float = 0.1,
    timeout_s: float = 15.0,
    progress: Callable[[int, int], None] | None = None,
    client: httpx.AsyncClient | None = None,
) -> Sendings:
    """Send webhooks of any gateways in their order; `targets` by gateway, everything else as `send_day`."""
    chosen = list(webhooks)
    outcome, done = Sendings(), 0
    # One shared iterator feeds all senders: nothing is queued, the order of starting is the order of the day.
    waiting: Iterator[Webhook | Hook] = iter(chosen)

    async def send_in_turn(open_client: httpx.AsyncClient) -> None:
        nonlocal done
        for webhook in waiting:
            await _send(open_client, targets[webhook.gateway], webhook, attempts_max, backoff_s, timeout_s, outcome)
            done += 1
            if progress is not None:
                progress(done, len(chosen))

    async with AsyncExitStack() as stack:
        if client is None:
            # An intake is local or named by address: proxies of the environment would only be in the way.
            limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
            client = await stack.enter_async_context(httpx.AsyncClient(limits=limits, trust_env=False))
        async with asyncio.TaskGroup() as senders:
            for _ in range(concurrency):
                senders.create_task(send_in_turn(client))
    return outcome


async def _send(
    client: httpx.AsyncClient,
    target: Target,
    webhook: Webhook | Hook,
    attempts_max: int,
    backoff_s: float,
    timeout_s: float,
    outcome: Sendings,
) -> None:
    body, problem = webhook.body, ""
    for attempt in range(attempts_max):
        if attempt:
            outcome.retried += 1
            await asyncio.sleep(min(_BACKOFF_MAX_S, backoff_s * 2 ** (attempt - 1)))
        if isinstance(webhook, Hook):
            headers = webhook.headers_for(target.secret)
        else:
            headers = webhook_headers(body, target.secret, int(time.time()))
        try:
            response = await client.post(target.url, content=body, headers=headers, timeout=timeout_s)
        except httpx.TransportError as error:
            problem = f"{type(error).__name__} {error}".strip()
            continue
        if response.is_success:
            outcome.sent += 1
            outcome.doubled += webhook.repeat
            return
        problem = f"{response.status_code} {response.text[:200]}"
        if response.status_code not in _RETRIED_STATUSES:
            outcome.refused += 1
            outcome.add_problem(f"{webhook.event_id} {webhook.type}: refused: {problem}")
            return
    outcome.given_up += 1
    outcome.add_problem(f"{webhook.event_id} {webhook.type}: given up after {attempts_max} attempts: {problem}")


def webhook_headers(body: bytes, secret: str, now_s: int) -> dict[str, str]:
    """The headers with which the gateway delivers `body` at Unix time `now_s`."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        SIGNATURE_HEADER: sign(body, secret, now_s),
    }
