"""Tokens: handed out for a client's credentials, good for a short while, refused afterwards."""

import secrets
from typing import Final

from contraflow.simulator.asking import Asked, Reply

# Short enough that a demo sees tokens expire; a pipeline renews one before that.
LIFETIME_S: Final = 20


class Tokens:
    """The token office of one gateway (RFC 6749, 4.4).

    Attributes:
        granted: how many tokens were handed out.
    """

    def __init__(self, client_id: str, client_secret: str, lifetime_s: int = LIFETIME_S) -> None:
        self._client = client_id, client_secret
        self._lifetime_s = lifetime_s
        self._good_until_s: dict[str, int] = {}
        self.granted = 0

    def grant(self, asked: Asked, client: tuple[str, str], now_s: int) -> Reply:
        """A token for the client that a request names."""
        if asked.method != "POST" or asked.form.get("grant_type") != "client_credentials":
            return Reply.of({"error": "unsupported_grant_type"}, 400)
        if client != self._client:
            return Reply.of({"error": "invalid_client"}, 401)
        token = self._new(now_s)
        return Reply.of({"access_token": token, "token_type": "Bearer", "expires_in": self._lifetime_s})

    def is_good(self, asked: Asked, now_s: int) -> bool:
        """Whether a request carries a token that has not expired."""
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        return self._good_until_s.get(token, 0) > now_s

    def authorization(self, now_s: int) -> dict[str, str]:
        """Headers with a fresh token, for whoever asks a desk without going to its token office."""
        return {"authorization": f"Bearer {self._new(now_s)}"}

    def _new(self, now_s: int) -> str:
        token = secrets.token_urlsafe(24)
        self._good_until_s[token] = now_s + self._lifetime_s
        self.granted += 1
        return token
