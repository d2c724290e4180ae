"""What the API needs to know, as values; whoever wires the process makes them from the settings.

No secret is in here: an endpoint carries the check of its signature as a function, and that function holds the secrets.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from streams.intake import Intake

BODY_BYTES_MAX: Final = 1 << 20
WAIT_S_MAX: Final = 30


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a verified request told, to be recorded: its bytes, the sender's id of it, what headers said."""

    raw: bytes = field(repr=False)
    delivery: str = ""
    context: Mapping[str, str] = field(default_factory=dict)


# headers by lower-case name, raw body, path and query, now in seconds since 1970 -> what to record, in order;
# raises `SignatureRefused` and `KeysUnavailable`
Receive = Callable[[Mapping[str, str], bytes, str, int], Awaitable[Sequence[Part]]]


class SignatureRefused(Exception):
    """A webhook's signature does not prove who sent it.

    Attributes:
        code: stable reason code: ``header_missing``, ``header_malformed``, ``bad_signature``,
            ``timestamp_out_of_tolerance``, or another of the gateway's connector.
        detail: one sentence for the sender; tells nothing about a secret.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class KeysUnavailable(Exception):
    """What proves a webhook could not be had just now, such as a certificate: the sender should come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """One webhook URL of a gateway.

    Attributes:
        source: the gateway, for example ``stripe``.
        account: the account at the gateway; may be empty when its events name it.
        book: where its facts go.
        receive: verifies a request and says what to record; raises `SignatureRefused`,
            or `KeysUnavailable` when what proves it could not be had.
    """

    source: str
    account: str
    book: str
    receive: Receive = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """Everything `create_app` needs.

    Attributes:
        postgres_conninfo: of the database with the event store and the projections.
        open_intake: makes the intake; called once when the process starts, which closes it at its end.
        reach_broker: asks whether Kafka answers, blocking for `probe_wait_s` or less; runs in a thread.
        endpoints: webhook endpoints by the name that stands in their URL.
        body_bytes_max: largest webhook body; Stripe's own are far below.
        body_wait_s: how long a webhook's sender may take to send its body.
        intake_wait_s: after this the sender is asked to come again, whatever the intake does; its own bound is shorter.
        probe_wait_s: how long each check of ``/ready`` may take.
        connections_max: PostgreSQL connections of this process, besides the one that listens.
        connection_wait_s: how long a request waits for one of them.
        statement_timeout_ms: how long PostgreSQL may work on one query.
        waiting_max: how many requests may wait for a position at once.
    """

    postgres_conninfo: str = field(repr=False)
    open_intake: Callable[[], Intake]
    reach_broker: Callable[[], bool]
    endpoints: Mapping[str, WebhookEndpoint] = field(default_factory=dict)
    body_bytes_max: int = BODY_BYTES_MAX
    body_wait_s: float = 20.0
    intake_wait_s: float = 10.0
    probe_wait_s: float = 2.0
    connections_max: int = 8
    connection_wait_s: float = 5.0
    statement_timeout_ms: int = 10_000
    waiting_max: int = 1000
