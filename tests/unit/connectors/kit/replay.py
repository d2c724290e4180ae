"""Polling without a network: pages in, fact keys out, killed after any page and resumed from the last saved place."""

from collections.abc import Iterator

from connectors import Connector
from connectors.connector import Telling, answered
from connectors.exchange import Call, Item, Place
from connectors.manifest import Stream
from connectors.polling import after, opened, start, start_by_id
from tests.unit.connectors.kit.case import Case

PAGES_MAX = 10_000


class Killed(Exception):
    """The process is gone."""


class Poll:
    """A poll of one stream over a case's whole span of time, as the engine does it.

    Attributes:
        saved: the last place that was saved.
        keys: of every fact that was recorded, also before a kill.
        calls: every call made.
    """

    def __init__(self, case: Case, stream: Stream) -> None:
        self.case = case
        self.connector: Connector = case.connector
        self.stream = stream
        self.saved: Place = start(stream, case.begin_s)
        self.keys: set[str] = set()
        self.calls: list[Call] = []

    def run(self, kill_after: int = PAGES_MAX) -> None:
        """Read to the end of the span; raises `Killed` before the place behind page `kill_after` is saved."""
        for pages, following in enumerate(self._pages(), start=1):
            assert pages < PAGES_MAX, "the stream never ends"
            if pages > kill_after:
                raise Killed
            self.saved = following

    def _pages(self) -> Iterator[Place]:
        """The place behind each page, once all that the page told is recorded."""
        while True:
            place = opened(self.stream, self.saved, self.case.now_s)
            following = self._read(self.stream, place)
            assert following is not None, "a polled stream goes on for ever"
            yield following
            if not following.page and place.until_s >= self.case.now_s:
                return

    def _read(self, stream: Stream, place: Place) -> Place | None:
        assert self.connector.page_call is not None and self.connector.read_page is not None
        assert self.case.serve is not None
        call = self.connector.page_call(place)
        self.calls.append(call)
        answer = self.case.serve(call)
        assert self.connector.classify(call, answer).follow == "ok"
        page = self.connector.read_page(place, answer)
        for item in page.items:
            self._record(answered(place, item))
        for want in page.wants:
            assert self.connector.manifest is not None
            contents = self.connector.manifest.stream(want.stream)
            inner: Place | None = start_by_id(want)
            while inner is not None:
                inner = self._read(contents, inner)
        return after(stream, place, page.next)

    def _record(self, item: Item) -> None:
        telling = Telling(self.connector.source, self.case.account, item.delivery, dict(item.context))
        self.keys.update(fact.key for fact in self.connector.translate(item.raw, telling))
