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
        tally = msgspec.convert(state, _Tally)
        records = []
        for event in events:
            if event.type == "EntryPosted":
                records.append(_entry(book, event, tally))
            if event.position % MANIFEST_EVERY == 0:
                records.append(_manifest(book, event, tally))
                tally = _Tally(previous=tally.previous)
        return records, msgspec.to_builtins(tally)


class _Tally(msgspec.Struct):
    """Since the last manifest; `previous` is the last entry's position."""

    previous: int = 0
    entries: int = 0
    debits: dict[str, str] = {}
    hash: str = "00" * 32


class _PostedFact(msgspec.Struct):
    type: str
    key: str
    source: str
    account: str
    effective_at: str


class _Posted(msgspec.Struct):
    """The part of an `EntryPosted` that other people need."""

    fact: _PostedFact
    rule: str
    lines: tuple[Line, ...]
    released: int = 0


_decoder: Final = msgspec.json.Decoder(_Posted)


def _entry(book: str, event: Recorded, tally: _Tally) -> Outgoing:
    try:
        posted = _decoder.decode(event.body)
    except msgspec.DecodeError as error:
        raise BrokenLaw(f"{book}/{event.position}: the body of an EntryPosted cannot be read: {error}") from error
    fact = posted.fact
    value = encode_record(
        Entry(
            book=book,
            position=event.position,
            recorded_at=time_of(event.recorded_at_us),
            effective_at=fact.effective_at,
            fact=EntryFact(fact.type, fact.key, fact.source, fact.account),
            rule=posted.rule,
            lines=posted.lines,
            released=posted.released,
        )
    )
    for line in posted.lines:
        if line.side == "debit":
            tally.debits[line.currency] = str(int(tally.debits.get(line.currency, "0")) + int(line.amount))
    record = Outgoing.of(book, event.position, tally.previous, "entry", value)
    tally.hash = sha256(bytes.fromhex(tally.hash) + sha256(value).digest()).hexdigest()
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
        debits=dict(sorted(tally.debits.items())),
        hash=tally.hash,
    )
    event_id = f"{book}/{event.position}/manifest"
    return Outgoing.of(book, event.position, tally.previous, "manifest", encode_record(manifest), event_id=event_id)
