"""The certificate with which PayPal signs its webhooks: read, held against the time and against its issuers.

What makes it PayPal's is that it was fetched over TLS, trusting the public roots, from a host of PayPal's without a
redirect. On top of that it has to name a host of PayPal's, be valid now, carry an RSA key of 2,048
bits or more, and be signed by its issuer where the file holds that as well.
"""

from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from connectors.errors import SignatureError

KEY_BITS_MIN: Final = 2048
CHAIN_MAX: Final = 8
HOST_SUFFIX: Final = ".paypal.com"


def read_certificate(pem: bytes, now_s: int) -> x509.Certificate:
    """The signing certificate in a PEM file that may hold its issuers too; raises `SignatureError`.

    Args:
        now_s: Unix time in seconds at which it has to be valid.
    """
    chain = _chain(pem)
    now = datetime.fromtimestamp(now_s, UTC)
    for certificate in chain:
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise SignatureError(
                "certificate_expired", "the signing certificate or one of its issuers is not valid now"
            )
    return chain[0]


def is_signed_by(certificate: x509.Certificate, signature: bytes, signed: bytes) -> bool:
    """Whether `signature` is this certificate's over `signed`: RSA, PKCS#1 v1.5, SHA-256."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    return is_signed_with(key, signature, signed)


def is_signed_with(key: rsa.RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    """As `is_signed_by`, for a bare key."""
    try:
        key.verify(signature, signed, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=32)
def _chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The signing certificate and its issuers, all that does not depend on the time held against each other."""
    try:
        held = x509.load_pem_x509_certificates(pem)
        signing = next((each for each in held if any(name.endswith(HOST_SUFFIX) for name in _names(each))), None)
        key = signing.public_key() if signing else None
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise SignatureError("certificate_malformed", "the file at PAYPAL-CERT-URL holds no certificate") from error
    if len(held) > CHAIN_MAX:
        raise SignatureError("certificate_malformed", f"the file at PAYPAL-CERT-URL has over {CHAIN_MAX} certificates")
    if signing is None:
        raise SignatureError("certificate_refused", "no certificate in the file names a host of PayPal's")
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise SignatureError("certificate_refused", f"the signing key is not RSA of {KEY_BITS_MIN} bits or more")
    chain = [signing]
    while issuer := next((each for each in held if each.subject == chain[-1].issuer and each not in chain), None):
        try:
            chain[-1].verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise SignatureError("certificate_refused", "a certificate is not signed by its issuer") from error
        chain.append(issuer)
    return tuple(chain)


def _names(certificate: x509.Certificate) -> list[str]:
    names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    with suppress(x509.ExtensionNotFound):
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names += others.value.get_values_for_type(x509.DNSName)
    return [name.lower() for name in names]
