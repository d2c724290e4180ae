"""Projecting in a process of its own, so that a test can kill or freeze it: one argument, a JSON object."""

import json
import logging
import sys

from projections.projection import PROJECTIONS
from streams.kafka import KafkaConfig
from streams.projecting import ProjectingConfig, run_projecting
from tests.integration.told_projection import Told

if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("streams").setLevel(logging.INFO)
    sys.exit(
        run_projecting(
            ProjectingConfig(
                kafka=KafkaConfig(order["bootstrap"], topic_prefix=order["prefix"], partitions=2),
                postgres=order["dsn"],
                registry={**PROJECTIONS, "told": Told(**order["told"])},
                **order["config"],
            )
        )
    )
