"""What the kit must know of a connector besides the connector itself: how its vendor signs, speaks and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors import Connector
from connectors.exchange import Answer, Call, Keys, WebhookRequest

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
AT_S = 1_700_000_000


@dataclass(frozen=True)
class Case:
    """One connector under test.

    Attributes:
        connector: of the registry.
        sign: body, secret and Unix time to the request that the vendor would send.
        keys: secrets to the keys an endpoint would have; certificates included where the scheme needs them.
        secret, other_secret: two of the form the vendor gives out.
        signed_headers: headers that the signature covers or that carry it; the kit mutates them.
        same_header: name, mutated value and original: whether a mutated header says the same as before.
        statuses: for each kind of object, every status word that the vendor's documentation lists.
        body_with_status: kind and word to a body or row that tells an object of this kind in this status, and the
            context it comes with; for the unknown word that must become an observed fact.
        serve: the vendor's lists: a call to its answer, refusing what the vendor would refuse with `AssertionError`.
        begin_s, now_s: the span of time in which `serve` has rows.
        account: of the endpoint.
    """

    connector: Connector
    sign: Callable[[bytes, str, int], WebhookRequest]
    secret: str
    other_secret: str
    signed_headers: tuple[str, ...]
    statuses: Mapping[str, frozenset[str]]
    body_with_status: Callable[[str, str], tuple[bytes, dict[str, str]]]
    serve: Callable[[Call], Answer] | None = None
    keys: Callable[..., Keys] = lambda *secrets: Keys(secrets)
    same_header: Callable[[str, str, str], bool] = lambda name, mutated, original: mutated == original
    begin_s: int = AT_S
    now_s: int = AT_S + 86_400
    account: str = "acct_1"
    body: bytes = field(default=b'{"event":"x","data":{"id":1,"note":"\xc3\xa9 / \\u00e9"}}')

    @property
    def golden(self) -> Path:
        """The folder of its golden files."""
        return GOLDEN / self.connector.source
