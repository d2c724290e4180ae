"""Kafka as we use it: where it is, how we prove who we are, and the options of every client, spelled out.

Two client libraries speak to the same brokers (librdkafka under confluent-kafka, aiokafka under faust); both get their
settings from one `KafkaConfig`. Every producer is idempotent, waits for all in-sync replicas and partitions with
murmur2, so that a book's records stand in one partition whoever wrote them.
"""

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient

from streams.errors import KafkaSettingsError

log = logging.getLogger(__name__)

RECORD_BYTES_MAX: Final = 4 * 1024 * 1024  # largest record we send, key and headers included; topics are created for it
PARTITIONS: Final = 4
SESSION_TIMEOUT_MS: Final = 8_000  # after this a dead consumer's partitions are given to another one
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
OffsetReset = Literal["error", "earliest", "latest"]
Delivered = Callable[[KafkaError | None, Message], None]


@dataclass(frozen=True, slots=True)
class KafkaSecurity:
    """How clients prove who they are and whom they trust.

    Attributes:
        mechanism: one of `MECHANISMS`; empty without SASL.
        ca_file: PEM file of the authorities to trust; empty for those of the system.
        certificate_file, key_file: PEM files of our own certificate, for brokers that ask for one.
    """

    protocol: SecurityProtocol = "PLAINTEXT"
    mechanism: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    key_password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Raise `KafkaSettingsError` when the settings contradict each other."""
        if self.protocol not in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"):
            raise KafkaSettingsError(f"Kafka security protocol {self.protocol!r} is not known")
        if self.sasl and (self.mechanism not in MECHANISMS or not self.username or not self.password):
            raise KafkaSettingsError(
                f"{self.protocol} needs a username, a password and one of {', '.join(MECHANISMS)}, "
                f"not {self.mechanism!r}"
            )
        if not self.sasl and (self.mechanism or self.username or self.password):
            raise KafkaSettingsError(f"{self.protocol} takes no SASL settings: set SASL_SSL, or remove them")
        if not self.tls and (self.ca_file or self.certificate_file or self.key_file):
            raise KafkaSettingsError(f"{self.protocol} takes no certificates: set SSL or SASL_SSL, or remove them")
        if bool(self.certificate_file) != bool(self.key_file):
            raise KafkaSettingsError("our certificate and its key come together: one of the two files is not set")

    @property
    def sasl(self) -> bool:
        """Whether we log in."""
        return self.protocol.startswith("SASL_")

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.protocol.endswith("SSL")

    def ssl_context(self) -> ssl.SSLContext | None:
        """For aiokafka; verifies the broker's certificate and name. None without TLS."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file, self.key_password or None)
        return context


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Where Kafka is and how our topics are laid out.

    Attributes:
        bootstrap_servers: ``host:port``, several separated by commas.
        topic_prefix: stands before every topic and group name, so that several installations share a cluster.
        partitions: of every topic; fixed for ever, because it decides which writer owns a book.
        replication_factor: of every topic; -1 for the brokers' default.
    """

    bootstrap_servers: str
    security: KafkaSecurity = KafkaSecurity()
    topic_prefix: str = ""
    partitions: int = PARTITIONS
    replication_factor: int = -1

    def __post_init__(self) -> None:
        """Raise `KafkaSettingsError` when the settings cannot work."""
        if not self.bootstrap_servers:
            raise KafkaSettingsError("Kafka bootstrap servers are not set")
        if self.partitions < 1:
            raise KafkaSettingsError(f"topics need one partition or more, not {self.partitions}")
        if self.replication_factor != -1 and self.replication_factor < 1:
            raise KafkaSettingsError(f"replication factor {self.replication_factor} is neither -1 nor above zero")

    def topic(self, name: str) -> str:
        """The full name of one of our topics: ``ledger.journal`` with the prefix before it."""
        return self.topic_prefix + name

    def librdkafka(self) -> dict[str, Any]:
        """Connection settings for confluent-kafka."""
        security = self.security
        settings: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": security.protocol,
            "socket.keepalive.enable": True,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 2_000,
        }
        if security.sasl:
            settings |= {
                "sasl.mechanism": security.mechanism,
                "sasl.username": security.username,
                "sasl.password": security.password,
            }
        if security.tls:
            settings |= {"enable.ssl.certificate.verification": True, "ssl.endpoint.identification.algorithm": "https"}
        for name, value in (
            ("ssl.ca.location", security.ca_file),
            ("ssl.certificate.location", security.certificate_file),
            ("ssl.key.location", security.key_file),
            ("ssl.key.password", security.key_password),
        ):
            if value:
                settings[name] = value
        return settings

    def aiokafka(self) -> dict[str, Any]:
        """Connection settings for aiokafka, as keyword arguments of its clients."""
        security = self.security
        settings: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": security.protocol,
            "ssl_context": security.ssl_context(),
        }
        if security.sasl:
            settings |= {
                "sasl_mechanism": security.mechanism,
                "sasl_plain_username": security.username,
                "sasl_plain_password": security.password,
            }
        return settings


def producer(
    config: KafkaConfig,
    client_id: str,
    *,
    delivery_timeout_ms: int = 30_000,
    linger_ms: int = 2,
    queue_records_max: int = 100_000,
    queue_bytes_max: int = 256 * 1024 * 1024,
    on_failure: Delivered | None = None,
) -> Producer:
    """A producer whose acknowledgement means: every in-sync replica has the record, once and in order.

    Args:
        delivery_timeout_ms: after this a record that was not acknowledged is reported as failed; 0 for never.
        queue_records_max, queue_bytes_max: what may wait; a `produce` beyond raises `BufferError`.
        on_failure: called from `poll` and `flush` for each record that failed, and for no other.
    """
    settings = config.librdkafka() | {
        "client.id": client_id,
        "acks": "all",
        "enable.idempotence": True,
        "max.in.flight.requests.per.connection": 5,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": linger_ms,
        "delivery.timeout.ms": delivery_timeout_ms,
        "request.timeout.ms": min(delivery_timeout_ms or 10_000, 10_000),
        "message.max.bytes": RECORD_BYTES_MAX,
        "queue.buffering.max.messages": queue_records_max,
        "queue.buffering.max.kbytes": queue_bytes_max // 1024,
    }
    if on_failure is not None:
        settings |= {"on_delivery": on_failure, "delivery.report.only.error": True}
    return Producer(settings, logger=log)


def consumer(
    config: KafkaConfig,
    group: str,
    client_id: str,
    *,
    offset_reset: OffsetReset = "error",
    max_poll_interval_ms: int = 300_000,
) -> Consumer:
    """A consumer that never commits by itself and never skips: an offset that is gone is an error by default."""
    return Consumer(
        config.librdkafka()
        | {
            "client.id": client_id,
            "group.id": config.topic_prefix + group,
            "group.protocol": "classic",  # the range assignor is chosen by the client
            "partition.assignment.strategy": "range",  # same partition of every input -> same consumer (fencing)
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": offset_reset,
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "session.timeout.ms": SESSION_TIMEOUT_MS,
            "heartbeat.interval.ms": SESSION_TIMEOUT_MS // 4,
            "max.poll.interval.ms": max_poll_interval_ms,
            "fetch.message.max.bytes": RECORD_BYTES_MAX,
            "fetch.queue.backoff.ms": 10,  # default 1000: a full queue would pause the fetcher for a second
            "queued.max.messages.kbytes": 64 * 1024,
        },
        logger=log,
    )


def admin(config: KafkaConfig, client_id: str = "contraflow-admin") -> AdminClient:
    """A client for topics and offsets."""
    return AdminClient(config.librdkafka() | {"client.id": client_id}, logger=log)
