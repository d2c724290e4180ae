"""A real Kafka and a real PostgreSQL on this machine: no Docker, no Java, no Maven, nothing to configure."""

from contraflow.embedded.errors import (
    EmbeddedError,
    EmbeddedNotInstalled,
    JarsUnavailable,
    PairInUse,
    ServerDidNotStart,
    ServiceUserUnusable,
)
from contraflow.embedded.pair import EmbeddedPair, PairAddresses, PairOptions

__all__ = [
    "EmbeddedError",
    "EmbeddedNotInstalled",
    "EmbeddedPair",
    "JarsUnavailable",
    "PairAddresses",
    "PairInUse",
    "PairOptions",
    "ServerDidNotStart",
    "ServiceUserUnusable",
]
