"""One account's polling: a task for every stream, one for what must be fetched, each going on by itself.

What may follow a failure stands in its outcome: later again, the stream pauses, or the whole account does until its
credentials change or somebody resumes it. A stream that fails holds up no other.
"""

import asyncio
from typing import Final

import structlog

from connectors.manifest import Stream
from connectors.outcome import CallFailed
from connectors.polling import due_at_s, start
from streams.gateway import Gateway
from streams.polling_clock import Clock, backoff_s
from streams.polling_metrics import FETCHES, LAG_SECONDS, PAUSED
from streams.polling_reader import Overtaken, PageUnreadable, Reader, failure_of
from streams.polling_store import Fetch, PollingStore

LOOK_S: Final = 5.0  # how soon a resumed account and a place that somebody else moved are noticed
FETCH_LOOK_S: Final = 0.5
MISSING_TRIES: Final = 3  # an object may be told before it can be asked for
FAILURE_WAIT_S_MAX: Final = 900.0

_log = structlog.get_logger(__name__)


class AccountPolling:
    """Polls one account for as long as it runs."""

    def __init__(self, gateway: Gateway, reader: Reader, store: PollingStore, clock: Clock) -> None:
        self._gateway = gateway
        self._reader = reader
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Never returns; raises what the store raises."""
        if await self._store.resume_changed():
            _log.info("credentials changed, polling again", account=self._gateway.name)
        async with asyncio.TaskGroup() as group:
            for stream in self._gateway.streams:
                group.create_task(self._poll(stream), name=f"{self._gateway.name}/{stream.name}")
            if self._gateway.connector.can("fetch"):
                group.create_task(self._fetch_all(), name=f"{self._gateway.name}/fetch")

    async def _poll(self, stream: Stream) -> None:
        failures = 0
        while True:
            wait_s = await self.turn(stream, failures)
            failures = failures + 1 if wait_s < 0 else 0
            await self._clock.sleep(abs(wait_s))

    async def turn(self, stream: Stream, failures: int = 0) -> float:
        """Read one page if one is due; returns how long to wait, negative after a failure."""
        if await self._is_paused(stream.name):
            return LOOK_S
        now_s = self._clock.now_s()
        place = await self._store.place(stream.name)
        if place is None:
            begin_s = self._gateway.since_s if self._gateway.since_s is not None else int(now_s) - stream.overlap_s
            place = await self._store.begin(start(stream, begin_s), int(now_s * 1_000_000))
        LAG_SECONDS.labels(self._gateway.name, stream.name).set(max(now_s - (place.read_s or place.since_s), 0))
        wait_s = due_at_s(stream, place) - now_s
        if wait_s > 0:
            return min(wait_s, LOOK_S)
        try:
            await self._reader.advance(stream, place)
        except Overtaken:
            return LOOK_S
        except (CallFailed, PageUnreadable) as error:
            return -await self._failed(stream.name, error, failures + 1)
        return 0.0

    async def _fetch_all(self) -> None:
        while True:
            await self._clock.sleep(await self.fetch_turn())

    async def fetch_turn(self) -> float:
        """Fetch one thing if one is due; returns how long to wait."""
        if await self._is_paused(""):
            return LOOK_S
        now_s = self._clock.now_s()
        fetch = await self._store.next_fetch(int(now_s * 1_000_000))
        if fetch is None:
            return FETCH_LOOK_S
        try:
            await self._reader.fetch(fetch)
        except (CallFailed, PageUnreadable) as error:
            return await self._fetch_failed(fetch, error)
        except KeyError:
            await self._give_up(fetch, "stream_unknown")
            return 0.0
        FETCHES.labels(self._gateway.name, "fetched").inc()
        return 0.0

    async def _fetch_failed(self, fetch: Fetch, error: CallFailed | PageUnreadable) -> float:
        follow = error.outcome.follow if isinstance(error, CallFailed) else "retry"
        if follow == "rejected" or (follow == "skip" and fetch.failures + 1 >= MISSING_TRIES):
            await self._give_up(fetch, failure_of(error))
            return 0.0
        now_s = self._clock.now_s()
        wait_s = await self._failed(
            "" if follow == "credentials_expired" else fetch.want.stream, error, fetch.failures + 1
        )
        if follow != "credentials_expired":
            await self._store.put_off(fetch, int((now_s + wait_s) * 1_000_000))
        FETCHES.labels(self._gateway.name, "put_off").inc()
        return 0.0

    async def _give_up(self, fetch: Fetch, why: str) -> None:
        _log.warning("passed over", account=self._gateway.name, stream=fetch.want.stream, id=fetch.want.id, reason=why)
        await self._store.skip(fetch.want.stream, fetch.want.id, why, int(self._clock.now_s() * 1_000_000), fetch)
        FETCHES.labels(self._gateway.name, "skipped").inc()

    async def _failed(self, stream: str, error: CallFailed | PageUnreadable, failures: int) -> float:
        """Say what went wrong, pause what must pause; how long to wait."""
        now_us = int(self._clock.now_s() * 1_000_000)
        why = failure_of(error)
        _log.warning("not read", account=self._gateway.name, stream=stream, reason=why)
        polled = stream in {each.name for each in self._gateway.streams}
        await self._store.failed(stream, why, now_us)
        if isinstance(error, PageUnreadable):
            return backoff_s(failures, FAILURE_WAIT_S_MAX)
        match error.outcome.follow:
            case "credentials_expired":
                await self._store.pause("", why, now_us)
            case "rejected" | "skip" if polled:
                # Nothing that comes later can be read without it, so the stream waits for somebody to look.
                await self._store.pause(stream, why, now_us)
        return max(error.outcome.after_s or 0.0, backoff_s(failures, FAILURE_WAIT_S_MAX))

    async def _is_paused(self, stream: str) -> bool:
        pauses = await self._store.pauses()
        paused = "" in pauses or stream in pauses
        PAUSED.labels(self._gateway.name, stream or "*").set(paused)
        return paused
