"""The faust application under the projecting process, with the settings that file its sharp edges off.

Read in the source of faust-streaming 0.15.3 and aiokafka, and held by `tests/integration/test_projecting.py`:

- Several agents on one topic each get every event, each over a queue of its own, which costs as much as a small fold.
  So one agent serves all projections, and the offset follows the slowest of them.
- A handler that raises is restarted and its event acknowledged, unless acknowledging is ours: `noack()`.
- A rebalance empties the agents' queues and drops events of the older generation. Those come again, or their books are
  read from the store by whoever has them then; a batch in flight commits, because the position's row decides.
- Only the member that leads the group knows the number of partitions (`Consumer.topic_partitions` is None for the
  others), so that number comes from our settings.
- `stream_wait_empty` would hold a rebalance until our last transaction ends, and would hang where a batch failed.
- The consumer's thread runs an event loop of its own, but shares the interpreter: only work that lets go of it, like a
  thread that waits for PostgreSQL, leaves heartbeats alone.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, cast

import faust
from faust import Stream
from faust.types import TP, EventT, StreamT
from faust.types.auth import CredentialsT

from streams.kafka import RECORD_BYTES_MAX, SESSION_TIMEOUT_MS, KafkaConfig, KafkaSecurity

METADATA_AGE_MS: Final = 3_000
SESSION_TIMEOUT_S: Final = SESSION_TIMEOUT_MS / 1000
Handler = Callable[[EventT[bytes], Callable[[], Awaitable[bool]]], Awaitable[None]]
Assigned = Callable[[set[int]], None]


class FaustWorker(faust.App):
    """A faust app that keeps nothing on disk."""

    async def on_first_start(self) -> None:
        """Faust would make folders for tables; there are none, money never lives in a faust table."""


def faust_worker(kafka: KafkaConfig, group: str, client_id: str) -> FaustWorker:
    """An app without agents; `group` is the full name of its consumer group."""
    return FaustWorker(
        group,
        broker=[f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(",")],
        broker_client_id=client_id,
        broker_credentials=_credentials(kafka.security),
        broker_session_timeout=SESSION_TIMEOUT_S,  # a dead worker's partitions are free after this, not after 60 s
        broker_heartbeat_interval=SESSION_TIMEOUT_S / 4,
        broker_rebalance_timeout=10.0,
        broker_commit_interval=1.0,
        broker_max_poll_records=500,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=RECORD_BYTES_MAX,
        # A broker that just came back may not know the topic yet; the leader then assigns nothing to anybody, and only
        # the next look at the metadata mends that. The default of 5 minutes would be 5 minutes of silence.
        consumer_metadata_max_age_ms=METADATA_AGE_MS,
        stream_wait_empty=False,
        stream_buffer_maxsize=4096,  # never fills: the followers take every event over at once
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
        table_standby_replicas=0,  # or faust would assign by its own table-minded rules instead of round robin
    )


def follow_topic(app: FaustWorker, topic: str, name: str, handler: Handler) -> None:
    """Add an agent: `handler` gets every event of `topic` as raw bytes, and the way to acknowledge it."""

    async def agent(stream: StreamT[bytes]) -> None:
        events = cast(Stream[bytes], stream).noack()
        try:
            async for event in cast(AsyncIterator[EventT[bytes]], events.events()):
                await handler(event, _acknowledgement(events, event))
        except Exception as error:
            await app.crash(error)
            raise

    channel = app.topic(topic, key_serializer="raw", value_serializer="raw")
    app.agent(channel, name=name)(agent)


def on_rebalance(app: FaustWorker, topic: str, revoked: Callable[[], None], assigned: Assigned) -> None:
    """Call `revoked` when partitions are taken and `assigned` with ours when they are given."""

    async def on_revoked(*_: Any, **__: Any) -> None:
        revoked()

    async def on_assigned(*told: Any, **_: Any) -> None:
        _app, partitions = cast(tuple[Any, set[TP]], told)
        assigned({partition.partition for partition in partitions if partition.topic == topic})

    app.on_partitions_revoked.connect(on_revoked)
    app.on_partitions_assigned.connect(on_assigned)


def _acknowledgement(stream: StreamT[bytes], event: EventT[bytes]) -> Callable[[], Awaitable[bool]]:
    return lambda: stream.ack(event)


def _credentials(security: KafkaSecurity) -> CredentialsT | None:
    context = security.ssl_context()
    if security.sasl:
        return faust.SASLCredentials(
            username=security.username, password=security.password, mechanism=security.mechanism, ssl_context=context
        )
    return faust.SSLCredentials(context) if context is not None else None
