"""Proves that PayPal sent a request: an RSA signature made with a certificate that stands at an address of PayPal's.

What is signed is ``<transmission id>|<transmission time>|<webhook id>|<CRC-32 of the body>``, the last one as an
unsigned decimal number. The webhook's id is not in the request: it is what the endpoint keeps as its secret, and of
two webhooks during a change both ids are. The certificate's address comes from the sender, so nothing is fetched from
a host that is not PayPal's (https://developer.paypal.com/api/rest/webhooks/rest).

A CRC-32 is no cryptographic digest: who is able to see one signed delivery can make another body of the same sum. That
is PayPal's scheme; TLS and an endpoint's address that nobody knows are what stands against it.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from zlib import crc32

from connectors.errors import SignatureError
from connectors.exchange import Keys, Verified, WebhookRequest
from connectors.manifest import SignatureScheme
from connectors.signatures import HEADER_CHARS_MAX

# PayPal repeats a delivery for three days; a repeat may carry the time of the first attempt.
TOLERANCE_S: Final = 4 * 24 * 3600
CLOCK_S: Final = 300

TRANSMISSION_ID: Final = "paypal-transmission-id"
TRANSMISSION_TIME: Final = "paypal-transmission-time"
TRANSMISSION_SIG: Final = "paypal-transmission-sig"
CERT_URL: Final = "paypal-cert-url"
AUTH_ALGO: Final = "paypal-auth-algo"

SCHEME: Final = SignatureScheme(TRANSMISSION_SIG, "rsa", encoding="base64", tolerance_s=TOLERANCE_S)

_ALGORITHM: Final = "SHA256withRSA"  # PayPal's libraries also know SHA1withRSA, which proves nothing any more
_TRANSMISSION_ID: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{300,1024}={0,2}")
# The whole address is held against one form, so that no second reading of it can find another host.
_ADDRESS: Final = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}paypal\.com/v1/notifications/certs/[A-Za-z0-9_-]{1,200}"
)


def key_urls(request: WebhookRequest) -> tuple[str, ...]:
    """The address of the certificate, once it is sure that it is PayPal's; raises `SignatureError` for any other."""
    for header in (TRANSMISSION_ID, TRANSMISSION_TIME, TRANSMISSION_SIG):
        _header(request.headers, header)
    address = _header(request.headers, CERT_URL)
    host = urlsplit(address).hostname if _ADDRESS.fullmatch(address) else None
    if host is None or not host.endswith(".paypal.com"):
        raise SignatureError(
            "cert_url_refused", "PAYPAL-CERT-URL is not https://<host>.paypal.com/v1/notifications/certs/<name>"
        )
    return (address,)


def verify(request: WebhookRequest, keys: Keys, now_s: int) -> Verified:
    """Return the transmission's id when PayPal signed exactly this body recently for one of the webhooks in `keys`.

    `Keys.tolerance_s` is not shorter than PayPal's own days here: a repeat would be refused for ever.
    """
    from connectors.paypal_certificate import is_signed_by, read_certificate  # slow to import, and only needed here

    headers = request.headers
    [address] = key_urls(request)
    if _header(headers, AUTH_ALGO) != _ALGORITHM:
        raise SignatureError("algorithm_refused", f"PAYPAL-AUTH-ALGO must be {_ALGORITHM}")
    transmission_id, at = _header(headers, TRANSMISSION_ID), _header(headers, TRANSMISSION_TIME)
    if not _TRANSMISSION_ID.fullmatch(transmission_id):
        raise SignatureError("header_malformed", "PAYPAL-TRANSMISSION-ID is not an id")
    signed_at_s = _unix_s(at)
    signature = _signature(_header(headers, TRANSMISSION_SIG))
    pem = keys.certificates.get(address)
    if pem is None:
        raise SignatureError("certificate_missing", "the certificate at PAYPAL-CERT-URL was not fetched")
    certificate = read_certificate(pem, now_s)
    matched = False
    for webhook_id in keys.secrets:
        signed = f"{transmission_id}|{at}|{webhook_id}|{crc32(request.raw)}".encode("utf-8", "surrogatepass")
        matched |= bool(webhook_id) and is_signed_by(certificate, signature, signed)
    if not matched:
        raise SignatureError(
            "bad_signature", "PAYPAL-TRANSMISSION-SIG does not match; check that the endpoint names this webhook's id"
        )
    tolerance_s = max(TOLERANCE_S, keys.tolerance_s or 0)
    if not -CLOCK_S <= now_s - signed_at_s <= tolerance_s:
        raise SignatureError(
            "timestamp_out_of_tolerance",
            f"signed {now_s - signed_at_s} s ago, at most {tolerance_s} s in the past and {CLOCK_S} s in the future; "
            "check this machine's clock",
        )
    return Verified()


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise SignatureError("header_missing", f"the request has no {name} header")
    if len(value) > HEADER_CHARS_MAX:
        raise SignatureError("header_malformed", f"{name} is longer than {HEADER_CHARS_MAX} characters")
    return value


def _unix_s(at: str) -> int:
    try:
        if _TIME.fullmatch(at):
            return int(datetime.fromisoformat(at).timestamp())
    except (ValueError, OverflowError):
        pass
    raise SignatureError("header_malformed", "PAYPAL-TRANSMISSION-TIME is not a time in RFC 3339")


def _signature(text: str) -> bytes:
    try:
        if _BASE64.fullmatch(text):
            signature = base64.b64decode(text, validate=True)
            if base64.b64encode(signature).decode() == text:  # one way to write each: no two headers mean the same
                return signature
    except binascii.Error:
        pass
    raise SignatureError("header_malformed", "PAYPAL-TRANSMISSION-SIG is not base64 of an RSA signature")
