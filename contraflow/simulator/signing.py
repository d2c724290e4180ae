"""Signing a webhook as the gateway does.

Scheme ``v1`` of the header ``Stripe-Signature``: HMAC-SHA256 with the endpoint's secret over the time, a dot and the
raw body. Written apart from the code that verifies, so that a test of one tests the other.
Source: https://docs.stripe.com/webhooks#verify-manually
"""

import hashlib
import hmac

SIGNATURE_HEADER = "Stripe-Signature"


def sign(body: bytes, secret: str, now_s: int) -> str:
    """The header's value for `body`, sent at Unix time `now_s` to an endpoint with `secret` (``whsec_..``)."""
    digest = hmac.new(secret.encode(), str(now_s).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={now_s},v1={digest}"
