"""A record of `ledger.journal`, decoded: one book's events in one contiguous run.

Bodies are taken over byte for byte, as slices of the record's own JSON and not as objects written anew, because the
book's seal covers their bytes. The topic is ours, so whatever cannot be read in it is a contradiction inside (law 6):
it stops the process and is never skipped.
"""

from typing import Final

import msgspec

from ledger.events import Recorded
from streams.errors import Stop


class JournalRecordUnreadable(Stop):
    """Something stands in `ledger.journal` that we would never write there."""


def decode_journal_record(value: bytes | None, key: bytes | None = None) -> list[Recorded]:
    """The events of a record, one or more, contiguous.

    Args:
        value: the record's bytes: an object with ``book``, ``first``, ``last`` and ``events``, each one with
            ``position``, ``type``, ``recorded_at_us`` and ``body``.
        key: the record's key; where there is one, it must be the book.

    Raises:
        JournalRecordUnreadable: the record is not of this shape or contradicts itself.
    """
    if value is None:
        raise JournalRecordUnreadable("it has no value")
    try:
        batch = _decoder.decode(value)
    except msgspec.DecodeError as error:
        raise JournalRecordUnreadable(f"its value cannot be read: {error}") from error
    events = [
        Recorded(batch.book, event.position, event.type, event.recorded_at_us, bytes(event.body))
        for event in batch.events
    ]
    if not events or [event.position for event in events] != list(range(batch.first, batch.last + 1)):
        raise JournalRecordUnreadable(
            f"it says positions {batch.first} to {batch.last} of book {batch.book!r} and holds {len(events)} events "
            "that are not these"
        )
    if key is not None and key != batch.book.encode():
        raise JournalRecordUnreadable(f"its key is {key[:60]!r}, its book {batch.book!r}")
    return events


class _Event(msgspec.Struct, gc=False):
    position: int
    type: str
    recorded_at_us: int
    body: msgspec.Raw


class _Batch(msgspec.Struct, gc=False):
    book: str
    first: int
    last: int
    events: list[_Event]


_decoder: Final = msgspec.json.Decoder(_Batch)
