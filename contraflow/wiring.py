"""Wiring: settings become the configuration objects of the rooms. The one place where the two sides meet.

Every function takes settings that name both servers (`contraflow.servers` sees to that) and opens nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contraflow.settings import Settings, SettingsInvalid, WebhookEndpoint
from streams.kafka import KafkaConfig, KafkaSecurity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from api.config import ApiConfig, Part, Receive
    from contraflow.certificates import Certificates
    from streams.posting import PostingConfig
    from streams.projecting import ProjectingConfig
    from streams.publishing import PublishingConfig

PROBE_WAIT_S = 2.0


def kafka_config(settings: Settings) -> KafkaConfig:
    """Where Kafka is and how our topics are laid out."""
    if settings.kafka is None:
        raise SettingsInvalid("CONTRAFLOW_KAFKA: this process needs a Kafka, and none is named or running")
    security = settings.kafka_security
    return KafkaConfig(
        bootstrap_servers=settings.kafka,
        security=KafkaSecurity(
            protocol=security.protocol,
            mechanism=security.sasl_mechanism or "",
            username=security.username or "",
            password=security.password.get_secret_value() if security.password is not None else "",
            ca_file=str(security.ca_file or ""),
        ),
        topic_prefix=settings.topic_prefix,
        partitions=settings.partitions,
        replication_factor=settings.replication_factor,
    )


def postgres_dsn(settings: Settings) -> str:
    """PostgreSQL's connection string. It may hold a password: never log it."""
    if settings.postgres is None:
        raise SettingsInvalid("CONTRAFLOW_POSTGRES: this process needs a PostgreSQL, and none is named or running")
    return settings.postgres.get_secret_value()


def api_config(settings: Settings) -> ApiConfig:
    """What the API needs; its endpoints carry what verifies their requests as functions."""
    from api import config as api
    from contraflow.certificates import Certificates
    from streams.intake import Intake

    kafka = kafka_config(settings)
    certificates = Certificates()
    return api.ApiConfig(
        postgres_conninfo=postgres_dsn(settings),
        open_intake=lambda: Intake(kafka),
        reach_broker=broker_probe(kafka, PROBE_WAIT_S),
        endpoints={
            name: api.WebhookEndpoint(
                source=endpoint.gateway,
                account=endpoint.account,
                book=endpoint.book,
                receive=webhook_receiver(endpoint, settings.signature_tolerance_s, certificates),
            )
            for name, endpoint in settings.endpoints.items()
        },
        body_bytes_max=settings.webhook_body_bytes_max,
        probe_wait_s=PROBE_WAIT_S,
    )


def posting_config(settings: Settings) -> PostingConfig:
    """What posting needs; reads the chart and the rules that new books are opened with."""
    from ledger.accounts import load_chart
    from ledger.rules import load_rules
    from streams.posting import PostingConfig

    return PostingConfig(
        kafka=kafka_config(settings),
        postgres=postgres_dsn(settings),
        chart=load_chart(settings.chart_file),
        rules=load_rules(settings.rules_file),
    )


def publishing_config(settings: Settings) -> PublishingConfig:
    """What publishing needs."""
    from streams.publishing import PublishingConfig

    return PublishingConfig(kafka=kafka_config(settings), postgres=postgres_dsn(settings))


def projecting_config(settings: Settings) -> ProjectingConfig:
    """What projecting needs; all projections."""
    from streams.projecting import ProjectingConfig

    return ProjectingConfig(kafka=kafka_config(settings), postgres=postgres_dsn(settings))


def broker_probe(kafka: KafkaConfig, wait_s: float) -> Callable[[], bool]:
    """A function that asks Kafka for its topics, over one connection that it keeps; blocks for `wait_s` or less."""
    from functools import cache

    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    from streams.kafka import admin

    @cache
    def client() -> AdminClient:
        return admin(kafka, "contraflow-probe")

    def reach() -> bool:
        try:
            return bool(client().list_topics(timeout=wait_s).brokers)
        except KafkaException:
            return False

    return reach


def webhook_receiver(
    endpoint: WebhookEndpoint, tolerance_s: int | None = None, certificates: Certificates | None = None
) -> Receive:
    """What takes one endpoint's requests, in the API's words; the secrets stay inside.

    Args:
        tolerance_s: overrides that of the gateway's signatures, where it has one that may be shorter.
        certificates: those that requests name, shared by all endpoints.
    """
    from api.config import KeysUnavailable, Part, SignatureRefused
    from connectors import CONNECTORS
    from connectors.errors import SignatureError
    from connectors.exchange import Keys, WebhookRequest
    from contraflow.certificates import Certificates, CertificateUnavailable

    connector = CONNECTORS[endpoint.gateway]
    verify, key_urls = connector.verify, connector.key_urls
    if verify is None:
        raise SettingsInvalid(f"CONTRAFLOW_ENDPOINTS: {endpoint.gateway} sends no webhooks")
    secrets = tuple(secret.get_secret_value() for secret in endpoint.secrets)
    known = Keys(secrets, tolerance_s=tolerance_s)
    fetched = certificates or Certificates()

    async def receive(headers: Mapping[str, str], raw: bytes, path: str, now_s: int) -> Sequence[Part]:
        request = WebhookRequest(headers, raw, path)
        try:
            keys = known
            if key_urls is not None:
                keys = Keys(secrets, await fetched.of(key_urls(request)), tolerance_s)
            verified = verify(request, keys, now_s)
        except SignatureError as error:
            raise SignatureRefused(error.code, error.detail) from error
        except CertificateUnavailable as error:
            raise KeysUnavailable(str(error)) from error
        return [Part(item.raw, item.delivery, item.context) for item in connector.received(request, verified)]

    return receive
