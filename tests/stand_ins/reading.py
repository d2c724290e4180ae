"""Reading a list to the present, and knowing when posting has read all of it: nothing waits a while and hopes."""

from confluent_kafka import Consumer, TopicPartition

from streams.kafka import KafkaConfig
from streams.polling_account import AccountPolling
from tests.integration.polling_site import PolledSite

TURNS_MAX = 40


async def read_all(site: PolledSite, polling: AccountPolling) -> None:
    """Turns of the account's one stream until nothing is due, sleeping as polling says, on the site's clock."""
    [stream] = polling._gateway.streams
    failures = 0
    for _ in range(TURNS_MAX):
        wait_s = await polling.turn(stream, failures)
        failures = failures + 1 if wait_s < 0 else 0
        if wait_s > 0:
            return
        await site.clock.sleep(abs(wait_s))
    raise AssertionError("the list does not end")


def behind(site: PolledSite) -> int:
    """Records that posting has not read yet."""
    offsets = site.ask("SELECT topic, partition, next_offset FROM ledger.input_offsets")
    read = {(topic, number): offset for topic, number, offset in offsets}
    ends = inbound_ends(site.kafka)
    return sum(end - read.get(where, 0) for where, end in ends.items())


def inbound_ends(kafka: KafkaConfig) -> dict[tuple[str, int], int]:
    """How many records each partition of the inbound topics was given."""
    reader = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": "counting"})
    try:
        return {
            (topic, number): reader.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
            for topic, about in reader.list_topics(timeout=10).topics.items()
            if topic.startswith(f"{kafka.topic_prefix}inbound.")
            for number in about.partitions
        }
    finally:
        reader.close()
