"""Certificates and signatures such as PayPal's, made here: a chain of two and whatever is wrong with one."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from zlib import crc32

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from connectors.exchange import WebhookRequest
from tests.unit.connectors.kit import AT_S

URL = "https://api.paypal.com/v1/notifications/certs/CERT-made-here"


def key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key a name; making them is slow."""
    return _key(name, bits)


@cache
def _key(name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def certificate(
    common_name: str = "messageverificationcerts.paypal.com",
    *,
    issuer: str = "Root of the tests",
    signer: str = "root",
    key_name: str = "paypal",
    bits: int = 2048,
    days: int = 365,
    at_s: int = AT_S,
    elliptic: bool = False,
    alternative: str = "",
) -> bytes:
    """A certificate as PEM, valid from thirty days before `at_s`; `signer` is the name of the key that signs it."""
    start = datetime.fromtimestamp(at_s, UTC) - timedelta(days=30)
    public = ec.generate_private_key(ec.SECP256R1()).public_key() if elliptic else key(key_name, bits=bits).public_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )
    if alternative:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(alternative)]), critical=False)
    return made.sign(key(signer), SHA256()).public_bytes(Encoding.PEM)


def root(days: int = 3650, signer: str = "root") -> bytes:
    return certificate("Root of the tests", signer=signer, key_name="root", days=days)


def chain() -> bytes:
    return certificate() + root()


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def sign(body: bytes, webhook_id: str, at_s: int, *, key_name: str = "paypal", sha1: bool = False) -> WebhookRequest:
    """The request that PayPal would send."""
    at = f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
    transmission = "c0ffee00-89be-11e7-81c2-77339302725b"
    signed = f"{transmission}|{at}|{webhook_id}|{crc32(body)}".encode()
    signature = key(key_name).sign(signed, padding.PKCS1v15(), SHA1() if sha1 else SHA256())
    headers = {
        "paypal-transmission-id": transmission,
        "paypal-transmission-time": at,
        "paypal-transmission-sig": base64.b64encode(signature).decode(),
        "paypal-cert-url": URL,
        "paypal-auth-algo": "SHA256withRSA",
    }
    return WebhookRequest(headers, body)
