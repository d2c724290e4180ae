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
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import uvloop
from faust.types import EventT

from projections.projection import PROJECTIONS, Projection
from streams.faust_worker import FaustWorker, Handler, faust_worker, follow_topic, on_rebalance
from streams.kafka import KafkaConfig
from streams.partitioner import partition_of
from streams.projecting_follower import WAITING_BYTES_MAX, Acknowledge, ProjectionFollower
from streams.projecting_writer import ProjectionWriter, ReceivedRecord
from streams.topics import TOPICS, ensure_topics

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
        waiting_bytes_max: what may wait for each projection; above it the store is read instead.
        stop_wait_s: how long a stop may take before the process leaves without it.
        registry: where projections are looked up.
        at_once: names of projections that fold whatever has come as soon as it comes; the others rest after a fold and
            gather a larger batch, see `streams.projecting_follower`.
    """

    kafka: KafkaConfig
    postgres: str = field(repr=False)
    projections: tuple[str, ...] = ()
    look_every_s: float = 2.0
    waiting_bytes_max: int = WAITING_BYTES_MAX
    stop_wait_s: float = 5.0
    registry: Mapping[str, Projection] = field(default_factory=lambda: PROJECTIONS)
    at_once: tuple[str, ...] = ("balances",)

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

    Raises:
        TopicMismatch: the journal topic has another number of partitions than the settings; which books are ours
            depends on it.
        Retry: Kafka did not answer.
    """
    ensure_topics(config.kafka, [topic for topic in TOPICS if topic.name == JOURNAL])
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
        ProjectionFollower(
            ProjectionWriter(config.postgres, projection),
            config.look_every_s,
            config.waiting_bytes_max,
            rests=projection.name not in config.at_once,
        )
        for projection in config.chosen()
    ]
    app = _app(config, followers)
    running = [asyncio.create_task(follower.run()) for follower in followers]
    working = [asyncio.create_task(_start(app)), *running]
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait([asked, *working], return_when=asyncio.FIRST_COMPLETED)
    failed = _report(working)
    stopped = await _stop(app, followers, running, config.stop_wait_s)
    status = EXIT_FAILED if failed or _report(running) else EXIT_STOPPED  # one may fail while it stops
    if not stopped:
        log.warning("projecting did not stop within %g s and leaves at once", config.stop_wait_s)
        logging.shutdown()
        os._exit(status)
    return status


def _report(tasks: list[asyncio.Task[None]]) -> bool:
    """Log why tasks failed; whether one did."""
    errors = [error for task in tasks if task.done() and (error := task.exception()) is not None]
    for error in errors:
        log.critical("projecting stops: %s: %s", type(error).__name__, error, exc_info=error)
    return bool(errors)


def _app(config: ProjectingConfig, followers: list[ProjectionFollower]) -> FaustWorker:
    topic = config.kafka.topic(JOURNAL)
    app = faust_worker(config.kafka, config.group(), f"contraflow-projecting-{os.getpid()}")
    follow_topic(app, topic, "projecting", _handler(followers))

    def revoked() -> None:
        for follower in followers:
            follower.revoke()

    def assigned(partitions: set[int]) -> None:
        log.info("partitions %s of %s are ours", sorted(partitions), topic)
        for follower in followers:
            follower.assign(lambda book: partition_of(book, config.kafka.partitions) in partitions)

    on_rebalance(app, topic, revoked, assigned)
    return app


def _handler(followers: list[ProjectionFollower]) -> Handler:
    async def offer(event: EventT[bytes], acknowledge: Acknowledge) -> None:
        message = event.message
        record = ReceivedRecord(message.topic, message.partition, message.offset, message.key, message.value)
        await hand_to_all(followers, record, acknowledge)

    return offer


async def hand_to_all(
    followers: Sequence[ProjectionFollower], record: ReceivedRecord, acknowledge: Acknowledge
) -> None:
    """Offer a record to all followers: it is read once, and acknowledged after the last of their commits."""
    last = _last_of(len(followers), acknowledge)
    for follower in followers:
        await follower.offer(record, last)


def _last_of(count: int, acknowledge: Acknowledge) -> Acknowledge:
    """An acknowledgement that counts when it was given `count` times; all of them on one event loop."""
    missing = count

    async def one_more() -> None:
        nonlocal missing
        missing -= 1
        if missing == 0:
            await acknowledge()

    return one_more


async def _start(app: FaustWorker) -> None:
    """Run faust; ends, with the reason, only when it crashes.

    A follower that fails ends the process through its own task and does not crash the app: a crashed consumer thread
    ends by itself sooner or later, and the commit of `app.stop` then waits for it in vain instead of leaving the group.
    """
    await app.start()
    await app.wait_until_stopped()
    if app.crash_reason is not None:
        raise app.crash_reason


async def _stop(
    app: FaustWorker,
    followers: list[ProjectionFollower],
    running: list[asyncio.Task[None]],
    wait_s: float,
) -> bool:
    """End what is under way, commit offsets, leave the group; False when that took too long."""
    for follower in followers:
        follower.stop()
    deadline_s = time.monotonic() + wait_s
    _, unfinished = await asyncio.wait(running, timeout=wait_s * 0.6)  # the rest is for leaving the group
    # A task, because faust swallows the cancellation with which `asyncio.timeout` would end it.
    leaving = asyncio.create_task(app.stop())
    await asyncio.wait([leaving], timeout=deadline_s - time.monotonic())
    if leaving.done() and (error := leaving.exception()) is not None:
        log.warning("faust did not stop cleanly; what was committed is in PostgreSQL", exc_info=error)
    return leaving.done() and not unfinished
