"""Retranslation: raw records are read again with today's translators, and what they tell now is held against the book.

Nothing that was posted is touched. A fact that reads the same is left alone; one that reads otherwise is taken back by
a reversal and told anew under a revision of its key (``<key>@2``); one that nobody has told yet is told. Reversals go
first and under keys made from what they reverse, so whoever is stopped in the middle runs it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, TypeVar

import msgspec

from connectors.connector import Connector, Telling
from connectors.errors import TranslationError
from ledger.book import Known
from ledger.events import EntryPosted, FactObserved, FactParked, FactRefused, JournalEvent
from ledger.facts import Fact, check_fact, command_digest, differing_field, name_digest, revised_key, revision_of
from ledger.journal import raw_records
from ledger.lease import Lease
from ledger.periods import told_fact
from ledger.recall import Questions
from ledger.store import Store

Kind = Literal["new", "revised", "gone", "held", "contradicted"]
Item = TypeVar("Item")

LOOK_UP_MAX: Final = 1_000
REVISIONS_MAX: Final = 100
# Their projection counts every key once and does not know revisions: they are shown, and corrected by hand.
HELD: Final = ("settlement.", "payout.", "bank.")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        kind: ``new``: told for the first time; ``revised``: reads otherwise; ``gone``: no record tells it any more;
            ``held``: would be one of these, and is not applied; ``contradicted``: two records tell it differently now,
            the first one counts.
        key: of the first reading.
        revision: under which it is told now, 0 when it is not.
        before: what stands in the book, and its position; None for a new one.
        is_posted: whether `before` made an entry.
        field: the compared field that differs, or empty.
    """

    kind: Kind
    key: str
    revision: int = 0
    before: Known | None = None
    is_posted: bool = False
    after: Fact | None = None
    field: str = ""

    @property
    def standing_key(self) -> str:
        """The key of what stands in the book."""
        assert self.before is not None
        return self.before.fact.key

    def reversal(self) -> bytes | None:
        """The command that takes back what stands, or None when it made no entry."""
        if self.kind not in ("revised", "gone") or self.before is None or not self.is_posted:
            return None
        return msgspec.json.encode(
            {
                "command": "reverse",
                "key": _reversal_key(self.standing_key),
                "fact": self.standing_key,
                "effective_at": self.before.fact.effective_at,
                "post_to_open_period": True,
                "description": f"read again by today's translator: {self.kind}",
            }
        )

    def fact(self) -> Fact | None:
        """The fact to tell, or None."""
        if self.kind not in ("new", "revised") or self.after is None:
            return None
        return msgspec.structs.replace(self.after, key=revised_key(self.key, self.revision))


@dataclass(slots=True)
class Retranslation:
    """What reading again shows; nothing of it is done yet."""

    records: int = 0
    facts: int = 0
    untranslatable: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)


def retranslate(
    store: Store, book: str, connectors: Mapping[str, Connector], *, source: str = "", from_position: int = 1
) -> Retranslation:
    """Read the raw records of a book again; within a transaction of the store's connection.

    What is gone can only be known when everything was read: from position 1 on.
    """
    lease = store.looking(book)
    found = Retranslation()
    told: dict[str, Fact] = {}
    untold: dict[str, tuple[str, str]] = {}
    # A record may have freed a parked fact of another source, which it does not tell. Two connectors of one gateway
    # tell facts of one source, so which ones a connector tells is seen from what it tells.
    tells: set[tuple[str, str]] = set()
    refused: dict[str, Fact] = {}
    for records in _batches(raw_records(store.connection, book, source=source, from_position=from_position), 200):
        spans = [
            (record.first_position, record.last_position)
            for record, _ in records
            if record.first_position is not None and record.last_position is not None
        ]
        events = store.recall(lease, Questions((), [n for first, last in spans for n in range(first, last + 1)])).events
        for record, context in records:
            found.records += 1
            before = _facts_between(events, record.first_position, record.last_position)
            refused.update(_refused_between(events, record.first_position, record.last_position))
            delivery = before[0].delivery if before else ""
            untold.update((revision_of(fact.key)[0], (record.source, fact.source)) for fact in before)
            try:
                telling = Telling(record.source, record.account, delivery, context)
                facts = _translate(connectors[record.source], record.body, telling)
            except (TranslationError, KeyError) as error:
                found.untranslatable[error.code if isinstance(error, TranslationError) else "source_unknown"] += 1
                for fact in before:
                    told.setdefault(fact.key, fact)  # it cannot be read any more, which takes nothing back
                continue
            for fact in facts:
                found.facts += 1
                tells.add((record.source, fact.source))
                first = told.setdefault(fact.key, fact)
                if (name := differing_field(first, fact)) != "":
                    found.changes.append(Change("contradicted", fact.key, after=fact, field=name))
    found.changes += [
        change
        for change in _compared(store, lease, told)
        # What the book refused for its content is refused again: redriving it is another command's matter.
        if change.kind != "new" or change.key not in refused or differing_field(refused[change.key], told[change.key])
    ]
    if from_position <= 1:
        gone = [key for key, telling_of in untold.items() if key not in told and telling_of in tells]
        found.changes += _gone(store, lease, gone)
    return found


def _compared(store: Store, lease: Lease, told: Mapping[str, Fact]) -> Iterator[Change]:
    for keys in _batches(told, LOOK_UP_MAX):
        standing = _standing(store, lease, keys)
        for key in keys:
            fact = told[key]
            if key not in standing:
                yield Change("new", key, 1, after=fact)
                continue
            revision, known, event = standing[key]
            if name := differing_field(known.fact, fact):
                kind = _kind(fact, event, "revised")
                yield Change(kind, key, revision + 1, known, isinstance(event, EntryPosted), fact, name)


def _gone(store: Store, lease: Lease, keys: Sequence[str]) -> Iterator[Change]:
    for some in _batches(keys, LOOK_UP_MAX):
        standing = _standing(store, lease, some)
        taken_back = {key: command_digest(_reversal_key(known.fact.key)) for key, (_, known, _) in standing.items()}
        done = store.recall(lease, Questions(list(taken_back.values()), ())).positions
        for key, (_, known, event) in standing.items():
            if taken_back[key] not in done and not isinstance(event, FactObserved):
                yield Change(_kind(known.fact, event, "gone"), key, 0, known, isinstance(event, EntryPosted))


def _reversal_key(standing_key: str) -> str:
    return f"retranslate/{name_digest(standing_key).hex()}"


def _kind(fact: Fact, event: JournalEvent, kind: Kind) -> Kind:
    """Held as well: what was parked, because what stands for it now may be another event."""
    return "held" if fact.type.startswith(HELD) or isinstance(event, FactParked) else kind


def _standing(store: Store, lease: Lease, keys: Sequence[str]) -> dict[str, tuple[int, Known, JournalEvent]]:
    """For each key that was ever decided its latest revision, what that tells, and the event that decided it."""
    standing: dict[str, tuple[int, Known]] = {}
    waiting = list(keys)
    for revision in range(1, REVISIONS_MAX):
        named = {name_digest(revised_key(key, revision)): key for key in waiting}
        known = store.known(lease, list(named))
        standing.update((named[digest], (revision, each)) for digest, each in known.items())
        waiting = [named[digest] for digest in known]
        if not waiting:
            break
    events = store.recall(lease, Questions((), [known.position for _, known in standing.values()])).events
    return {key: (revision, known, events[known.position]) for key, (revision, known) in standing.items()}


def _facts_between(events: Mapping[int, JournalEvent], first: int | None, last: int | None) -> list[Fact]:
    if first is None or last is None:
        return []
    found = (events.get(position) for position in range(first, last + 1))
    return [told_fact(event) for event in found if isinstance(event, EntryPosted) and event.command is None]


def _refused_between(events: Mapping[int, JournalEvent], first: int | None, last: int | None) -> dict[str, Fact]:
    if first is None or last is None:
        return {}
    found = (events.get(position) for position in range(first, last + 1))
    return {event.fact.key: event.fact for event in found if isinstance(event, FactRefused)}


def _translate(connector: Connector, body: bytes, telling: Telling) -> list[Fact]:
    facts = connector.translate(body, telling)
    for fact in facts:
        check_fact(fact)
    return facts


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
