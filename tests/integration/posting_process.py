"""Posting in a process of its own, so that a test can kill or freeze it: bootstrap servers, DSN, topic prefix."""

import signal
import sys
import threading

from ledger.accounts import load_chart
from ledger.rules import load_rules
from streams.kafka import KafkaConfig
from streams.posting import PostingConfig, run_posting

if __name__ == "__main__":
    bootstrap, dsn, prefix = sys.argv[1:4]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run_posting(
        PostingConfig(
            kafka=KafkaConfig(bootstrap, topic_prefix=prefix, partitions=2, replication_factor=1),
            postgres=dsn,
            chart=load_chart(),
            rules=load_rules(),
            batch_records_max=200,
        ),
        stop,
    )
