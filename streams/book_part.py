"""One book's part of a batch: which record became which events, raw records and answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ledger.batch import KeptAnswers, RawRecord, Redriven
from ledger.book import Decided, Refusal
from ledger.facts import Fact
from streams.arrival import Arrival
from streams.inbound import InboundRecord

# The record of this source is the fact itself, word for word, so it is not kept a second time as a raw record.
FACTS_SOURCE: Final = "facts"


class Translated(msgspec.Struct, frozen=True, gc=False):
    """A record and the facts it tells."""

    arrival: Arrival
    record: InboundRecord
    facts: Sequence[Fact]
    seen_before: bool


@dataclass(slots=True)
class BookPart:
    """One book's part of a batch, run by run."""

    decided: Decided = field(default_factory=Decided)
    raw_records: list[RawRecord] = field(default_factory=list)
    redriven: list[Redriven] = field(default_factory=list)
    answers: list[KeptAnswers] = field(default_factory=list)
    runs: int = 0

    def add(self, decided: Decided, raw_records: Sequence[RawRecord], redriven: Sequence[Redriven]) -> None:
        """Count one more run; the first one is taken as it is, and most batches have no other."""
        self.runs += 1
        if self.runs == 1:
            self.decided = decided
        else:
            self.decided.events += decided.events
            self.decided.keys += decided.keys
            self.decided.references += decided.references
            self.decided.known.update(decided.known)
        self.raw_records += raw_records
        self.redriven += redriven


def refusals_by_record(translated: Sequence[Translated], decided: Decided) -> Sequence[Sequence[Refusal]]:
    """For each record what was refused while its facts were decided."""
    if not decided.refusals:  # as in nearly every batch
        return [()] * len(translated)
    refused: list[list[Refusal]] = [[] for _ in translated]
    owners = [number for number, item in enumerate(translated) for _ in item.facts]
    for refusal in decided.refusals:
        refused[owners[refusal.index]].append(refusal)
    return refused


def spans(
    translated: Sequence[Translated], decided: Decided, before: int, refused: Sequence[Sequence[Refusal]]
) -> tuple[list[RawRecord], list[Redriven]]:
    """Which events came from which record: raw records to keep, and redriven ones to settle."""
    raw_records = []
    redriven = []
    at = 0
    for item, refusals in zip(translated, refused, strict=True):
        record = item.record
        at += len(item.facts)
        after = decided.heads[at - 1] if item.facts else before
        first, last = (before + 1, after) if after > before else (None, None)
        before = after
        if record.source != FACTS_SOURCE and not item.seen_before:
            raw_records.append(_raw_record(item, first, last))
        if record.attempts > 0:
            redriven.append(Redriven(item.arrival.digest, first, last, resolved=not refusals))
    return raw_records, redriven


def _raw_record(item: Translated, first: int | None, last: int | None) -> RawRecord:
    record = item.record
    return RawRecord(
        digest=item.arrival.digest,
        source=record.source,
        account=record.account,
        received_at_us=record.received_at_us,
        topic=item.arrival.topic,
        partition=item.arrival.partition,
        record_offset=item.arrival.offset,
        context=record.context,
        body=record.body,
        first_position=first,
        last_position=last,
    )
