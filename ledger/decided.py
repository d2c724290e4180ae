"""What a call of `Book.decide` gives back: events to append, keys to remember, refusals to report."""

from collections.abc import Mapping

import msgspec

from ledger.events import Recorded
from ledger.facts import Fact


class Known(msgspec.Struct, frozen=True, gc=False):
    """A fact that the book already decided, and where."""

    position: int
    fact: Fact


class Refusal(msgspec.Struct, frozen=True):
    """A fact that was refused: what the dead letters need.

    Attributes:
        position: of the `FactRefused`.
        index: which of the facts given to `decide` was being decided.
        released: true when the fact had been parked and came with an earlier record.
    """

    position: int
    index: int
    fact: Fact
    code: str
    detail: str
    released: bool


class Decided(msgspec.Struct):
    """What one call of `decide` made: events to append, keys to remember, refusals to report.

    Attributes:
        keys: the key that each event decided, at most one an event.
        references: further digests put on record: names under which facts are asked for, ends of holds.
        known: what both point to, for the next batch while this one is not stored yet.
        heads: for each fact the book's head after it was decided.
        repeated: how many facts had been told before.
        told: what the store knew of these facts before the batch.
    """

    events: list[Recorded] = []
    keys: list[tuple[bytes, int]] = []
    references: list[tuple[bytes, int]] = []
    refusals: list[Refusal] = []
    heads: list[int] = []
    known: dict[bytes, Known] = {}
    repeated: int = 0
    told: Mapping[bytes, Known] = {}
