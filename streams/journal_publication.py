"""`ledger.journal`: every event of a book, in batches, for our own projections and for auditors.

Bodies are spliced in byte for byte and never decoded: seals cover those bytes, and not decoding is what makes this the
fastest of our streams. After a crash batches may be cut differently; `previous` is always `first` - 1, so that a
reader skips what it has and notices what it lacks.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ledger.events import Recorded
from streams.publication import Outgoing, State

BATCH_EVENTS_MAX: Final = 500
BATCH_BYTES_MAX: Final = 512 * 1024


class JournalStream:
    """The stream `ledger.journal`."""

    name: Final = "ledger.journal"

    def publish(self, book: str, events: Sequence[Recorded], state: State) -> tuple[list[Outgoing], State]:
        """Batches of at most 500 events or 512 KiB; a single larger event is a batch of its own."""
        return [_record(book, first, last, items) for first, last, items in _batches(events)], state


def _record(book: str, first: int, last: int, items: list[bytes]) -> Outgoing:
    value = b'{"book":%b,"first":%d,"last":%d,"events":[%b]}' % (
        msgspec.json.encode(book),
        first,
        last,
        b",".join(items),
    )
    record = Outgoing.of(book, last, first - 1, "journal_batch", value)
    record.headers.append(("first", b"%d" % first))
    record.headers.append(("last", b"%d" % last))
    return record


def _batches(events: Sequence[Recorded]) -> Iterator[tuple[int, int, list[bytes]]]:
    items: list[bytes] = []
    size_bytes = 0
    first = last = 0
    for event in events:
        # Event types are names of our own classes; they need no escaping.
        item = b'{"position":%d,"type":"%b","recorded_at_us":%d,"body":%b}' % (
            event.position,
            event.type.encode(),
            event.recorded_at_us,
            event.body,
        )
        if items and (len(items) == BATCH_EVENTS_MAX or size_bytes + len(item) > BATCH_BYTES_MAX):
            yield first, last, items
            items, size_bytes = [], 0
        if not items:
            first = event.position
        last = event.position
        items.append(item)
        size_bytes += len(item) + 1
    if items:
        yield first, last, items
