"""A publication: one stream of one book on its way into a topic, and how far it has come.

Every published record says in its headers where it belongs: `book`, `position`, `previous` (the position of that
book's preceding record in the topic, ``0`` for the first), `event_id`, `type` and `content_hash` (SHA-256 of the value
in hexadecimal). All of them are functions of the store, so a record that is sent again after a crash is the same
record, and a reader who remembers the last position sees a gap (`previous` is above it) or a repeat (`position` is
not above it) at once.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from ledger.events import Recorded


class Outgoing(msgspec.Struct, gc=False):
    """A record ready for Kafka.

    Attributes:
        value: None where a compacted topic is to forget the key.
        key: None for the book; the partition follows the book in any case.
    """

    value: bytes | None
    headers: list[tuple[str, bytes]]
    key: bytes | None = None

    @classmethod
    def of(
        cls,
        book: str,
        position: int,
        previous: int,
        record_type: str,
        value: bytes | None,
        *,
        event_id: str = "",
        key: bytes | None = None,
        content_hash: str = "",
    ) -> "Outgoing":
        """A record of `book` with its headers; `event_id` is ``<book>/<position>`` unless told otherwise.

        `content_hash` is for those who have computed it already.
        """
        of_book = _header("book", book)
        at = b"%d" % position
        return cls(
            value,
            [
                of_book,
                ("position", at),
                ("previous", b"%d" % previous),
                ("event_id", event_id.encode() if event_id else of_book[1] + b"/" + at),
                _header("type", record_type),
                ("content_hash", (content_hash or sha256(value or b"").hexdigest()).encode()),
            ],
            key,
        )


@lru_cache(maxsize=1024)  # the same few for thousands of records
def _header(name: str, text: str) -> tuple[str, bytes]:
    return name, text.encode()


State = dict[str, Any]


class EventStream(Protocol):
    """A topic that is a pure function of a book's events, in their order."""

    @property
    def name(self) -> str:
        """The stream, and its topic without the installation's prefix."""
        ...

    def publish(self, book: str, events: Sequence[Recorded], state: State) -> tuple[list[Outgoing], State]:
        """The records for `events`, which are contiguous and follow those of `state`, and the state after them.

        How a book is cut into calls must not show in `ledger.entries` and `payments.facts`. State is JSON; it is empty
        before the first event.
        """
        ...
