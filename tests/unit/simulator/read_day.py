"""A gateway's day read as the engine reads it, without HTTP: webhooks, all lists page by page, and what those want.

Faults and tokens are the engine's matter and not read here; the desk is asked by its own account.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connectors import CONNECTORS, Telling
from connectors.connector import answered
from connectors.exchange import Answer, Place, Want
from connectors.polling import after, start_by_id
from contraflow.simulator.asking import Asked, Desk
from contraflow.simulator.gateway_day import GatewayDay
from ledger.facts import Fact, check_fact

Told = tuple[str, bytes, Telling]


@dataclass
class ReadDay:
    """One day and the desk that answers for it.

    Attributes:
        headers: what authorizes the questions.
        refused: paths that were answered with anything but 200.
    """

    day: GatewayDay
    desk: Desk
    headers: dict[str, str]
    now_s: int
    refused: list[str] = field(default_factory=list)

    def heard(self) -> list[Told]:
        """What webhooks tell, in the order of delivery."""
        return [self._told(hook.body, hook.event_id, self.context(hook.headers)) for hook in self.day.hooks]

    def _told(self, body: bytes, delivery: str, context: Mapping[str, str]) -> Told:
        return self.day.gateway, body, Telling(self.day.gateway, self.day.account, delivery, context)

    def context(self, headers: Mapping[str, str]) -> dict[str, str]:
        topic = headers.get("X-Topic", "")
        return {"topic": topic} if topic else {}

    def asked(self, since_s: int) -> list[Told]:
        """What lists and fetched objects tell, with all that webhooks want."""
        connector = CONNECTORS[self.day.gateway]
        assert connector.manifest is not None
        told: list[Told] = []
        waiting: deque[Want] = deque()
        for stream in connector.manifest.streams:
            if not stream.by_id:
                told += self._read(Place(stream.name, since_s=since_s, until_s=self.now_s), waiting)
        if connector.wants is not None:
            for _, body, telling in self.heard():
                waiting.extend(connector.wants(body, telling))
        known: set[Want] = set()
        while waiting:
            want = waiting.popleft()
            if want not in known:
                known.add(want)
                told += self._read(start_by_id(want), waiting)
        return told

    def _read(self, first: Place, waiting: deque[Want]) -> Iterator[Told]:
        connector = CONNECTORS[self.day.gateway]
        assert connector.page_call is not None and connector.read_page is not None and connector.manifest is not None
        stream, place = connector.manifest.stream(first.stream), first
        for _ in range(1_000):
            call = connector.page_call(place)
            reply = self.desk.answer(Asked(call.method, call.path, dict(call.query), self.headers), self.now_s)
            if reply.status != 200:
                self.refused.append(call.path)
                return
            headers = {name.lower(): value for name, value in reply.headers.items()}
            page = connector.read_page(place, Answer(reply.status, headers, reply.body))
            waiting.extend(page.wants)
            for item in page.items:
                whole = answered(place, item)
                yield self._told(whole.raw, whole.delivery, whole.context)
            if not page.next:
                return
            following = after(stream, place, page.next)
            assert following is not None and following != place
            place = following
        raise AssertionError(f"{first.stream} has no end")


def facts(told: Told) -> list[Fact]:
    """What a body says, every fact held to its contract."""
    gateway, body, telling = told
    connector = CONNECTORS[gateway]
    found = connector.translate(connector.mask(body), telling)
    for fact in found:
        check_fact(fact)
    return found
