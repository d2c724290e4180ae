"""Polling in a process of its own, so that a test can kill it: bootstrap servers, DSN, topic prefix, address."""

import signal
import sys
import threading
from typing import Any

from msgspec.structs import replace

from connectors import CONNECTORS
from streams.gateway import Credentials, Gateway
from streams.kafka import KafkaConfig
from streams.polling import PollingConfig, run_polling
from tests.unit.connectors.stripe_bodies import AT_S


def stripe_gateway(url: str, *streams: str, every_s: int = 1, **more: Any) -> Gateway:
    connector = CONNECTORS["stripe"]
    assert connector.manifest is not None
    chosen = tuple(replace(connector.manifest.stream(name), every_s=every_s) for name in streams)
    fields: dict[str, Any] = {
        "name": "shop",
        "connector": connector,
        "account": "acct_1",
        "book": "main",
        "environment": "sandbox",
        "credentials": Credentials(api_key="sk_test"),
        "base_url": url,
        "streams": chosen,
        "since_s": AT_S,
    }
    return Gateway(**{**fields, **more})


if __name__ == "__main__":
    bootstrap, dsn, prefix, url, *streams = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run_polling(
        PollingConfig(
            kafka=KafkaConfig(bootstrap, topic_prefix=prefix, partitions=2, replication_factor=1),
            postgres=dsn,
            gateways=[stripe_gateway(url, *streams, has_webhooks=True)],
        ),
        stop,
    )
