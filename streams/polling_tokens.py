"""Tokens: what proves our calls to vendors who hand out access for a while (OAuth 2.0), renewed by one at a time.

A refresh token that rotates is good once: two processes that both used it would lock the account out. So whoever renews
holds the row of the account in PostgreSQL until the new tokens are in it, and everybody else finds them there. What
was handed out under other credentials than the settings' is forgotten.
"""

import base64
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
import msgspec
from psycopg import AsyncConnection

from connectors.exchange import Answer
from connectors.outcome import CallFailed, Outcome, retry_after_s
from streams.gateway import Gateway
from streams.polling_clock import Clock
from streams.polling_store import Pool

TOKEN: Final = "token"  # noqa: S105 - the name of an operation
LIFETIME_S: Final = 3600  # of a token whose end the vendor does not tell
LIFETIME_S_MAX: Final = 10 * 366 * 86_400
TOKEN_CHARS_MAX: Final = 16_384


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str = ""
    expires_in: int | float | str | None = None

    def lifetime_s(self) -> float:
        """Seconds; what is no sensible number of them counts as not told."""
        try:
            told_s = float(self.expires_in) if self.expires_in is not None else LIFETIME_S
        except ValueError:
            return LIFETIME_S
        return told_s if 0 < told_s <= LIFETIME_S_MAX else LIFETIME_S

    @property
    def is_sendable(self) -> bool:
        """True when both tokens can stand in a header, as RFC 6750 writes them: visible ASCII, not without end."""
        return all(
            len(token) <= TOKEN_CHARS_MAX and token.isascii() and token.isprintable() and " " not in token
            for token in (self.access_token, self.refresh_token)
        ) and bool(self.access_token)


class Authorization:
    """The headers that prove an account's calls."""

    def __init__(self, gateway: Gateway, pool: Pool, http: httpx.AsyncClient, clock: Clock) -> None:
        self._gateway = gateway
        self._pool = pool
        self._http = http
        self._clock = clock
        self._token = ""
        self._renew_at_s = 0.0

    @property
    def is_renewable(self) -> bool:
        """Whether a refused call may be made again with a new token."""
        return self._gateway.manifest.auth.kind in ("client_credentials", "refresh_token")

    async def headers(self, refused: str = "") -> dict[str, str]:
        """The headers of a call.

        Args:
            refused: the value of ``Authorization`` that the vendor has just refused: its token is not used again.

        Raises:
            CallFailed: no token was handed out; its outcome says what may follow.
        """
        given, auth = self._gateway.credentials, self._gateway.manifest.auth
        match auth.kind:
            case "none":
                return {}
            case "bearer":
                return {"authorization": f"Bearer {given.api_key}"}
            case "api_key":
                return {auth.header.lower(): given.api_key}
            case "basic":
                return {"authorization": _basic(given.username, given.password)}
            case "client_credentials" | "refresh_token":
                if refused or not self._token or self._clock.now_s() >= self._renew_at_s:
                    await self._renew(refused.removeprefix("Bearer "))
                return {"authorization": f"Bearer {self._token}"}

    async def _renew(self, refused: str) -> None:
        gateway = self._gateway
        async with self._pool.connection() as connection, connection.transaction():
            access, refresh, expires_at_us = await _locked(connection, gateway)
            renew_at_s = expires_at_us / 1_000_000 - gateway.manifest.auth.margin_s
            if not access or access == refused or self._clock.now_s() >= renew_at_s:
                granted = await self._ask(refresh)
                access, refresh = granted.access_token, granted.refresh_token or refresh
                expires_at_s = self._clock.now_s() + granted.lifetime_s()
                # A token that lives shorter than the margin is used for half of its life.
                renew_at_s = max(
                    expires_at_s - gateway.manifest.auth.margin_s, (expires_at_s + self._clock.now_s()) / 2
                )
                await connection.execute(
                    "UPDATE gateways.tokens SET access_token = %s, refresh_token = %s, expires_at_us = %s,"
                    " renewed = renewed + 1 WHERE name = %s",
                    (access, refresh, int(expires_at_s * 1_000_000), gateway.name),
                )
        self._token, self._renew_at_s = access, renew_at_s

    async def _ask(self, refresh: str) -> _Granted:
        given, auth = self._gateway.credentials, self._gateway.manifest.auth
        form = {"grant_type": "client_credentials"}
        if auth.kind == "refresh_token":
            form = {"grant_type": "refresh_token", "refresh_token": refresh or given.refresh_token}
        if auth.scope:
            form["scope"] = auth.scope
        headers = {"accept": "application/json"}
        if auth.client == "basic":
            # RFC 6749, 2.3.1: both are form-encoded before they become Basic authorization.
            headers["authorization"] = _basic(quote_plus(given.client_id), quote_plus(given.client_secret))
        else:
            form |= {"client_id": given.client_id, "client_secret": given.client_secret}
        try:
            answer = await self._http.post(self._gateway.token_endpoint, data=form, headers=headers)
        except httpx.HTTPError:
            # Nobody knows whether a rotating token was used up; the vendor will say when it is tried again.
            raise CallFailed(TOKEN, Outcome("retry", "no_answer")) from None
        if answer.status_code == 200:
            try:
                granted = msgspec.json.decode(answer.content, type=_Granted)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise CallFailed(TOKEN, Outcome("retry", "token_malformed")) from None
            if not granted.is_sendable:
                raise CallFailed(TOKEN, Outcome("retry", "token_malformed"))
            return granted
        raise CallFailed(TOKEN, _refusal(answer, self._clock.now_s()))


async def _locked(connection: AsyncConnection[Any], gateway: Gateway) -> tuple[str, str, int]:
    """The account's tokens, with its row locked; empty ones where there are none for these credentials."""
    digest = gateway.credentials.digest
    await connection.execute(
        "INSERT INTO gateways.tokens (name, credentials) VALUES (%s, %s) ON CONFLICT DO NOTHING", (gateway.name, digest)
    )
    row = await (
        await connection.execute(
            "SELECT access_token, refresh_token, expires_at_us, credentials FROM gateways.tokens WHERE name = %s"
            " FOR UPDATE",
            (gateway.name,),
        )
    ).fetchone()
    assert row is not None
    access, refresh, expires_at_us, stored = row
    if bytes(stored) == digest:
        return access, refresh, expires_at_us
    await connection.execute(
        "UPDATE gateways.tokens SET credentials = %s, access_token = '', refresh_token = '', expires_at_us = 0"
        " WHERE name = %s",
        (digest, gateway.name),
    )
    return "", "", 0


def _refusal(answer: httpx.Response, now_s: float) -> Outcome:
    status = answer.status_code
    wait_s = retry_after_s(Answer(status, dict(answer.headers), b"", int(now_s)))
    if status == 429:
        return Outcome("rate_limited", "http_429", wait_s)
    if status >= 500 or status == 408:
        return Outcome("retry", f"http_{status}", wait_s)
    return Outcome("credentials_expired", f"token_http_{status}")


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
