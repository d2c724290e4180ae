"""A visit to a gateway from the command line: one harmless call, or one stream read now.

It goes through the same engine as the polling part and takes the same care: what is read is acknowledged by Kafka
before a place moves, and a place that the part moved meanwhile is not moved back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace

from connectors.exchange import Place, Want
from connectors.outcome import CallFailed
from connectors.polling import opened, start

if TYPE_CHECKING:
    from streams.polling import Opened, PollingConfig

Say = Callable[[str], None]
Result = TypeVar("Result")

RECORD_WAIT_S: Final = 20.0


class VisitFailed(Exception):
    """The gateway could not be read; the message says why and what to do."""


@dataclass(slots=True)
class Visit:
    """What was read."""

    stream: str
    pages: int = 0
    items: int = 0
    fetches: int = 0


def check(config: PollingConfig) -> str:
    """Make one harmless authenticated call for the only account of `config`: the first page of the newest window.

    Returns what was asked. Raises VisitFailed.
    """

    async def call(account: Opened) -> str:
        gateway = account.gateway
        stream = next((each for each in gateway.manifest.streams if not each.by_id), None)
        if stream is None:
            raise VisitFailed(f"{gateway.manifest.title} has no list that could be asked for without an id")
        connector = gateway.connector
        assert connector.page_call is not None and connector.read_page is not None
        now_s = int(config.clock.now_s())
        place = opened(replace(stream, window_s=60, overlap_s=0), start(stream, now_s - 60), now_s)
        answer = await account.calls.make(connector.page_call(place))
        connector.read_page(place, answer)
        return stream.name

    return _visited(config, call)


def read_stream(config: PollingConfig, name: str, *, since_s: int | None, say: Say) -> Visit:
    """Read one stream of the only account of `config` to the present, and what its pages make us fetch.

    Args:
        since_s: read from here on, beside the saved place, which stays as it is; None to go on from the saved place.

    Raises VisitFailed; what was read until then is recorded.
    """

    async def read(account: Opened) -> Visit:
        gateway, visit = account.gateway, Visit(name)
        stream = gateway.stream(name)
        now_s = int(config.clock.now_s())
        if since_s is not None:
            place = start(stream, since_s)
        else:
            begin_s = gateway.since_s if gateway.since_s is not None else now_s - stream.overlap_s
            place = await account.store.place(name) or await account.store.begin(
                start(stream, begin_s), now_s * 1_000_000
            )
        while True:
            window = opened(stream, place, now_s)
            page, following = await account.reader.page(stream, window, gateway.book)
            assert following is not None
            if since_s is not None:
                await account.store.want(page.wants)
            elif not await account.store.move(place, following, page.wants, len(page.items), now_s * 1_000_000):
                raise VisitFailed("the polling part reads this stream right now; it does what you asked for")
            visit.pages += 1
            visit.items += len(page.items)
            say(f"{name}: {visit.items:,} items in {visit.pages:,} pages, {_reached(window, now_s)}")
            place = following
            if not following.page and window.until_s >= now_s:
                break
        while (fetch := await account.store.next_fetch(int(config.clock.now_s() * 1_000_000))) is not None:
            await account.reader.fetch(fetch)
            visit.fetches += 1
        return visit

    return _visited(config, read)


def fetch_one(config: PollingConfig, name: str, object_id: str) -> Visit:
    """Fetch one object or the contents of one, for example after it was passed over. Raises VisitFailed."""
    from streams.polling_store import Fetch

    async def read(account: Opened) -> Visit:
        want = Want(name, object_id)
        await account.reader.fetch(Fetch(account.gateway.book, want, 0, 0))
        return Visit(name, fetches=1)

    return _visited(config, read)


def _visited(config: PollingConfig, work: Callable[[Opened], Awaitable[Result]]) -> Result:
    from connectors.errors import TranslationError
    from streams.intake import Intake
    from streams.polling import opened_accounts
    from streams.polling_reader import PageUnreadable, failure_of

    async def run() -> Result:
        with Intake(config.kafka, wait_s=RECORD_WAIT_S) as intake:
            async with opened_accounts(config, intake) as (_, [account]):
                try:
                    return await work(account)
                except CallFailed as error:
                    raise VisitFailed(f"{failure_of(error)}. {_advice(error)}") from None
                except PageUnreadable as error:
                    raise VisitFailed(f"{failure_of(error)}. Is it the right address?") from None
                except TranslationError as error:
                    raise VisitFailed(f"the answer is no page: {error.code}. Is it the right address?") from None

    return asyncio.run(run())


def _advice(error: CallFailed) -> str:
    match error.outcome.follow:
        case "credentials_expired":
            return "The gateway does not accept the credentials: are they those of this environment, and still valid?"
        case "rejected" | "skip":
            return "The gateway refuses the request: may these credentials read it?"
        case "rate_limited":
            return "Try again later."
    if error.outcome.code == "circuit_open":
        return "Too many calls failed lately; it is tried again after a rest."
    return "The gateway cannot be reached or is not well: is the address right, is there a way out of this network?"


def _reached(window: Place, now_s: int) -> str:
    return f"up to {datetime.fromtimestamp(min(window.until_s, now_s), UTC):%Y-%m-%d %H:%M} UTC"
