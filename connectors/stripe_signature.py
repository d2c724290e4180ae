"""Proves that Stripe sent a request, over the raw bytes, before anything in them is read.

The header is ``Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>...]`` and each ``v1`` is the HMAC-SHA-256 of
``<t>.<raw body>`` under one endpoint secret (https://docs.stripe.com/webhooks/signature). Several secrets and several
signatures are valid at once while a secret is being rotated. Other schemes (``v0`` of test events) prove nothing.
"""

import re
from collections.abc import Sequence
from typing import Final

from connectors.errors import SignatureError
from connectors.exchange import Keys, Verified, WebhookRequest
from connectors.manifest import SignatureScheme
from connectors.signatures import HEADER_CHARS_MAX, check_hmac, check_time

TOLERANCE_S: Final = 300
SCHEME: Final = SignatureScheme("stripe-signature", "hmac", tolerance_s=TOLERANCE_S)

_TIMESTAMP: Final = re.compile(r"0|[1-9][0-9]{0,14}")


def verify_stripe(
    raw: bytes, header: str | None, secrets: Sequence[str], now_s: int, tolerance_s: int = TOLERANCE_S
) -> None:
    """Return when one of `secrets` signed exactly these bytes recently; raise `SignatureError` otherwise.

    Args:
        raw: the request's body, untouched.
        header: value of ``Stripe-Signature``, or None when the request had none.
        secrets: the endpoint's secrets, ``whsec_...`` included; empty ones never match.
        now_s: Unix time in seconds.
        tolerance_s: how far the signed time may lie in the past or in the future, in seconds. A retry is signed anew,
            so a small tolerance loses nothing.
    """
    timestamp, signatures = _read_header(header)
    check_hmac(SCHEME, timestamp.encode() + b"." + raw, signatures, secrets)
    check_time(int(timestamp), now_s, tolerance_s)


def verify(request: WebhookRequest, keys: Keys, now_s: int) -> Verified:
    """As `verify_stripe`, in the protocol's words."""
    tolerance_s = TOLERANCE_S if keys.tolerance_s is None else keys.tolerance_s
    verify_stripe(request.raw, request.headers.get(SCHEME.header), keys.secrets, now_s, tolerance_s)
    return Verified()


def _read_header(header: str | None) -> tuple[str, list[str]]:
    """The timestamp as it was signed and all v1 signatures."""
    if not header:
        raise SignatureError("header_missing", "the request has no Stripe-Signature header")
    if len(header) > HEADER_CHARS_MAX:
        raise SignatureError("header_malformed", f"Stripe-Signature is longer than {HEADER_CHARS_MAX} characters")
    pairs = [part.partition("=") for part in header.split(",")]
    timestamps = [value for scheme, _, value in pairs if scheme == "t"]
    signatures = [value for scheme, _, value in pairs if scheme == "v1"]
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise SignatureError("header_malformed", "Stripe-Signature must have one t=<unix seconds>")
    if not signatures:
        raise SignatureError("header_malformed", "Stripe-Signature has no v1 signature")
    return timestamps[0], signatures
