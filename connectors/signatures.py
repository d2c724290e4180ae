"""Signatures over raw bytes with secrets that both sides know, in the few forms that vendors use.

Every secret is compared with every signature in constant time, so that the time taken tells nothing about which one
was near. Several secrets are valid at once while one is being replaced; an empty one never matches.
"""

import base64
import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from connectors.errors import SignatureError
from connectors.exchange import Keys, Verified, WebhookRequest
from connectors.manifest import SignatureScheme

HEADER_CHARS_MAX: Final = 4096


def hmac_text(scheme: SignatureScheme, secret: str, signed: bytes) -> str:
    """The signature of `signed` as the scheme's header writes it."""
    digest = hmac.digest(secret.encode("utf-8", "surrogatepass"), signed, scheme.hash)
    return digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()


def check_hmac(scheme: SignatureScheme, signed: bytes, given: Iterable[str], secrets: Sequence[str]) -> None:
    """Return when one of `given` is the HMAC of `signed` under one of `secrets`; raise `SignatureError` otherwise."""
    signatures = [_bytes(each) for each in given]
    matched = False
    for secret in secrets:
        expected = hmac_text(scheme, secret, signed).encode()
        for signature in signatures:
            matched |= bool(secret) & hmac.compare_digest(expected, signature)
    if not matched:
        raise SignatureError(
            "bad_signature",
            f"no signature in {scheme.header} matches; check that the endpoint's secret is the right one",
        )


def check_time(signed_at_s: int, now_s: int, tolerance_s: int) -> None:
    """Raise `SignatureError` when the signed time lies further than `tolerance_s` in the past or the future."""
    if abs(now_s - signed_at_s) > tolerance_s:
        raise SignatureError(
            "timestamp_out_of_tolerance",
            f"signed {now_s - signed_at_s} s ago, at most {tolerance_s} s either way; check this machine's clock",
        )


def header_of(scheme: SignatureScheme, request: WebhookRequest) -> str:
    """The value of the scheme's header; raises `SignatureError` when it is missing or too long to be one."""
    header = request.headers.get(scheme.header, "")
    if not header:
        raise SignatureError("header_missing", f"the request has no {scheme.header} header")
    if len(header) > HEADER_CHARS_MAX:
        raise SignatureError("header_malformed", f"{scheme.header} is longer than {HEADER_CHARS_MAX} characters")
    return header


def body_verifier(
    scheme: SignatureScheme, told: Callable[[WebhookRequest], Verified] = lambda _: Verified()
) -> Callable[[WebhookRequest, Keys, int], Verified]:
    """A `verify` for vendors whose header holds nothing but the HMAC of the body, or nothing but a shared secret.

    Args:
        told: what the other headers of a request say that was verified.
    """

    def verify(request: WebhookRequest, keys: Keys, now_s: int) -> Verified:
        header = header_of(scheme, request)
        if scheme.method == "hmac":
            check_hmac(scheme, request.raw, [header], keys.secrets)
        else:
            check_shared_secret(scheme, header, keys.secrets)
        return told(request)

    return verify


def check_shared_secret(scheme: SignatureScheme, given: str, secrets: Sequence[str]) -> None:
    """Return when `given` is one of `secrets`. It proves nothing about a body: see `Connector.wants`."""
    matched = False
    for secret in secrets:
        matched |= bool(secret) & hmac.compare_digest(_bytes(secret), _bytes(given))
    if not matched:
        raise SignatureError(
            "bad_signature", f"{scheme.header} is not the endpoint's secret; check that it is the right one"
        )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
