"""The reader: one page of one stream, from the call to the records that Kafka has acknowledged.

The order is what makes a crash harmless: record, wait for the acknowledgement by all in-sync replicas, and only then
move the place. A page that is read twice is recorded twice, and the book knows its facts again (law 3).
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from connectors.connector import answered
from connectors.errors import TranslationError
from connectors.exchange import Item, Page, Place, Want
from connectors.manifest import Stream
from connectors.outcome import CallFailed
from connectors.polling import after, opened, start_by_id
from streams.errors import IntakeUnavailable, Reject
from streams.gateway import Gateway
from streams.intake import Intake
from streams.polling_calls import Calls
from streams.polling_clock import Clock, backoff_s
from streams.polling_metrics import ITEMS
from streams.polling_store import Fetch, PollingStore

READS_MAX: Final = 3
TOGETHER_MAX: Final = 500  # records that wait for their acknowledgement at once
PAGES_MAX: Final = 100_000  # of one id

_log = structlog.get_logger(__name__)


class PageUnreadable(Exception):
    """A page that cannot be read, again and again; the stream stands in front of it. Shows nothing of its bytes."""

    def __init__(self, stream: str, code: str) -> None:
        super().__init__(f"{stream}: the page cannot be read: {code}")
        self.code = code


class Overtaken(Exception):
    """Another process moved the stream on meanwhile."""


class Reader:
    """Reads the streams of one account."""

    def __init__(self, gateway: Gateway, calls: Calls, store: PollingStore, intake: Intake, clock: Clock) -> None:
        self._gateway = gateway
        self._calls = calls
        self._store = store
        self._intake = intake
        self._clock = clock

    async def advance(self, stream: Stream, saved: Place) -> Place:
        """Read the page at the saved place of a polled stream and move on behind it; returns the new place.

        Raises:
            CallFailed, PageUnreadable: nothing of it was moved.
            Overtaken: somebody else moved it; load the place again.
        """
        place = opened(stream, saved, int(self._clock.now_s()))
        page, following = await self.page(stream, place, self._gateway.book)
        assert following is not None, "a polled stream goes on for ever"
        if not await self._store.move(saved, following, page.wants, len(page.items), self._now_us()):
            raise Overtaken(stream.name)
        return following

    async def fetch(self, fetch: Fetch) -> None:
        """Read a stream by id to its end and put it on record as fetched; raises as `advance`."""
        stream = self._gateway.manifest.stream(fetch.want.stream)
        place: Place | None = start_by_id(fetch.want)
        wants: list[Want] = []
        items = 0
        for _ in range(PAGES_MAX):
            assert place is not None
            page, place = await self.page(stream, place, fetch.book)
            wants += page.wants
            items += len(page.items)
            if place is None:
                await self._store.fetched(fetch, wants, items, self._now_us())
                return
        raise PageUnreadable(stream.name, "endless")

    async def page(self, stream: Stream, place: Place, book: str) -> tuple[Page, Place | None]:
        """Read one page and record what it holds; the place behind it is not saved here."""
        page = await self._read(place)
        if not page.is_keepable:
            raise PageUnreadable(stream.name, "page_mark_malformed")
        following = after(stream, place, page.next)
        if following == place:
            raise PageUnreadable(stream.name, "page_repeats_itself")
        await self._record(stream.name, book, [answered(place, item) for item in page.items])
        ITEMS.labels(self._gateway.name, stream.name).inc(len(page.items))
        return replace(page, wants=tuple(want for want in page.wants if want.is_keepable)), following

    async def _read(self, place: Place) -> Page:
        connector = self._gateway.connector
        assert connector.page_call is not None and connector.read_page is not None
        try:
            call = connector.page_call(place)
        except Exception as error:
            # A mark that the vendor gave and its connector cannot ask with stops this stream and nobody else's.
            _log.exception("page cannot be asked for", account=self._gateway.name, stream=place.stream)
            raise PageUnreadable(place.stream, "page_not_askable") from error
        reads = 0
        while True:
            reads += 1
            answer = await self._calls.make(call)
            try:
                return connector.read_page(place, answer)
            except TranslationError as error:
                code = error.code
            except Exception:  # noqa: BLE001 - see below
                # A defect of a connector stops its stream and nobody else's.
                _log.exception("page reader failed", account=self._gateway.name, stream=place.stream)
                code = "reader_failed"
            if reads >= READS_MAX:
                raise PageUnreadable(place.stream, code)
            await self._clock.sleep(backoff_s(reads))

    async def _record(self, stream: str, book: str, items: Sequence[Item]) -> None:
        for begin in range(0, len(items), TOGETHER_MAX):
            async with asyncio.TaskGroup() as group:
                for item in items[begin : begin + TOGETHER_MAX]:
                    group.create_task(self._record_one(stream, book, item))

    async def _record_one(self, stream: str, book: str, item: Item) -> None:
        failures = 0
        while True:
            try:
                await self._intake.accept(
                    item.raw,
                    book=book,
                    source=self._gateway.source,
                    account=self._gateway.account,
                    delivery=item.delivery,
                    context=item.context,
                )
            except IntakeUnavailable as error:
                failures += 1
                _log.warning("not recorded, trying again", account=self._gateway.name, reason=str(error))
                await self._clock.sleep(backoff_s(failures, 10.0))
            except Reject as error:
                # No record may carry it, however often it is read: it is passed over and said.
                _log.warning("item passed over", account=self._gateway.name, stream=stream, code=error.code)
                await self._store.skip(stream, item.delivery, error.code, self._now_us())
                return
            else:
                return

    def _now_us(self) -> int:
        return int(self._clock.now_s() * 1_000_000)


def failure_of(error: CallFailed | PageUnreadable) -> str:
    """What went wrong, in a word: for people and for the reason of a pause."""
    if isinstance(error, PageUnreadable):
        return f"page_unreadable: {error.code}"
    return f"{error.outcome.follow}: {error.operation}: {error.outcome.code or 'no code'}"
