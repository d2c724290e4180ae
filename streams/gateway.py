"""A gateway account as polling needs it: who it is, where it is reached, and what proves that we may ask.

Credentials never show in a repr. Their digest says whether they changed since they were refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import scrypt
from typing import Final, Literal

import msgspec

from connectors.connector import Connector
from connectors.manifest import Auth, Manifest, Stream

Environment = Literal["sandbox", "live"]

# The fields of `Credentials` that each kind of authorization needs.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (),
    "bearer": ("api_key",),
    "api_key": ("api_key",),
    "basic": ("username", "password"),
    "client_credentials": ("client_id", "client_secret"),
    "refresh_token": ("client_id", "client_secret", "refresh_token"),
}


@dataclass(frozen=True)
class Credentials:
    """What proves who makes a call; only what the manifest's kind of authorization needs is set.

    Attributes:
        headers: sent with every call besides, for example a tenant or a subscription key.
    """

    api_key: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def missing(self, auth: Auth) -> tuple[str, ...]:
        """Names of what this kind of authorization needs and is not set."""
        return tuple(name for name in NEEDED[auth.kind] if not getattr(self, name))

    @cached_property
    def digest(self) -> bytes:
        """Tells credentials apart. Slow on purpose: a password is not to be guessed from it."""
        told = msgspec.json.encode([vars(self).get(name) for name in _FIELDS])
        return scrypt(told, salt=b"contraflow credentials", n=2**14, r=8, p=1, dklen=32)


_FIELDS: Final = ("api_key", "username", "password", "client_id", "client_secret", "refresh_token", "headers")


@dataclass(frozen=True)
class Gateway:
    """One account at one gateway.

    Attributes:
        name: in the settings; what is remembered of it stands under this name.
        connector: what speaks its language.
        account: the account at the gateway, the first part of every fact's key.
        book: where what is read is posted.
        base_url, token_url: instead of the manifest's, empty otherwise.
        streams: those that are polled, with their pauses.
        since_s: Unix time from which a stream is read that was never read before; None for the time it begins.
        has_webhooks: whether an endpoint takes this account's webhooks, so that their absence is a gap.
    """

    name: str
    connector: Connector = field(repr=False)
    account: str
    book: str
    environment: Environment
    credentials: Credentials
    base_url: str = ""
    token_url: str = ""
    streams: tuple[Stream, ...] = ()
    since_s: int | None = None
    has_webhooks: bool = False

    @property
    def source(self) -> str:
        """The connector's name."""
        return self.connector.source

    @property
    def manifest(self) -> Manifest:
        """What its connector is."""
        manifest = self.connector.manifest
        assert manifest is not None
        return manifest

    @property
    def base(self) -> str:
        """Where it answers, without a slash at the end."""
        if self.base_url:
            return self.base_url
        urls = self.manifest.urls
        assert urls is not None
        return urls.sandbox if self.environment == "sandbox" else urls.live

    @property
    def token_endpoint(self) -> str:
        """Where tokens are handed out."""
        if self.token_url:
            return self.token_url
        urls = self.manifest.auth.token_urls
        assert urls is not None
        return urls.sandbox if self.environment == "sandbox" else urls.live

    def stream(self, name: str) -> Stream:
        """A stream of the manifest with the settings' pause, polled or by id; raises `KeyError`."""
        return next((stream for stream in self.streams if stream.name == name), None) or self.manifest.stream(name)
