"""PayPal's signature: what is signed, whose certificate it is, and which addresses are never asked."""

import base64
import json
from pathlib import Path
from zlib import crc32

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connectors.errors import SignatureError
from connectors.exchange import Keys, WebhookRequest
from connectors.paypal_certificate import is_signed_with
from connectors.paypal_signature import CLOCK_S, TOLERANCE_S, key_urls, verify
from tests.unit.connectors.kit import AT_S
from tests.unit.connectors.paypal_certificates import URL, certificate, chain, root, sign

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "signature_vectors.json"
BODY = '{"id":"WH-1","note":"é"}'.encode()
ID = "1JE4291016473214C"


def refusal(request: WebhookRequest, pem: bytes = chain(), now_s: int = AT_S, *ids: str) -> str:
    try:
        verify(request, Keys(ids or (ID,), {URL: pem} if pem else {}), now_s)
    except SignatureError as error:
        assert ID not in f"{error!r}{error.detail}"
        return error.code
    return ""


def altered(**headers: str) -> WebhookRequest:
    request = sign(BODY, ID, AT_S)
    named = {f"paypal-{name.replace('_', '-')}": value for name, value in headers.items()}
    return WebhookRequest({**request.headers, **named}, request.raw)


@pytest.mark.skipif(not VECTORS.exists(), reason="the folder of samples is not beside the repository")
def test_the_vectors_of_others() -> None:
    found = [each for each in json.loads(VECTORS.read_text())["vectors"] if each["system"] == "paypal"]
    assert found
    for vector in found:
        key = load_pem_public_key(vector["public_key_pem"].encode())
        assert isinstance(key, rsa.RSAPublicKey)
        signature, signed = base64.b64decode(vector["value"]), vector["signed_string"]
        assert is_signed_with(key, signature, signed.encode())
        assert not is_signed_with(key, signature, signed.replace("|", "||", 1).encode())


def test_what_is_signed() -> None:
    """The body's CRC-32 is an unsigned decimal number of its bytes as they came."""
    body = b"a body whose sum has its highest bit set 3"
    assert crc32(body) > 2**31
    assert refusal(sign(body, ID, AT_S)) == ""
    request = sign(BODY, ID, AT_S)
    assert refusal(request) == ""
    spaced = WebhookRequest(request.headers, BODY.replace(b":", b": "))
    assert refusal(spaced) == "bad_signature"


def test_two_webhooks_during_a_change() -> None:
    request = sign(BODY, "SECOND", AT_S)
    assert refusal(request, chain(), AT_S, "FIRST", "SECOND") == ""
    assert refusal(request, chain(), AT_S, "FIRST", "THIRD") == "bad_signature"
    assert refusal(sign(BODY, "", AT_S), chain(), AT_S, "") == "bad_signature"
    assert refusal(sign(BODY, "WEBHOOK_ID", AT_S)) == "bad_signature"  # the simulator's


def test_days_may_pass_but_no_more() -> None:
    request = sign(BODY, ID, AT_S)
    for seconds, code in (
        (TOLERANCE_S, ""),
        (TOLERANCE_S + 1, "timestamp_out_of_tolerance"),
        (-CLOCK_S, ""),
        (-CLOCK_S - 1, "timestamp_out_of_tolerance"),
    ):
        assert refusal(request, chain(), AT_S + seconds) == code
    short = Keys((ID,), {URL: chain()}, tolerance_s=1)
    verify(request, short, AT_S + 3 * 86_400)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"auth_algo": "SHA1withRSA"}, "algorithm_refused"),
        ({"auth_algo": "sha256withrsa"}, "algorithm_refused"),
        ({"auth_algo": "none"}, "algorithm_refused"),
        ({"auth_algo": ""}, "header_missing"),
        ({"transmission_id": "a|b"}, "header_malformed"),
        ({"transmission_id": "x" * 5000}, "header_malformed"),
        ({"transmission_time": "2023-11-14"}, "header_malformed"),
        ({"transmission_time": "2023-99-14T22:13:20Z"}, "header_malformed"),
        ({"transmission_time": "1700000000"}, "header_malformed"),
        ({"transmission_sig": "not base64 at all!"}, "header_malformed"),
        ({"transmission_sig": base64.b64encode(b"x" * 256).decode()}, "bad_signature"),
        ({"transmission_sig": base64.b64encode(b"x" * 255).decode()}, "bad_signature"),
        ({"transmission_sig": ""}, "header_missing"),
    ],
)
def test_headers_that_are_refused(headers: dict[str, str], code: str) -> None:
    assert refusal(altered(**headers)) == code


def test_another_digest_and_another_key_prove_nothing() -> None:
    assert refusal(sign(BODY, ID, AT_S, sha1=True)) == "bad_signature"
    assert refusal(sign(BODY, ID, AT_S, key_name="somebody")) == "bad_signature"


@pytest.mark.parametrize(
    ("pem", "code"),
    [
        (chain(), ""),
        (certificate(), ""),
        (root() + certificate(), ""),  # the order in the file does not matter
        (certificate("api.paypal.com", signer="paypal"), ""),
        (certificate("x.example", alternative="messages.paypal.com"), ""),
        (certificate("PAYPAL.example") + root(), "certificate_refused"),
        (certificate("evilpaypal.com"), "certificate_refused"),
        (certificate("paypal.com.evil.example"), "certificate_refused"),
        (certificate(days=1), "certificate_expired"),
        (certificate(at_s=AT_S + 90 * 86_400), "certificate_expired"),
        (certificate() + root(days=1), "certificate_expired"),
        # The file's issuer has the right name, and somebody else's key signed.
        (certificate(signer="somebody") + root(), "certificate_refused"),
        (certificate(key_name="small", bits=1024), "certificate_refused"),
        (certificate(elliptic=True), "certificate_refused"),
        (certificate() * 9, "certificate_malformed"),
        (b"", "certificate_missing"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate_malformed"),
        (b"<html>", "certificate_malformed"),
    ],
)
def test_whose_certificate_it_is(pem: bytes, code: str) -> None:
    assert refusal(sign(BODY, ID, AT_S), pem) == code


GOOD = (
    URL,
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270",
    "https://api-m.paypal.com/v1/notifications/certs/CERT_1",
)
NAME = "v1/notifications/certs/CERT-1"
BAD = (
    f"http://api.paypal.com/{NAME}",
    f"HTTPS://api.paypal.com/{NAME}",
    f"https://API.PAYPAL.COM/{NAME}",
    f"https://api.paypal.com:443/{NAME}",
    f"https://api.paypal.com:8443/{NAME}",
    f"https://user@api.paypal.com/{NAME}",
    f"https://api.paypal.com@evil.example/{NAME}",
    f"https://api.paypal.com:x@evil.example/{NAME}",
    f"https://evil.example/{NAME}",
    f"https://evil.example/?.paypal.com/{NAME}",
    f"https://evil.example#.paypal.com/{NAME}",
    f"https://evil.example\\.paypal.com/{NAME}",
    f"https://evil.example%2f.paypal.com/{NAME}",
    f"https://api.paypal.com.evil.example/{NAME}",
    f"https://evilpaypal.com/{NAME}",
    f"https://api-paypal.com/{NAME}",
    f"https://paypal.com/{NAME}",
    f"https://.paypal.com/{NAME}",
    f"https://-x.paypal.com/{NAME}",
    f"https://api..paypal.com/{NAME}",
    f"https://api.paypal.com./{NAME}",
    f"https://api.pаypal.com/{NAME}",  # a Cyrillic letter
    f"https://api.paypal。com/{NAME}",  # an ideographic full stop, which IDNA takes for a dot
    f"https://xn--api.pypal-4ve.com/{NAME}",
    f"https://127.0.0.1/{NAME}",
    f"https://[::1]/{NAME}",
    f"https://api.paypal.com//{NAME}",
    f"https://api.paypal.com/{NAME}/../../x",
    f"https://api.paypal.com/{NAME}?to=https://evil.example",
    f"https://api.paypal.com/{NAME}#x",
    f"https://api.paypal.com/{NAME}%2e%2e",
    f" https://api.paypal.com/{NAME}",
    f"https://api.paypal.com/{NAME} ",
    f"https://api.paypal.com/{NAME}\n",
    f"https://api.paypal.com\t/{NAME}",
    f"https://api.paypal.com\0/{NAME}",
    f"https://api.paypal.com/{NAME},https://evil.example/{NAME}",
    f"//api.paypal.com/{NAME}",
    f"file:///{NAME}",
    "https://api.paypal.com/signin?returnUri=https://evil.example",
    "https://api.paypal.com/v1/notifications/certs/" + "x" * 201,
    "https://" + "a." * 2000 + f"paypal.com/{NAME}",
    "",
)


@pytest.mark.parametrize("url", GOOD)
def test_addresses_of_paypals(url: str) -> None:
    assert key_urls(altered(cert_url=url)) == (url,)


@pytest.mark.parametrize("url", BAD)
def test_addresses_that_are_never_asked(url: str) -> None:
    with pytest.raises(SignatureError) as refused:
        key_urls(altered(cert_url=url))
    assert refused.value.code in ("cert_url_refused", "header_missing", "header_malformed")
    assert refusal(altered(cert_url=url)) == refused.value.code
