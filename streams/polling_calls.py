"""Calls: a connector's `Call` becomes a request and its answer an `Answer`, within limits, repeated where it is safe.

Here meet the base address, authorization, rate limits, the circuit breaker, waiting and repeating. Redirects are not
followed: they would carry our credentials to wherever they point. No address, header or body appears in an error.
"""

from typing import Final

import httpx

from connectors.exchange import Answer, Call
from connectors.outcome import CallFailed, Outcome, classify_silence
from streams.gateway import Gateway
from streams.polling_breaker import Breaker, BreakerLimits
from streams.polling_clock import Clock, backoff_s
from streams.polling_limiter import Limiter
from streams.polling_metrics import CALLS
from streams.polling_store import PollingStore
from streams.polling_tokens import Authorization

ATTEMPTS_MAX: Final = 4
WAIT_S_MAX: Final = 30.0  # longer waits are the schedule's matter
BODY_BYTES_MAX: Final = 32 * 1024 * 1024
ANSWER_WAIT_S: Final = 60.0
CONNECT_WAIT_S: Final = 10.0


def http_client(answer_wait_s: float = ANSWER_WAIT_S) -> httpx.AsyncClient:
    """The one client of a process; certificates are verified, redirects are not followed."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(answer_wait_s, connect=CONNECT_WAIT_S),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        follow_redirects=False,
        # A stand-in on this machine is never asked through a proxy, which would see the credentials in the clear.
        mounts=dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]")),
        headers={"user-agent": "contraflow"},
    )


class Calls:
    """Makes the calls of one account."""

    def __init__(
        self,
        gateway: Gateway,
        http: httpx.AsyncClient,
        authorization: Authorization,
        store: PollingStore,
        clock: Clock,
        limits: BreakerLimits,
    ) -> None:
        self._gateway = gateway
        self._http = http
        self._authorization = authorization
        self._store = store
        self._clock = clock
        self._limits = limits
        self._limiter = Limiter(gateway.manifest.limits, gateway.environment)
        self._breakers: dict[str, Breaker] = {}

    async def load(self) -> None:
        """Learn which breakers were open when the last process ended."""
        for operation, opened_at_s in (await self._store.breakers()).items():
            self._breakers[operation] = Breaker(self._limits, opened_at_s)

    async def make(self, call: Call) -> Answer:
        """The answer to a call, repeated while that is safe and worth waiting for.

        Raises:
            CallFailed: what may follow is not to read; with ``circuit_open`` no call was made at all.
        """
        refused = ""
        has_renewed = False
        attempt = 0
        while True:
            attempt += 1
            breaker = self._breakers.setdefault(call.operation, Breaker(self._limits))
            if (rest_s := breaker.wait_s(self._clock.now_s())) > 0:
                raise CallFailed(call.operation, Outcome("retry", "circuit_open", rest_s))
            try:
                headers = await self._authorization.headers(refused)
                refused = ""
                outcome, answer = await self._once(call, headers)
            except BaseException:
                breaker.given_up()
                raise
            CALLS.labels(self._gateway.name, call.operation, outcome.follow).inc()
            if breaker.told(_is_failure(outcome), self._clock.now_s()):
                await self._store.breaker(call.operation, breaker.opened_at_s)
            if outcome.follow == "ok":
                assert answer is not None
                return answer
            if outcome.follow == "credentials_expired" and self._authorization.is_renewable and not has_renewed:
                refused, has_renewed = headers["authorization"], True
                continue
            wait_s = max(outcome.after_s or 0.0, backoff_s(attempt, WAIT_S_MAX))
            if outcome.follow == "rate_limited":
                self._limiter.complained(wait_s, self._clock.now_s())
            elif outcome.follow != "retry":
                raise CallFailed(call.operation, outcome)
            if attempt >= ATTEMPTS_MAX or wait_s > WAIT_S_MAX or breaker.opened_at_s is not None:
                raise CallFailed(call.operation, outcome)
            if outcome.follow == "retry":
                await self._clock.sleep(wait_s)

    async def _once(self, call: Call, authorization: dict[str, str]) -> tuple[Outcome, Answer | None]:
        while (wait_s := self._limiter.take(call.operation, self._clock.now_s())) > 0:
            await self._clock.sleep(wait_s)
        gateway = self._gateway
        headers = {
            "accept": "application/json",
            **gateway.manifest.headers,
            **gateway.credentials.headers,
            **call.headers,
            **authorization,
        }
        try:
            request = self._http.build_request(
                call.method,
                gateway.base + call.path,
                params=list(call.query) or None,
                headers=headers,
                content=call.body or None,
            )
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return Outcome("rejected", "request_malformed"), None
        try:
            answer = await self._send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return classify_silence(call, was_sent=False), None
        except (httpx.HTTPError, httpx.InvalidURL):
            return classify_silence(call, was_sent=True), None
        if answer is None:
            return Outcome("rejected", "answer_too_large"), None
        return gateway.connector.classify(call, answer), answer

    async def _send(self, request: httpx.Request) -> Answer | None:
        response = await self._http.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    return None
        finally:
            await response.aclose()
        return Answer(response.status_code, dict(response.headers), bytes(body), int(self._clock.now_s()))


def _is_failure(outcome: Outcome) -> bool:
    """Whether the vendor is at fault: refusing us, or being asked too often, says nothing about its health."""
    return outcome.follow in ("retry", "look_up")
