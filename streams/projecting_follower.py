"""Follows the journal topic for one projection: gathers what has arrived, has it folded, then acknowledges.

A batch is whatever has arrived while the last one was being committed: one record when idle, thousands under load. No
timer waits for more when nothing was folded just before (faust's `noack_take` polls every `within` seconds even when
idle, and adds as much to the latency). The fold runs in a thread of its own, so the event loop stays free and
heartbeats go on however long it takes.

Where nobody waits for each event a follower rests between folds, some times as long as the last one took: the
statements around a fold cost more than a few events in it, and a processor that is short is left to whoever goes first,
the balances. When it is quiet the first event is folded at once all the same.

Intake never blocks. All projections read through one consumer, and a slow one that held its queue full would hold back
the others; so when more waits than may, it is let go and read from the store. That is the only case in which Kafka's
offset may run ahead of the position in PostgreSQL, and it loses nothing: every start, every assignment and every look
compare positions with the store (law 4: Kafka's offsets are hints).
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

from streams.projecting_metrics import BATCHES, EVENTS, FOLD_SECONDS, LAG_EVENTS, OVERFLOWS
from streams.projecting_writer import ProjectionWriter, ReceivedRecord, Standing

log = logging.getLogger(__name__)

BATCH_BYTES_MAX: Final = 4 * 1024 * 1024  # about 5,000 events: larger transactions fold no faster
WAITING_BYTES_MAX: Final = 64 * 1024 * 1024
REST_FOLDS: Final = 10  # a follower that rests works at most an eleventh of the time, unless a whole batch waits
REST_S_MAX: Final = 0.25

T = TypeVar("T")
Acknowledge = Callable[[], Awaitable[object]]
Owned = Callable[[str], bool]


class Waiting(NamedTuple):
    """A record that waits to be folded, and how to acknowledge it after the commit."""

    record: ReceivedRecord
    acknowledge: Acknowledge

    @property
    def size_bytes(self) -> int:
        """What it costs to keep."""
        return len(self.record.value or b"") + 256


class ProjectionFollower:
    """Moves one projection along the journal topic. `offer` records to it while `run` runs, on one event loop."""

    def __init__(
        self, writer: ProjectionWriter, look_every_s: float, waiting_bytes_max: int, *, rests: bool = False
    ) -> None:
        """Follow with `writer`.

        Args:
            look_every_s: how often positions are compared with the store, in case a record never came.
            waiting_bytes_max: what may wait; above it the store is read instead.
            rests: whether it rests between folds, to gather more.
        """
        self.name = writer.projection.name
        self._writer = writer
        self._look_every_s = look_every_s
        self._waiting_bytes_max = waiting_bytes_max
        self._rests = rests
        self._rests_until_s = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"projecting-{self.name}")
        self._waiting: deque[Waiting] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._behind = False
        self._stopping = False
        self._owned: Owned = _nothing
        self._seen: dict[str, Standing] = {}

    async def offer(self, record: ReceivedRecord, acknowledge: Acknowledge) -> None:
        """Take a record over; it is acknowledged after its commit, or when the store will be read instead of it."""
        item = Waiting(record, acknowledge)
        self._waiting.append(item)
        self._waiting_bytes += item.size_bytes
        if len(self._waiting) == 1 or self._is_due():
            self._wake.set()  # the first one only sets the clock when it comes during a rest
        if self._waiting_bytes > self._waiting_bytes_max:
            dropped, self._waiting, self._waiting_bytes = self._waiting, deque(), 0
            # Before the acknowledgements: a catch-up that begins from now on reads at least what is let go here.
            self._behind = True
            OVERFLOWS.labels(self.name).inc()
            log.warning("%s is behind: %d records are read from the store instead", self.name, len(dropped))
            for waiting in dropped:
                await waiting.acknowledge()

    def assign(self, owned: Owned) -> None:
        """From now on these books are ours to move; whatever they lack is read from the store."""
        self._owned = owned
        self._behind = True
        self._wake.set()

    def revoke(self) -> None:
        """No book is ours until the next `assign`; the batch in flight is finished and does no harm."""
        self._owned = _nothing

    async def run(self) -> None:
        """Follow until `stop`; any error is raised, with nothing of its batch acknowledged."""
        try:
            next_look_s = time.monotonic() + self._look_every_s
            while not self._stopping:
                await self._wait_until(next_look_s)
                if self._behind:
                    self._behind = False
                    await self._catch_up(self._owned)
                if self._is_due():
                    await self._fold()
                if time.monotonic() >= next_look_s:
                    await self._look()
                    next_look_s = time.monotonic() + self._look_every_s
        finally:
            await self._call(self._writer.close)
            self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Let `run` end after the transaction that is under way."""
        self._stopping = True
        self._writer.stop()
        self._wake.set()

    def _is_due(self) -> bool:
        """Whether what waits is to be folded now: the rest is over, or a whole batch is there."""
        return bool(self._waiting) and (
            self._waiting_bytes >= BATCH_BYTES_MAX or time.monotonic() >= self._rests_until_s
        )

    async def _wait_until(self, deadline_s: float) -> None:
        if not (self._is_due() or self._behind or self._stopping):
            if self._waiting:
                deadline_s = min(deadline_s, self._rests_until_s)
            self._wake.clear()
            timer = asyncio.get_running_loop().call_later(max(0.0, deadline_s - time.monotonic()), self._wake.set)
            await self._wake.wait()
            timer.cancel()

    async def _fold(self) -> None:
        batch = [self._next()]
        size_bytes = batch[0].size_bytes
        while self._waiting and size_bytes + self._waiting[0].size_bytes <= BATCH_BYTES_MAX:
            batch.append(self._next())
            size_bytes += batch[-1].size_bytes
        started_s = time.monotonic()
        folded = await self._call(lambda: self._writer.fold([waiting.record for waiting in batch]))
        ended_s = time.monotonic()
        FOLD_SECONDS.labels(self.name).observe(ended_s - started_s)
        if self._rests:
            self._rests_until_s = ended_s + min(REST_FOLDS * (ended_s - started_s), REST_S_MAX)
        self._count("kafka", folded)
        for waiting in batch:
            await waiting.acknowledge()

    def _next(self) -> Waiting:
        item = self._waiting.popleft()
        self._waiting_bytes -= item.size_bytes
        return item

    async def _catch_up(self, owned: Owned) -> None:
        # Asked from the writer's thread before every page: after a revocation the rest is another process's work.
        await self._call(
            lambda: self._writer.catch_up(
                lambda book: self._owned is owned and owned(book), lambda folded: self._count("store", folded)
            )
        )

    async def _look(self) -> None:
        """Notice books that stood still since the last look although the store had more for them then."""
        before, self._seen = self._seen, dict(await self._call(self._writer.look))
        for book, at in self._seen.items():
            if not self._owned(book):
                continue
            LAG_EVENTS.labels(self.name, book).set(at.head - at.position)
            was = before.get(book)
            if was is not None and at.position == was.position < was.head:
                log.info(
                    "%s stands at %d of book %s, the store at %d: the journal topic did not tell; reading the store",
                    self.name, at.position, book, at.head,
                )  # fmt: skip
                self._behind = True

    def _count(self, source: str, folded: int) -> None:
        EVENTS.labels(self.name, source).inc(folded)
        BATCHES.labels(self.name, source).inc()

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _nothing(_: str) -> bool:
    return False
