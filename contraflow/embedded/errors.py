"""What can go wrong with the embedded pair.

EmbeddedError
├── EmbeddedNotInstalled    the `embedded` extra is missing: install it, or name your own servers
├── JarsUnavailable         a Kafka jar cannot be had, or arrives other than it was locked
├── PairInUse               another process owns this data directory: attach to it, or stop it
├── ServiceUserUnusable     root asked for PostgreSQL, and no other user can run it here
└── ServerDidNotStart       Kafka or PostgreSQL ended or stayed silent; the message holds the end of its log
"""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded pair cannot do what was asked."""


class EmbeddedNotInstalled(EmbeddedError):
    """A package of the `embedded` extra is missing."""


class JarsUnavailable(EmbeddedError):
    """A jar cannot be downloaded, or is not the file that was locked."""


class PairInUse(EmbeddedError):
    """Another process owns the data directory."""


class ServiceUserUnusable(EmbeddedError):
    """PostgreSQL refuses root, and no other user of this machine can run it."""


class ServerDidNotStart(EmbeddedError):
    """A server ended, or did not answer in time."""
