"""Projecting: the journal topic moves the projections.

Kafka is only a bell that brings its data along. What is folded is decided in PostgreSQL, where rows and the position
reached change in one transaction (laws 4 and 5); on every assignment and every few seconds positions are compared with
the store, so a record that is lost, late or doubled changes nothing but the latency.

The process fails as a whole: an error ends it with a status other than 0, nothing of that batch is acknowledged, and
its supervisor starts it again.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import uvloop
from faust.types import EventT

from projections.projection import PROJECTIONS, Projection
from streams.errors import Retry
from streams.faust_worker import FaustWorker, Handler, faust_worker, follow_topic, on_rebalance
from streams.kafka import KafkaConfig
from streams.partitioner import partition_of
from streams.projecting_follower import Acknowledge, ProjectionFollower
from streams.projecting_writer import ProjectionWriter, ReceivedRecord

log = logging.getLogger(__name__)

GROUP: Final = "contraflow-projecting"
JOURNAL: Final = "ledger.journal"
EXIT_STOPPED: Final = 0
EXIT_FAILED: Final = 1


@dataclass(frozen=True, slots=True)
class ProjectingConfig:
    """What the projecting process needs.

    Attributes:
        postgres: connection string of the store and the projections.
        projections: names to move; empty for all of them. Processes with another choice form a consumer group of their
            own, because in one group each would see only a part of the books.
        look_every_s: how often positions are compared with the store.
        stop_wait_s: how long a stop may take before the process leaves without it.
        registry: where projections are looked up.
    """

    kafka: KafkaConfig
    postgres: str = field(repr=False)
    projections: tuple[str, ...] = ()
    look_every_s: float = 2.0
    stop_wait_s: float = 5.0
    registry: Mapping[str, Projection] = field(default_factory=lambda: PROJECTIONS)

    def chosen(self) -> list[Projection]:
        """The projections to move; raises `KeyError` for a name that there is not."""
        return [self.registry[name] for name in self.projections or self.registry]

    def group(self) -> str:
        """The consumer group: one for all projections, another for each choice of some."""
        names = sorted(set(self.projections))
        suffix = "" if not names or set(names) == set(self.registry) else "-" + "-".join(names)
        return f"{self.kafka.topic_prefix}{GROUP}{suffix}"


def run_projecting(config: ProjectingConfig) -> int:
    """Move projections until SIGTERM or SIGINT; blocks, in the main thread of a process.

    Returns:
        The exit status: 0 when it was asked to stop, 1 when it failed, which is in the log. When a stop does not end
        within `stop_wait_s` the process leaves at once with that status: an open transaction rolls back.
    """
    # As a policy, because faust's consumer thread makes its own event loop.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    with asyncio.Runner() as runner:
        return runner.run(_serve(config))


async def _serve(config: ProjectingConfig) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    followers = [
        ProjectionFollower(ProjectionWriter(config.postgres, projection), config.look_every_s)
        for projection in config.chosen()
    ]
    app = _app(config, followers)
    running = [asyncio.create_task(_run(app, follower)) for follower in followers]
    working = [asyncio.create_task(_start(app)), *running]
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait([asked, *working], return_when=asyncio.FIRST_COMPLETED)
    failures = [task.exception() for task in working if task.done()]
    status = EXIT_FAILED if failures else EXIT_STOPPED
    for failure in failures:
        log.critical("projecting stops: %s: %s", type(failure).__name__, failure, exc_info=failure)
    if not await _stop(app, followers, running, config.stop_wait_s):
        log.warning("projecting did not stop within %g s and leaves at once", config.stop_wait_s)
        logging.shutdown()
        os._exit(status)
    return status


def _app(config: ProjectingConfig, followers: list[ProjectionFollower]) -> FaustWorker:
    topic = config.kafka.topic(JOURNAL)
    app = faust_worker(config.kafka, config.group(), f"contraflow-projecting-{os.getpid()}")
    for follower in followers:
        follow_topic(app, topic, f"projecting-{follower.name}", _handler(follower))

    def revoked() -> None:
        for follower in followers:
            follower.revoke()

    def assigned(partitions: set[int], count: int) -> None:
        log.info("partitions %s of %s are ours", sorted(partitions), topic)
        for follower in followers:
            follower.assign(lambda book: partition_of(book, count) in partitions)

    on_rebalance(app, topic, revoked, assigned)
    return app


def _handler(follower: ProjectionFollower) -> Handler:
    async def offer(event: EventT[bytes], acknowledge: Acknowledge) -> None:
        message = event.message
        record = ReceivedRecord(message.topic, message.partition, message.offset, message.key, message.value)
        await follower.offer(record, acknowledge)

    return offer


async def _run(app: FaustWorker, follower: ProjectionFollower) -> None:
    try:
        await follower.run()
    except Exception as error:
        await app.crash(error)
        raise


async def _start(app: FaustWorker) -> None:
    """Run faust; ends, with the reason, only when it crashes."""
    await app.start()
    await app.wait_until_stopped()
    raise app.crash_reason or Retry("faust stopped by itself")


async def _stop(
    app: FaustWorker,
    followers: list[ProjectionFollower],
    running: list[asyncio.Task[None]],
    wait_s: float,
) -> bool:
    """End what is under way, commit offsets, leave the group; False when that took too long."""
    for follower in followers:
        follower.stop()
    deadline_s = asyncio.get_running_loop().time() + wait_s
    _, unfinished = await asyncio.wait(running, timeout=wait_s)
    try:
        async with asyncio.timeout_at(deadline_s):
            await app.stop()
    except TimeoutError:
        return False
    except Exception:
        log.exception("faust did not stop cleanly; what was committed is in PostgreSQL")
        return False
    return not unfinished
