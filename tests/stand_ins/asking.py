"""Asking as polling asks: a connector's calls through the engine's own HTTP client, limits and tokens."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg_pool import AsyncConnectionPool

from connectors.connector import Connector, Telling, answered
from connectors.errors import TranslationError
from connectors.exchange import Answer, Call, Place
from connectors.outcome import CallFailed, Outcome
from ledger.facts import Fact, check_fact
from streams.gateway import Credentials, Gateway
from streams.polling_breaker import BreakerLimits
from streams.polling_calls import Calls, http_client
from streams.polling_clock import SystemClock
from streams.polling_store import PollingStore
from streams.polling_tokens import Authorization

SINCE_S, UNTIL_S = 1_700_000_000, 1_700_086_400
ACCOUNT = "acct_1"


def account(connector: Connector, url: str, credentials: Credentials, **more: Any) -> Gateway:
    """An account whose gateway answers at `url`."""
    return Gateway("shop", connector, ACCOUNT, "main", "sandbox", credentials, base_url=url, **more)


def places(connector: Connector, ids: Mapping[str, Sequence[str]], marks: Mapping[str, str]) -> Iterator[Place]:
    """Every place that a request is made for: each stream's first page and next page, and each id.

    Args:
        ids: by stream, what is asked for by id.
        marks: by stream, the vendor's mark of a next page; streams that are not named have one page. `*` stands for
            all that are polled and not named.
    """
    assert connector.manifest is not None
    for stream in connector.manifest.streams:
        mark = marks.get(stream.name, "" if stream.by_id else marks.get("*", ""))
        for page in ("", mark) if mark else ("",):
            if stream.by_id:
                for each in ids[stream.name]:
                    yield Place(stream.name, page=page, id=each)
            else:
                yield Place(stream.name, since_s=SINCE_S, until_s=UNTIL_S, page=page)


@asynccontextmanager
async def calls_of(gateway: Gateway, dsn: str = "") -> AsyncIterator[Calls]:
    """The engine's calls of one account; with `dsn`, tokens and breakers are kept there."""
    clock = SystemClock()
    async with http_client() as http:
        if not dsn:
            authorization = Authorization(gateway, None, http, clock)  # type: ignore[arg-type]
            yield Calls(gateway, http, authorization, None, clock, BreakerLimits())  # type: ignore[arg-type]
            return
        pool: Any = AsyncConnectionPool(dsn, min_size=1, max_size=4, open=False, kwargs={"autocommit": True})
        async with pool:
            authorization = Authorization(gateway, pool, http, clock)
            store = PollingStore(pool, gateway)
            yield Calls(gateway, http, authorization, store, clock, BreakerLimits())


def asked(gateway: Gateway, *made: Call, dsn: str = "") -> list[Answer]:
    """The answers, one after the other; raises `CallFailed` for the first call that was not accepted."""

    async def ask() -> list[Answer]:
        async with calls_of(gateway, dsn) as calls:
            return [await calls.make(call) for call in made]

    return asyncio.run(ask())


def refusal(gateway: Gateway, call: Call, dsn: str = "") -> Outcome:
    """What may follow a call that must fail."""
    try:
        asked(gateway, call, dsn=dsn)
    except CallFailed as failed:
        return failed.outcome
    raise AssertionError("accepted")


def told(connector: Connector, place: Place, answer: Answer) -> list[list[Fact] | str]:
    """For each item of a page its facts, each held to its contract, or the code with which it is refused."""
    assert connector.read_page is not None
    found: list[list[Fact] | str] = []
    for item in connector.read_page(place, answer).items:
        said = answered(place, item)
        try:
            facts = connector.translate(said.raw, Telling(connector.source, ACCOUNT, said.delivery, dict(said.context)))
        except TranslationError as error:
            found.append(error.code)
            continue
        for fact in facts:
            check_fact(fact)
        found.append(facts)
    return found


def shown(place: Place) -> str:
    """Name of a place in the names of tests."""
    return f"{place.stream}{'-next' if place.page else ''}{f'-{place.id[:12]}' if place.id else ''}"
