"""Kafka settings reach both client libraries, contradictions are refused, secrets are not shown."""

from typing import Any

import pytest

from streams.errors import KafkaSettingsError
from streams.kafka import KafkaConfig, KafkaSecurity


def test_a_plain_broker_needs_nothing_else() -> None:
    config = KafkaConfig("127.0.0.1:9092", topic_prefix="shop.")
    assert config.topic("ledger.journal") == "shop.ledger.journal"
    assert config.librdkafka()["security.protocol"] == "PLAINTEXT"
    assert config.aiokafka() == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


def test_sasl_and_tls_reach_both_libraries_and_no_repr() -> None:
    config = KafkaConfig("k:9093", KafkaSecurity("SASL_SSL", "SCRAM-SHA-512", "ledger", "hunter2"))
    rd, aio = config.librdkafka(), config.aiokafka()
    assert (rd["sasl.mechanism"], rd["sasl.username"], rd["sasl.password"]) == ("SCRAM-SHA-512", "ledger", "hunter2")
    assert rd["ssl.endpoint.identification.algorithm"] == "https"
    assert (aio["sasl_mechanism"], aio["sasl_plain_password"]) == ("SCRAM-SHA-512", "hunter2")
    assert aio["ssl_context"].check_hostname
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"protocol": "SASL_SSL"}, "needs a username"),
        ({"protocol": "SASL_SSL", "mechanism": "GSSAPI", "username": "a", "password": "b"}, "GSSAPI"),
        ({"protocol": "SSL", "username": "a"}, "takes no SASL settings"),
        ({"ca_file": "ca.pem"}, "takes no certificates"),
        ({"protocol": "SSL", "certificate_file": "a.pem"}, "one of the two files"),
        ({"protocol": "TLS"}, "'TLS' is not known"),
    ],
)
def test_contradictions_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(KafkaSettingsError, match=says):
        KafkaSecurity(**settings)


@pytest.mark.parametrize("settings", [{"bootstrap_servers": ""}, {"partitions": 0}, {"replication_factor": 0}])
def test_a_layout_that_cannot_work_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(KafkaSettingsError):
        KafkaConfig(**{"bootstrap_servers": "k:9092", **settings})
