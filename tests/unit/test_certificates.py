"""Certificates are fetched once and within bounds, whatever senders name and whatever the other side answers."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from api.config import KeysUnavailable, SignatureRefused
from contraflow import certificates as module
from contraflow.certificates import Certificates, CertificateUnavailable, fetch_certificate
from contraflow.settings import WebhookEndpoint
from contraflow.wiring import webhook_receiver
from tests.unit.connectors.kit import AT_S
from tests.unit.connectors.paypal_certificates import URL, certificate, chain, key, name, sign

PEM = b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


class Vendor:
    """Answers as it is told and counts how often it was asked."""

    def __init__(self, answer: bytes | Exception = PEM, wait: Callable[[], Awaitable[None]] | None = None) -> None:
        self.answer = answer
        self.wait = wait
        self.asked: list[str] = []
        self.now_s = 0.0

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.wait is not None:
            await self.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def certificates(self) -> Certificates:
        return Certificates(self.fetch, lambda: self.now_s)


async def unavailable(certificates: Certificates, url: str = "u") -> str:
    try:
        await certificates.of([url])
    except CertificateUnavailable as error:
        return str(error)
    return ""


def test_an_address_is_asked_once() -> None:
    vendor = Vendor()

    async def run() -> None:
        kept = vendor.certificates()
        assert await kept.of(["a", "b", "a"]) == {"a": PEM, "b": PEM}
        assert await kept.of([]) == {}
        assert vendor.asked == ["a", "b"]
        vendor.now_s = module.KEPT_S
        await kept.of(["a"])
        assert vendor.asked == ["a", "b", "a"]

    asyncio.run(run())


def test_many_requests_at_once_are_one_fetch() -> None:
    vendor = Vendor(wait=lambda: asyncio.sleep(0.01))

    async def run() -> None:
        kept = vendor.certificates()
        gone = asyncio.create_task(kept.of(["a"]))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(kept.of(["a"])) for _ in range(50)]
        await asyncio.sleep(0)
        gone.cancel()  # the first sender goes away
        assert all(found == {"a": PEM} for found in await asyncio.gather(*waiting))
        assert vendor.asked == ["a"]

    asyncio.run(run())


def test_few_addresses_are_asked_at_once() -> None:
    vendor = Vendor(wait=lambda: asyncio.sleep(0.01))

    async def run() -> None:
        kept = vendor.certificates()
        refusals = await asyncio.gather(*(unavailable(kept, f"u{n}") for n in range(100)))
        assert refusals.count("") == len(vendor.asked) == module.FETCHES_MAX
        assert await unavailable(kept, "later") == ""

    asyncio.run(run())


def test_what_failed_is_not_asked_again_for_a_while() -> None:
    vendor = Vendor(CertificateUnavailable("down"))

    async def run() -> None:
        kept = vendor.certificates()
        assert await unavailable(kept) == "down"
        assert "a moment ago" in await unavailable(kept)
        assert len(vendor.asked) == 1
        vendor.now_s, vendor.answer = module.FAILED_S, PEM
        assert await unavailable(kept) == ""
        # Once it was had, a vendor that is down costs nothing.
        vendor.now_s, vendor.answer = module.FAILED_S + module.KEPT_S, CertificateUnavailable("down")
        assert await kept.of(["u"]) == {"u": PEM}

    asyncio.run(run())


def test_a_flood_of_addresses_pushes_no_certificate_out() -> None:
    vendor = Vendor()

    async def run() -> None:
        kept = vendor.certificates()
        await kept.of(["good"])
        vendor.answer = b"<html>"
        for n in range(3 * module.FAILED_MAX):
            assert await unavailable(kept, f"u{n}") == "the answer holds no certificate"
        assert len(kept._failed) == module.FAILED_MAX
        vendor.answer = PEM
        asked = len(vendor.asked)
        assert await kept.of(["good"]) == {"good": PEM} and len(vendor.asked) == asked
        for n in range(2 * module.KEPT_MAX):
            await kept.of([f"more{n}"])
        assert len(kept._kept) == module.KEPT_MAX

    asyncio.run(run())


def test_a_vendor_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FETCH_WAIT_S", 0.02)
    vendor = Vendor(wait=lambda: asyncio.sleep(60))
    assert "no answer" in asyncio.run(unavailable(vendor.certificates()))


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body, status, headers = {
            "/good": (PEM, 200, {}),
            "/moved": (b"", 302, {"Location": "/good"}),
            "/absent": (b"", 404, {}),
            "/large": (PEM * 5000, 200, {}),
            "/packed": (b"\x1f\x8b" + b"\0" * 99, 200, {"Content-Encoding": "gzip"}),
        }[self.path]
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def site(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_only_a_plain_answer_counts() -> None:
    async def refusal(url: str) -> str:
        try:
            assert await fetch_certificate(url) == PEM
        except CertificateUnavailable as error:
            return str(error)
        return ""

    with site() as address:
        assert asyncio.run(refusal(f"{address}/good")) == ""
        assert "status 302" in asyncio.run(refusal(f"{address}/moved"))
        assert "status 404" in asyncio.run(refusal(f"{address}/absent"))
        assert "larger than" in asyncio.run(refusal(f"{address}/large"))
        packed = asyncio.run(fetch_certificate(f"{address}/packed"))
        assert packed.startswith(b"\x1f\x8b"), "nothing is unpacked"
    assert asyncio.run(refusal(f"{address}/good")) == "ConnectError"
    assert asyncio.run(refusal("https://")) != ""


def test_a_server_that_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    own = x509.load_pem_x509_certificate(certificate())
    made = (
        x509.CertificateBuilder()
        .subject_name(name("localhost"))
        .issuer_name(name("localhost"))
        .public_key(key("server").public_key())
        .serial_number(9)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc.replace(year=2100))
        .add_extension(alternative, critical=False)
        .sign(key("server"), SHA256())
    )
    file = tmp_path / "server.pem"
    private = key("server").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    trusting = ssl.create_default_context(cadata=made.public_bytes(Encoding.PEM).decode())
    with site(serving) as address:
        with pytest.raises(CertificateUnavailable, match="ConnectError"):
            asyncio.run(fetch_certificate(f"{address}/good"))
        assert asyncio.run(fetch_certificate(f"{address}/good", trusting)) == PEM


BODY = b'{"event_type":"X"}'
ENDPOINT = WebhookEndpoint(
    gateway="paypal", account="merchant_1", secrets=[SecretStr("WEBHOOK-OLD"), SecretStr("WEBHOOK-NEW")], book="main"
)


def test_a_webhook_is_received_with_a_certificate_that_is_fetched() -> None:
    vendor = Vendor(chain())

    async def run() -> None:
        # The setting that shortens other gateways' tolerance leaves PayPal's repeats alone.
        receive = webhook_receiver(ENDPOINT, 1, vendor.certificates())
        for webhook_id, late_s in (("WEBHOOK-OLD", 0), ("WEBHOOK-NEW", 3 * 86_400)):
            request = sign(BODY, webhook_id, AT_S)
            [part] = await receive(request.headers, BODY, "/webhooks/paypal/shop", AT_S + late_s)
            assert part.raw == BODY
        assert vendor.asked == [URL]
        forged = sign(BODY, "WEBHOOK-OTHER", AT_S)
        with pytest.raises(SignatureRefused) as refused:
            await receive(forged.headers, BODY, "", AT_S)
        assert refused.value.code == "bad_signature" and "WEBHOOK-" not in str(refused.value)

    asyncio.run(run())


def test_nothing_is_fetched_for_an_address_that_is_not_paypals() -> None:
    vendor = Vendor(chain())

    async def run() -> None:
        receive = webhook_receiver(ENDPOINT, None, vendor.certificates())
        headers = {**sign(BODY, "WEBHOOK-OLD", AT_S).headers, "paypal-cert-url": "https://169.254.169.254/latest"}
        with pytest.raises(SignatureRefused) as refused:
            await receive(headers, BODY, "", AT_S)
        assert refused.value.code == "cert_url_refused" and vendor.asked == []

    asyncio.run(run())


def test_a_sender_is_asked_to_come_again_when_the_certificate_does_not_come() -> None:
    vendor = Vendor(CertificateUnavailable("down"))

    async def run() -> None:
        receive = webhook_receiver(ENDPOINT, None, vendor.certificates())
        request = sign(BODY, "WEBHOOK-OLD", AT_S)
        with pytest.raises(KeysUnavailable):
            await receive(request.headers, BODY, "", AT_S)

    asyncio.run(run())
