"""Polling of one vendor's list in a process of its own, so that a test can kill it.

Arguments: source, address of the vendor, Unix time from which is read, bootstrap servers, DSN, topic prefix.
"""

import signal
import sys
import threading

from streams.kafka import KafkaConfig
from streams.polling import PollingConfig, run_polling
from tests.stand_ins.listed import LISTS

if __name__ == "__main__":
    source, url, since_s, bootstrap, dsn, prefix = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    [listed] = [each for each in LISTS if each.source == source]
    run_polling(
        PollingConfig(
            kafka=KafkaConfig(bootstrap, topic_prefix=prefix, partitions=2, replication_factor=1),
            postgres=dsn,
            gateways=[listed.gateway(url, int(since_s))],
        ),
        stop,
    )
