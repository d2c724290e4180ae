"""Topics are created once, in the shape of the contract, and a topic of another shape stops the start."""

from collections.abc import Callable

import pytest
from confluent_kafka.admin import ConfigResource

from contraflow.embedded import PairAddresses
from streams.errors import Retry, TopicMismatch
from streams.kafka import KafkaConfig, admin
from streams.topics import INPUT_TOPICS, TOPICS, Topic, ensure_topics


def test_created_once_in_their_shape(pair: PairAddresses, topic_prefix: str) -> None:
    config = KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=3)
    assert sorted(ensure_topics(config)) == sorted(topic_prefix + topic.name for topic in TOPICS)
    assert ensure_topics(config) == []
    client = admin(config)
    present = client.list_topics(timeout=10).topics
    assert {len(present[config.topic(topic.name)].partitions) for topic in TOPICS} == {3}
    for topic in TOPICS:
        resource = ConfigResource(ConfigResource.Type.TOPIC, config.topic(topic.name))
        shown = next(iter(client.describe_configs([resource]).values())).result(timeout=10)
        assert {name: shown[name].value for name in topic.settings()} == topic.settings()


def test_another_number_of_partitions_stops(pair: PairAddresses, topic_prefix: str) -> None:
    ensure_topics(KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=2), INPUT_TOPICS[:1])
    with pytest.raises(TopicMismatch, match=r"inbound.stripe' has 2 partitions, the settings say 5"):
        ensure_topics(KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=5))


def test_an_input_that_compacts_stops(pair: PairAddresses, topic_prefix: str) -> None:
    config = KafkaConfig(pair.bootstrap_servers, topic_prefix=topic_prefix, partitions=2)
    ensure_topics(config, [Topic("inbound.stripe", "book", "compact", -1, (), "planted")])
    with pytest.raises(TopicMismatch, match=r"cleanup\.policy=compact, it must be delete"):
        ensure_topics(config, INPUT_TOPICS)


def test_no_broker_is_an_error_to_retry(free_port: Callable[[], int]) -> None:
    with pytest.raises(Retry, match="did not create or show"):
        ensure_topics(KafkaConfig(f"127.0.0.1:{free_port()}"), wait_s=1.0)
