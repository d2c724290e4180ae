"""Seals: a hash chain over the events of a book, so that nobody can change, drop or insert one unseen.

For the event at position n of a book::

    seal(0) = 32 zero bytes
    seal(n) = SHA256( seal(n-1) || book || 0x0A || n || 0x0A || type || 0x0A || recorded_at_us || 0x0A || body )

with texts in UTF-8 and numbers as decimal digits. The body is the stored canonical JSON, byte for byte. The seal at the
end of every append is stored; an auditor recomputes the chain from the events alone.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from ledger.events import Recorded

GENESIS: Final = bytes(32)


def extend(seal: bytes, events: Iterable[Recorded]) -> bytes:
    """The seal after `events`, given the one before them; 32 bytes."""
    for event in events:
        head = f"{event.book}\n{event.position}\n{event.type}\n{event.recorded_at_us}\n"
        seal = sha256(b"%b%b%b" % (seal, head.encode(), event.body)).digest()
    return seal
