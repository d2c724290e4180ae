"""Hook: one webhook of a gateway as it is delivered, and the headers with which that gateway proves it.

The proofs are written apart from the connectors that check them, so that a test of one tests the other.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

_encoder: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Hook:
    """One delivery of one event.

    Attributes:
        gateway: the connector that understands it.
        event_id: names the event in what people read; a doubled delivery has the same.
        type: the gateway's word for what happened.
        created_s: Unix time at which it happened.
        subject: the payment, transfer or other object whose story it belongs to.
        body: the exact bytes that are signed and sent.
        headers: those that the gateway sends beside the proof.
        late: delivered only after the bank statements.
        repeat: this event was delivered before.
    """

    gateway: str
    event_id: str
    type: str
    created_s: int
    subject: str
    body: bytes
    headers: Mapping[str, str]
    late: bool = False
    repeat: bool = False

    def headers_for(self, secret: str) -> dict[str, str]:
        """All headers of a delivery to an endpoint with `secret`."""
        proof = _PROOFS[self.gateway](self.body, secret)
        return {"Content-Type": "application/json", "User-Agent": self.gateway, **self.headers, **proof}


def written(body: object) -> bytes:
    """JSON as gateways send it; decimals stay numbers."""
    return _encoder.encode(body)


def _paystack(body: bytes, secret: str) -> dict[str, str]:
    """https://paystack.com/docs/payments/webhooks"""
    return {"x-paystack-signature": hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()}


def _flutterwave_v3(_: bytes, secret: str) -> dict[str, str]:
    """https://developer.flutterwave.com/v3.0/docs/webhooks: the secret itself, which proves nothing of the body."""
    return {"verif-hash": secret}


def _flutterwave_v4(body: bytes, secret: str) -> dict[str, str]:
    """https://developer.flutterwave.com/docs/webhooks"""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"flutterwave-signature": base64.b64encode(digest).decode()}


def _modern_treasury(body: bytes, secret: str) -> dict[str, str]:
    """https://docs.moderntreasury.com/platform/reference/webhooks"""
    return {"X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


_PROOFS: Final[dict[str, Callable[[bytes, str], dict[str, str]]]] = {
    "paystack": _paystack,
    "flutterwave_v3": _flutterwave_v3,
    "flutterwave_v4": _flutterwave_v4,
    "modern_treasury": _modern_treasury,
}

Json = dict[str, Any]
