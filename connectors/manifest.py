"""The manifest: what a connector is, as data that the engine, the reference and the test kit read.

Nothing here runs. Whatever differs between vendors and can be written down stands in a manifest; what cannot is one of
the pure functions of `connectors.connector`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, get_args

import msgspec

Capability = Literal["webhook", "poll", "fetch", "pay", "refund", "transfer", "journal"]
Status = Literal[
    "initiated",
    "pending",
    "authorized",
    "succeeded",
    "failed",
    "refunded",
    "partially_refunded",
    "disputed",
    "reversed",
]
AuthKind = Literal["none", "bearer", "api_key", "basic", "client_credentials", "refresh_token"]

CAPABILITIES: Final = frozenset(get_args(Capability))
STATUSES: Final = frozenset(get_args(Status))


class BaseUrls(msgspec.Struct, frozen=True):
    """Where the vendor answers; settings may override either. No slash at the end."""

    sandbox: str
    live: str


class Auth(msgspec.Struct, frozen=True):
    """How calls prove who makes them. Credentials themselves are settings and never stand here.

    Attributes:
        kind: ``bearer`` (a secret key), ``api_key`` (the same in a header of its own), ``basic`` (name and password),
            ``client_credentials`` or ``refresh_token`` (OAuth 2.0; the last one hands out a new refresh token with
            every answer if `rotates`).
        token_urls: whole addresses of the token endpoint, for the two OAuth kinds.
        client: whether the token endpoint takes client id and secret as Basic authorization or as form fields.
        scope: what is asked for, or empty.
        margin_s: how many seconds before its end a token is renewed.
        rotates: a refresh token is good once.
        header: for ``api_key``, the header that holds the key.
    """

    kind: AuthKind
    token_urls: BaseUrls | None = None
    client: Literal["basic", "form"] = "basic"
    scope: str = ""
    margin_s: int = 60
    rotates: bool = False
    header: str = ""


class SignatureScheme(msgspec.Struct, frozen=True):
    """How a webhook proves its sender.

    Attributes:
        header: name of the header in lower case.
        method: ``hmac``, ``shared_secret`` (the header repeats a secret and proves nothing about the body) or ``rsa``.
        hash: the digest below an HMAC or a signature.
        encoding: how the header writes bytes.
        tolerance_s: how far the signed time may lie in the past or the future; None where no time is signed.
    """

    header: str
    method: Literal["hmac", "shared_secret", "rsa"]
    hash: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    tolerance_s: int | None = None

    @property
    def proves_body(self) -> bool:
        """Whether a good signature means that the vendor said exactly these bytes."""
        return self.method != "shared_secret"


class Stream(msgspec.Struct, frozen=True):
    """A list that is read page by page: polled in windows of time, or read for one id when something asks for it.

    Attributes:
        name: ``balance_transactions``; for one object, what it is: ``charge``.
        page_size: rows asked for in a call.
        by_id: read for one id: a single object, or the contents of a payout. Never polled.
        every_s: pause between two polls once all is read.
        overlap_s: how far each window reaches back into the one before, for rows that appear late.
        window_s: the longest span of time in one call; 0 for any.
        history_s: how far back the vendor answers; 0 for any.
    """

    name: str
    page_size: int = 100
    by_id: bool = False
    every_s: int = 300
    overlap_s: int = 0
    window_s: int = 0
    history_s: int = 0


class RateLimit(msgspec.Struct, frozen=True):
    """At most `requests` calls in `per_s` seconds; `operation` is one name that calls carry, ``*`` all of them."""

    requests: int
    per_s: float = 1.0
    operation: str = "*"
    sandbox_requests: int = 0

    def requests_in(self, environment: str) -> int:
        """How many in ``sandbox`` or ``live``."""
        return self.sandbox_requests if environment == "sandbox" and self.sandbox_requests else self.requests


class Operation(msgspec.Struct, frozen=True):
    """An operation that moves money, and what makes repeating it safe.

    Attributes:
        name: ``pay``, ``refund`` or ``transfer``, or a step of one such as ``pay.capture``.
        key: where the idempotency key stands: a header, a field of the body, or nowhere.
        key_name: name of that header or field.
        key_chars_max: how long a key may be.
        kept_s: how long the vendor remembers a key; 0 for ever.
        look_up: the stream, by id, that says what became of a call whose outcome is unknown.
    """

    name: str
    key: Literal["header", "field", "none"]
    key_name: str = ""
    key_chars_max: int = 255
    kept_s: int = 0
    look_up: str = ""


class Units(msgspec.Struct, frozen=True):
    """How the vendor writes amounts.

    Attributes:
        style: ``minor``: whole minor units; ``major``: decimal units such as ``12.50``, as text or number.
        digits: currencies whose decimal digits at the vendor differ from ISO 4217.
        refused: currencies whose digits at the vendor nobody has documented: guessing could be wrong by ten.
    """

    style: Literal["minor", "major"]
    digits: Mapping[str, int] = {}
    refused: frozenset[str] = frozenset()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        name: in topics, addresses and settings: lower case, digits and ``_``.
        title: what people call it.
        version: version of the vendor's interface that is spoken.
        headers: sent with every call.
        statuses: for each kind of object (``payment``, ``refund``, ...) every status word of the vendor and what it
            is in our state machine. A word that is missing becomes an observed fact.
    """

    name: str
    title: str
    version: str
    capabilities: frozenset[Capability]
    units: Units
    urls: BaseUrls | None = None
    auth: Auth = Auth("none")
    headers: Mapping[str, str] = {}
    signatures: tuple[SignatureScheme, ...] = ()
    streams: tuple[Stream, ...] = ()
    limits: tuple[RateLimit, ...] = ()
    operations: tuple[Operation, ...] = ()
    statuses: Mapping[str, Mapping[str, Status]] = {}

    def stream(self, name: str) -> Stream:
        """The stream of this name; raises `KeyError`."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        raise KeyError(name)

    def status(self, kind: str, word: str) -> Status | None:
        """What a vendor's word means for this kind of object, or None for one that nobody has mapped."""
        return self.statuses.get(kind, {}).get(word)

    def faults(self) -> Iterator[str]:
        """What in the manifest contradicts itself, one sentence each."""
        polled = [stream for stream in self.streams if not stream.by_id]
        by_id = {stream.name for stream in self.streams if stream.by_id}
        if ("poll" in self.capabilities) != bool(polled):
            yield "poll: a connector that can poll has a stream that is polled, and no other has one"
        if ("fetch" in self.capabilities) != bool(by_id):
            yield "fetch: a connector that can fetch has a stream by id, and no other has one"
        if ("webhook" in self.capabilities) != bool(self.signatures):
            yield "webhook: a connector that takes webhooks has a signature scheme, and no other has one"
        if self.streams and self.urls is None:
            yield "urls: streams need an address"
        if self.auth.kind in ("client_credentials", "refresh_token") and self.auth.token_urls is None:
            yield "auth.token_urls: this kind of authorization needs a token endpoint"
        if (self.auth.kind == "api_key") != bool(self.auth.header):
            yield "auth.header: an api key stands in a header of its own, and nothing else does"
        for stream in polled:
            if 0 < stream.window_s <= stream.overlap_s:
                yield f"streams.{stream.name}: its window must be longer than its overlap, or it never advances"
        for operation in self.operations:
            if operation.look_up and operation.look_up not in by_id:
                yield f"operations.{operation.name}: {operation.look_up} is not a stream by id"
            if (operation.key == "none") != (not operation.key_name):
                yield f"operations.{operation.name}: key_name belongs to a key"
        for scheme in self.signatures:
            if scheme.header != scheme.header.lower():
                yield f"signatures.{scheme.header}: headers are named in lower case"
        for kind, words in self.statuses.items():
            for word, status in words.items():
                if status not in STATUSES:
                    yield f"statuses.{kind}.{word}: {status!r} is not a status"
