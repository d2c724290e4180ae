"""The topics: what stands in them, for how long, and that they exist in this shape before anybody writes.

Nothing is created by accident (`auto.create.topics.enable` may be off) and nothing is changed behind anybody's back: a
topic that exists in another shape stops the start. All topics have the same, fixed number of partitions, so that with
the range assignor one consumer owns a book across all inputs, and a book's records stay in order for ever.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic  # type: ignore[attr-defined]

from connectors import CONNECTORS
from streams.errors import Retry, TopicMismatch
from streams.kafka import RECORD_BYTES_MAX, KafkaConfig, admin

DAY_MS: Final = 24 * 60 * 60 * 1000
FOR_EVER: Final = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the contract.

    Attributes:
        name: without the installation's prefix.
        key: what the key of a record is; the partition always follows the book.
        cleanup: ``delete`` after the retention, or ``compact`` to the last record of a key.
        retention_ms: milliseconds, `FOR_EVER` for no limit.
        record_types: names of the JSON Schemas its values follow; empty where values are a vendor's own bytes.
        purpose: one sentence for the reference.
    """

    name: str
    key: str
    cleanup: Literal["delete", "compact"]
    retention_ms: int
    record_types: tuple[str, ...]
    purpose: str

    def settings(self) -> dict[str, str]:
        """Kafka's own settings of the topic."""
        settings = {"cleanup.policy": self.cleanup, "max.message.bytes": str(RECORD_BYTES_MAX)}
        if self.cleanup == "delete":
            return settings | {"retention.ms": str(self.retention_ms)}
        return settings | {"max.compaction.lag.ms": str(DAY_MS), "delete.retention.ms": str(DAY_MS)}


# One for every connector that speaks to a vendor.
VENDOR_TOPICS: Final = tuple(
    Topic(
        f"inbound.{connector.source}",
        "book",
        "delete",
        30 * DAY_MS,
        (),
        f"what {connector.manifest.title} told, as it wrote it: webhooks, rows and objects",
    )
    for connector in CONNECTORS.values()
    if connector.manifest is not None
)
INPUT_TOPICS: Final = (
    *VENDOR_TOPICS,
    Topic("inbound.camt053", "book", "delete", 30 * DAY_MS, (), "raw camt.053 bank statements"),
    Topic("inbound.facts", "book", "delete", 30 * DAY_MS, ("inbound_fact",), "facts in our own words, one a record"),
    Topic(
        "inbound.commands",
        "book",
        "delete",
        30 * DAY_MS,
        (),
        "commands to a book: one, or an array decided as one batch",
    ),
)
OUTPUT_TOPICS: Final = (
    Topic(
        "inbound.dead",
        "book",
        "delete",
        30 * DAY_MS,
        ("dead_letter",),
        "inbound records that could not be translated or posted, with the reason",
    ),
    Topic("ledger.journal", "book", "delete", 7 * DAY_MS, ("journal_batch",), "every event, in batches; projections"),
    Topic("ledger.entries", "book", "delete", FOR_EVER, ("entry", "manifest"), "posted entries, one a record"),
    Topic("payments.facts", "book", "delete", FOR_EVER, ("payment_fact",), "what was told of payments, one a record"),
    Topic("balances", "book/account/currency", "compact", FOR_EVER, ("balance",), "the balance of every account"),
    Topic("payments.status", "book/payment", "compact", FOR_EVER, ("payment_status",), "the status of every payment"),
    Topic(
        "reconciliation.items",
        "book/kind/item",
        "compact",
        FOR_EVER,
        ("reconciliation_item",),
        "payouts against bank lines and contents",
    ),
)
TOPICS: Final = INPUT_TOPICS + OUTPUT_TOPICS


def ensure_topics(config: KafkaConfig, topics: Sequence[Topic] = TOPICS, wait_s: float = 30.0) -> list[str]:
    """Create what is missing and check what is there; returns the full names created. Safe to call at any time.

    Raises:
        TopicMismatch: a topic has another number of partitions or another cleanup policy.
        Retry: the brokers did not answer within `wait_s` seconds, or refused.
    """
    client = admin(config)
    try:
        present = client.list_topics(timeout=wait_s).topics
        missing = [topic for topic in topics if config.topic(topic.name) not in present]
        created = _create(client, config, missing, wait_s)
        _check(client, config, [topic for topic in topics if config.topic(topic.name) not in created], wait_s)
    except KafkaException as error:
        raise Retry(f"Kafka at {config.bootstrap_servers} did not create or show our topics: {error}") from error
    return created


def _create(client: AdminClient, config: KafkaConfig, topics: Sequence[Topic], wait_s: float) -> list[str]:
    if not topics:
        return []
    orders = [
        NewTopic(
            config.topic(topic.name),
            num_partitions=config.partitions,
            replication_factor=config.replication_factor,
            config=topic.settings(),
        )
        for topic in topics
    ]
    created = []
    futures: dict[str, Future[None]] = client.create_topics(orders, operation_timeout=wait_s, request_timeout=wait_s)
    for name, future in futures.items():
        try:
            future.result(timeout=wait_s)
        except KafkaException as error:
            # Somebody else starts at the same time: theirs is checked like any topic that was there before.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            created.append(name)
    _await_visible(client, [config.topic(topic.name) for topic in topics], wait_s)
    return created


def _await_visible(client: AdminClient, names: Sequence[str], wait_s: float) -> None:
    """Brokers learn of a new topic a moment after the controller made it; who starts next must not miss it."""
    deadline_s = time.monotonic() + wait_s
    while not set(names) <= set(client.list_topics(timeout=wait_s).topics):
        if time.monotonic() > deadline_s:
            raise Retry(f"Kafka did not show topics it created within {wait_s:g} s: {', '.join(names)}")
        time.sleep(0.02)


def _check(client: AdminClient, config: KafkaConfig, topics: Sequence[Topic], wait_s: float) -> None:
    if not topics:
        return
    present = client.list_topics(timeout=wait_s).topics
    for topic in topics:
        name = config.topic(topic.name)
        partitions = len(present[name].partitions) if name in present else 0
        if partitions != config.partitions:
            raise TopicMismatch(
                f"topic {name!r} has {partitions} partitions, the settings say {config.partitions}: set the number to "
                f"{partitions} or choose another topic prefix; with another number books would change their writer"
            )
    resources = {topic.name: ConfigResource(ConfigResource.Type.TOPIC, config.topic(topic.name)) for topic in topics}
    described: dict[ConfigResource, Future[dict[str, Any]]] = client.describe_configs(
        list(resources.values()), request_timeout=wait_s
    )
    answers = {resource.name: future.result(timeout=wait_s) for resource, future in described.items()}
    for topic in topics:
        name = config.topic(topic.name)
        cleanup = answers[name]["cleanup.policy"].value
        if cleanup != topic.cleanup:
            raise TopicMismatch(
                f"topic {name!r} has cleanup.policy={cleanup}, it must be {topic.cleanup}: records would be lost or "
                "pile up; set it with kafka-configs, or choose another topic prefix"
            )
