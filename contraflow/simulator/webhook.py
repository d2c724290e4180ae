"""Webhook: one event as the gateway delivers it.

A webhook keeps what it tells and writes its body only when asked: a day of 50,000 payments stays small in memory, and
the same webhook always writes the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Protocol

import msgspec

from contraflow.simulator.identifiers import derived, derived_uuid

API_VERSION: Final = "2026-10-28.endive"
API_VERSION_OLD: Final = "2020-08-27"
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class Told(Protocol):
    """What an event is about."""

    def as_json(self, old: bool) -> dict[str, Any]:
        """The object in the shape of the old or the new API version."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery of one event.

    Attributes:
        event_id: the event's id; a doubled delivery has the same.
        type: for example ``charge.succeeded``.
        created_s: Unix time at which the event happened.
        subject: id of the payment, payout or other object whose story it belongs to.
        previous: what an update changed, as `previous_attributes`.
        late: delivered only after the payouts' pages and the bank statements.
        repeat: this event was delivered before.
    """

    gateway: ClassVar[str] = "stripe"

    event_id: str
    type: str
    created_s: int
    subject: str
    told: Told
    old: bool = False
    previous: Mapping[str, object] | None = None
    late: bool = False
    repeat: bool = False

    @property
    def body(self) -> bytes:
        """The exact bytes that are signed and sent."""
        if self.type.startswith("v2."):
            return _encode(self._thin())
        data: dict[str, Any] = {"object": self.told.as_json(self.old)}
        if self.previous is not None:
            data["previous_attributes"] = self.previous
        return _encode(
            {
                "id": self.event_id,
                "object": "event",
                "api_version": API_VERSION_OLD if self.old else API_VERSION,
                "created": self.created_s,
                "data": data,
                "livemode": False,
                "pending_webhooks": 1,
                "request": {
                    "id": f"req_{derived(self.event_id, 14)}",
                    "idempotency_key": derived_uuid(self.event_id),
                },
                "type": self.type,
            }
        )

    def _thin(self) -> dict[str, Any]:
        return {
            "id": self.event_id,
            "object": "v2.core.event",
            "created": datetime.fromtimestamp(self.created_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "livemode": False,
            "reason": None,
            "related_object": {
                "id": self.subject,
                "type": "v2.core.account",
                "url": f"/v2/core/accounts/{self.subject}",
            },
            "type": self.type,
        }


def _encode(event: dict[str, Any]) -> bytes:
    # Two spaces of indent, as the gateway sends it.
    return msgspec.json.format(_encoder.encode(event), indent=2)
