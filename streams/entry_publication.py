"""`ledger.entries`: every posted entry as a record of its own, and now and then a manifest of what was told.

Entries form the chain of `position` and `previous`. A manifest follows each thousandth position of a book: how many
entries there were since the manifest before it, their debits per currency and a chained hash of their contents, so
that a reader can prove to have them all. It stands beside the chain: its `previous` is the last entry before it, and
the next entry's `previous` is that same entry. Both are functions of the store alone.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from ledger.entries import Line
from ledger.errors import BrokenLaw
from ledger.events import Recorded
from streams.publication import Outgoing, State
from streams.records import Entry, EntryFact, Manifest, encode_record, time_of

MANIFEST_EVERY: Final = 1_000  # positions


class EntryStream:
    """The stream `ledger.entries`."""

    name: Final = "ledger.entries"

    def publish(self, book: str, events: Sequence[Recorded], state: State) -> tuple[list[Outgoing], State]:
        """One record per `EntryPosted`, one manifest per thousandth position."""
        tally = _Tally.of(state)
        records = []
        for event in events:
            if event.type == "EntryPosted":
                records.append(_entry(book, event, tally))
            if event.position % MANIFEST_EVERY == 0:
                records.append(_manifest(book, event, tally))
                tally = _Tally(tally.previous)
        return records, tally.state()


class _Tally:
    """Since the last manifest; `previous` is the last entry's position, `chained` the hash so far."""

    __slots__ = ("chained", "debits", "entries", "previous")

    def __init__(self, previous: int = 0) -> None:
        self.previous = previous
        self.entries = 0
        self.debits: dict[str, int] = {}
        self.chained = bytes(32)

    @classmethod
    def of(cls, state: State) -> "_Tally":
        tally = cls(int(state.get("previous", 0)))
        tally.entries = int(state.get("entries", 0))
        tally.debits = {currency: int(amount) for currency, amount in state.get("debits", {}).items()}
        tally.chained = bytes.fromhex(state["hash"]) if "hash" in state else bytes(32)
        return tally

    def state(self) -> State:
        """As JSON, where large numbers are text."""
        return {
            "previous": self.previous,
            "entries": self.entries,
            "debits": self.debits_text(),
            "hash": self.chained.hex(),
        }

    def debits_text(self) -> dict[str, str]:
        return {currency: str(amount_minor) for currency, amount_minor in sorted(self.debits.items())}


class _PostedFact(msgspec.Struct, gc=False):
    type: str
    key: str
    source: str
    account: str
    effective_at: str


class _Posted(msgspec.Struct, gc=False):
    """The part of an `EntryPosted` that other people need."""

    fact: _PostedFact
    rule: str
    lines: tuple[Line, ...]
    released: int = 0
    flags: tuple[str, ...] = ()
    hold: int = 0
    reverses: int = 0
    original_effective_at: str = ""
    closed_by: int = 0


_decoder: Final = msgspec.json.Decoder(_Posted)


def _entry(book: str, event: Recorded, tally: _Tally) -> Outgoing:
    try:
        posted = _decoder.decode(event.body)
    except msgspec.DecodeError as error:
        raise BrokenLaw(f"{book}/{event.position}: the body of an EntryPosted cannot be read: {error}") from error
    fact = posted.fact
    value = encode_record(
        Entry(  # in the order of the fields: named ones cost twice as much
            book,
            event.position,
            time_of(event.recorded_at_us),
            fact.effective_at,
            EntryFact(fact.type, fact.key, fact.source, fact.account),
            posted.rule,
            posted.lines,
            posted.released,
            posted.flags,
            posted.hold,
            posted.reverses,
            posted.original_effective_at,
            posted.closed_by,
        )
    )
    debits = tally.debits
    for line in posted.lines:
        if line.side == "debit":
            debits[line.currency] = debits.get(line.currency, 0) + int(line.amount)
    content = sha256(value)
    record = Outgoing.of(book, event.position, tally.previous, "entry", value, content_hash=content.hexdigest())
    tally.chained = sha256(tally.chained + content.digest()).digest()
    tally.entries += 1
    tally.previous = event.position
    return record


def _manifest(book: str, event: Recorded, tally: _Tally) -> Outgoing:
    manifest = Manifest(
        book=book,
        first=event.position - MANIFEST_EVERY + 1,
        last=event.position,
        recorded_at=time_of(event.recorded_at_us),
        entries=tally.entries,
        debits=tally.debits_text(),
        hash=tally.chained.hex(),
    )
    event_id = f"{book}/{event.position}/manifest"
    return Outgoing.of(book, event.position, tally.previous, "manifest", encode_record(manifest), event_id=event_id)
