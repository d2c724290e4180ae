"""Rows of the event store in the binary form of COPY, made a batch at a time.

psycopg writes a row field by field; here a row is one `struct` and the batch one join (docs/explanation/performance.md
has what that saves). The form is PostgreSQL's: a signature, then for each row the number of fields and each field's
length before its bytes, -1 for null; at the end -1 for the number of fields.
"""

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct, pack
from typing import Final

from ledger.batch import BookAppend
from ledger.events import Recorded

_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_KEYED: Final = Struct("!hiqiqi16s")
_KEYLESS: Final = Struct("!hiqiqi")
_LENGTH: Final = Struct("!i")
_KEY_ROW: Final = Struct("!hi16siqii")


def event_rows(book_id: int, events: Sequence[Recorded], keys: Mapping[int, bytes]) -> bytes:
    """Rows of ``ledger.events (position, recorded_at_us, key, book_id, type, body)``.

    Args:
        book_id: of all of them.
        events: in the order of their positions.
        keys: position -> the key decided there, 16 bytes; null where there is none.
    """
    parts = [_HEADER]
    middles: dict[str, bytes] = {}
    keyed, keyless, length = _KEYED.pack, _KEYLESS.pack, _LENGTH.pack
    for event in events:
        body = event.body
        middle = middles.get(event.type) or middles.setdefault(event.type, _middle(book_id, event.type))
        key = keys.get(event.position)
        if key is None:
            parts += (keyless(6, 8, event.position, 8, event.recorded_at_us, -1), middle, length(len(body)), body)
        else:
            parts += (keyed(6, 8, event.position, 8, event.recorded_at_us, 16, key), middle, length(len(body)), body)
    parts.append(_TRAILER)
    return b"".join(parts)


def key_rows(appends: Iterable[BookAppend]) -> bytes:
    """Rows of ``ledger.fact_keys (digest, position, book_id)``: what is on record beside the events' own keys."""
    row = _KEY_ROW.pack
    rows = (row(3, 16, digest, 8, at, 4, append.book_id) for append in appends for digest, at in append.references)
    return b"".join((_HEADER, *rows, _TRAILER))


def _middle(book_id: int, type_name: str) -> bytes:
    """The two fields that all events of a type in a book share."""
    name = type_name.encode()
    return pack(f"!iii{len(name)}s", 4, book_id, len(name), name)
