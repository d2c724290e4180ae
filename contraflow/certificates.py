"""Certificates that prove webhooks: fetched from the address that the sender names, once, within bounds.

Anybody can post to an endpoint, so anybody can name an address; the connector has made sure by then that it is the
vendor's. What is left to an attacker is to make us ask the vendor: so one fetch at a time for an address, few at once,
no redirect, small answers, little time, and what failed is not tried again for a while. Only what holds a certificate
is kept, so that nothing else can push one out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterable

    Fetch = Callable[[str], Awaitable[bytes]]

FETCH_WAIT_S: Final = 5.0
CERTIFICATE_BYTES_MAX: Final = 64 * 1024
KEPT_MAX: Final = 32
KEPT_S: Final = 24 * 3600.0
FAILED_MAX: Final = 1024
FAILED_S: Final = 30.0
FETCHES_MAX: Final = 4

_MARK: Final = b"-----BEGIN CERTIFICATE-----"

_log: Final = logging.getLogger(__name__)


class CertificateUnavailable(Exception):
    """A certificate could not be fetched; the request that needs it may be right, and should come again."""


class Certificates:
    """Certificates by address, for all endpoints of a process; used from one event loop.

    Args:
        fetch: address to the bytes behind it; raises `CertificateUnavailable`.
        clock: seconds that only go forward.
    """

    def __init__(self, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch or fetch_certificate
        self._clock = clock
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._failed: OrderedDict[str, float] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[bytes]] = {}

    async def of(self, urls: Iterable[str]) -> dict[str, bytes]:
        """PEM by address; raises `CertificateUnavailable`."""
        return {url: await self._one(url) for url in urls}

    async def _one(self, url: str) -> bytes:
        kept = self._kept.get(url)
        if kept is not None and self._clock() - kept[1] < KEPT_S:
            self._kept.move_to_end(url)
            return kept[0]
        try:
            return await self._fetched(url)
        except CertificateUnavailable:
            if kept is None:
                raise
            return kept[0]  # its own dates still say whether it is valid

    async def _fetched(self, url: str) -> bytes:
        failed_at = self._failed.get(url)
        if failed_at is not None and self._clock() - failed_at < FAILED_S:
            raise CertificateUnavailable("the certificate could not be fetched a moment ago")
        fetching = self._fetching.get(url)
        if fetching is None:
            if len(self._fetching) >= FETCHES_MAX:
                raise CertificateUnavailable(f"{FETCHES_MAX} certificates are being fetched already")
            fetching = asyncio.create_task(self._fetch_and_keep(url))
            self._fetching[url] = fetching
            fetching.add_done_callback(lambda done: self._end(url, done))
        # A sender that goes away must not end the fetch for the others.
        return await asyncio.shield(fetching)

    def _end(self, url: str, done: asyncio.Task[bytes]) -> None:
        self._fetching.pop(url, None)
        if not done.cancelled():
            done.exception()  # looked at: whoever waited for it may be gone

    async def _fetch_and_keep(self, url: str) -> bytes:
        try:
            async with asyncio.timeout(FETCH_WAIT_S):
                pem = await self._fetch(url)
            if len(pem) > CERTIFICATE_BYTES_MAX or _MARK not in pem:
                raise CertificateUnavailable("the answer holds no certificate")
        except (CertificateUnavailable, TimeoutError) as error:
            reason = str(error) or f"no answer within {FETCH_WAIT_S:g} s"
            _log.warning("certificate not fetched", extra={"url": url, "reason": reason})
            self._failed.pop(url, None)
            self._failed[url] = self._clock()
            if len(self._failed) > FAILED_MAX:
                self._failed.popitem(last=False)
            raise CertificateUnavailable(reason) from error
        self._failed.pop(url, None)
        self._kept.pop(url, None)
        self._kept[url] = (pem, self._clock())
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return pem


async def fetch_certificate(url: str, trusted: ssl.SSLContext | None = None) -> bytes:
    """The bytes at an address, which answers 200 by itself; raises `CertificateUnavailable`.

    Args:
        trusted: whom to trust; without it, the public roots, and what `SSL_CERT_FILE` names.
    """
    import httpx

    body = bytearray()
    try:
        async with (
            httpx.AsyncClient(
                verify=trusted if trusted is not None else True, follow_redirects=False, timeout=FETCH_WAIT_S
            ) as client,
            # Raw and uncompressed: a small answer must not become a large one.
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            if response.status_code != 200:
                raise CertificateUnavailable(f"the answer has status {response.status_code}")
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > CERTIFICATE_BYTES_MAX:
                    raise CertificateUnavailable(f"the answer is larger than {CERTIFICATE_BYTES_MAX} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CertificateUnavailable(type(error).__name__) from error
    return bytes(body)
