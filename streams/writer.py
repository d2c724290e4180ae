"""The writer: inbound records in, decisions stored, one batch after the other.

A batch is whatever has arrived. Its records are translated into facts or read as commands, each book decides its own
in the order in which they came, and one PostgreSQL transaction makes everything true at once: events, keys, raw
records, answers, dead letters and the input offsets (law 4). While one batch is being committed in a second thread the
next is already decided; what is in flight counts as known.

Outside input never stops the line (law 6): what cannot be translated or posted becomes a dead letter. When an append
fails for any reason, whatever the writer remembers is thrown away: `discard`, then `assign` again.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import groupby
from types import TracebackType
from typing import Final

import structlog

from connectors import CONNECTORS
from connectors.connector import Connector, Telling
from connectors.errors import TranslationError
from ledger.accounts import Chart
from ledger.batch import BookAppend, DeadLetter, InputOffset, Redriven, Teller
from ledger.book import Book, Decided, Known, Refusal
from ledger.committer import Committer
from ledger.errors import FactError
from ledger.facts import Fact, check_fact, encode_fact
from ledger.rules import RuleSet
from ledger.store import Lease, Store
from streams.arrival import Arrival
from streams.book_part import FACTS_SOURCE, BookPart, Translated, refusals_by_record, spans
from streams.command_record import SOURCE as COMMANDS_SOURCE
from streams.command_run import Undurable, decide_run
from streams.inbound import TOPIC_STEM, InboundRecord

DETAIL_CHARS_MAX: Final = 2_000  # of a dead letter: a detail may quote what somebody else made long

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Written:
    """What one batch did, for logs and metrics; counts of records, facts and events."""

    records: int = 0
    facts: int = 0
    commands: int = 0
    events: int = 0
    repeated: int = 0
    duplicates: int = 0
    dead: int = 0
    heads: dict[str, int] = field(default_factory=dict)


class Writer:
    """Owns books and appends to them; not for use by more than one thread."""

    def __init__(
        self,
        conninfo: str,
        *,
        chart: Chart,
        rules: RuleSet,
        connectors: Mapping[str, Connector] = CONNECTORS,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Connect twice: one connection appends, the other answers what is known meanwhile.

        Args:
            conninfo: PostgreSQL connection string.
            chart, rules: what new books are opened with.
            connectors: translators by source name.
            now_us: the clock, microseconds since 1970 in UTC.
        """
        self._store = Store.open(conninfo)
        self._reader = Store.open(conninfo)
        self._chart = chart
        self._rules = rules
        self._connectors = connectors
        self._now_us = now_us
        self._leases: dict[str, Lease] = {}
        self._books: dict[str, Book] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._committer = Committer(self._store)

    def close(self) -> None:
        """Wait for the append in flight, then close both connections."""
        self._committer.close()
        self._store.close()
        self._reader.close()

    def __enter__(self) -> "Writer":
        """Enter a with block that closes the writer."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close."""
        self.close()

    def assign(self, owns: Callable[[str], bool]) -> dict[tuple[str, int], int]:
        """Become the writer of every stored book for which `owns` is true; returns the stored input offsets.

        Raises the epoch of those books, so that whoever wrote them before is fenced from here on.
        """
        self.discard()
        self._leases = self._store.take([name for name in self._store.books() if owns(name)])
        self._offsets = self._store.offsets()
        return dict(self._offsets)

    def discard(self) -> None:
        """Forget all books and whatever was not appended; an append in flight is waited for, its failure is moot."""
        self._committer.discard()
        self._leases = {}
        self._books = {}
        self._offsets = {}

    def write(self, arrivals: Sequence[Arrival]) -> Written:
        """Translate, decide and hand a batch over for appending; `flush` waits until it is durable.

        Raises:
            ledger.errors.Fenced: another writer took a book or partition.
            psycopg.Error: the batch before this one, or a look-up, could not be done.
        """
        now_us = self._now_us()
        written = Written(records=len(arrivals))
        by_book: dict[str, list[Arrival]] = {}
        dead: list[DeadLetter] = []
        for arrival in arrivals:
            if arrival.record is not None:
                by_book.setdefault(arrival.record.book, []).append(arrival)
            else:
                assert arrival.fault is not None
                dead.append(_dead_letter(arrival, arrival.fault.code, str(arrival.fault), now_us))
        appends = []
        keys: dict[str, dict[bytes, Known]] = {}
        for name in sorted(by_book):
            append, keys[name] = self._decide(name, by_book[name], now_us, dead, written)
            appends.append(append)
        written.dead = len(dead)
        self._committer.submit(appends, keys, self._move_offsets(arrivals), dead)
        self._snapshot()
        return written

    def flush(self) -> None:
        """Wait until the last batch is durable; raises what its append raised."""
        self._committer.flush()

    @property
    def idle(self) -> bool:
        """True when no append is in flight or the one that was is done."""
        return self._committer.idle

    def _decide(
        self, name: str, arrivals: Sequence[Arrival], now_us: int, dead: list[DeadLetter], written: Written
    ) -> tuple[BookAppend, dict[bytes, Known]]:
        lease, book = self._book(name, now_us)
        before = book.version
        part = BookPart()
        if any(_is_command(arrival) for arrival in arrivals):
            undurable = Undurable.of(self._committer.last_append(name))
            for commands, run in groupby(arrivals, _is_command):
                if commands:
                    self._decide_commands(lease, book, list(run), undurable, part, now_us, dead, written)
                else:
                    undurable.add(self._decide_facts(lease, book, list(run), part, now_us, dead, written))
        else:
            self._decide_facts(lease, book, arrivals, part, now_us, dead, written)
        written.events += book.version - before
        written.heads[name] = book.version
        append = self._store.prepare(lease, book, part.decided, part.raw_records, part.redriven)
        return replace(append, answers=part.answers) if part.answers else append, part.decided.known

    def _decide_facts(
        self,
        lease: Lease,
        book: Book,
        arrivals: Sequence[Arrival],
        part: BookPart,
        now_us: int,
        dead: list[DeadLetter],
        written: Written,
    ) -> Decided:
        translated, failed = self._translate(lease, arrivals, part, now_us, dead, written)
        facts = [fact for item in translated for fact in item.facts]
        questions = book.questions(facts)
        known = self._reader.known(lease, questions)
        known.update(self._committer.keys(book.id))
        known.update(part.decided.known)
        before = book.version
        decided = book.decide(facts, known, now_us)
        refused = refusals_by_record(translated, decided)
        raw_records, redriven = spans(translated, decided, before, refused)
        redriven += [Redriven(arrival.digest, None, None, resolved=False) for arrival in failed]
        for item, refusals in zip(translated, refused, strict=True):
            dead.extend(_refused(item.arrival, refusal, now_us) for refusal in refusals)
        written.facts += len(facts)
        written.repeated += decided.repeated
        part.add(decided, raw_records, redriven)
        return decided

    def _decide_commands(
        self,
        lease: Lease,
        book: Book,
        arrivals: Sequence[Arrival],
        undurable: Undurable,
        part: BookPart,
        now_us: int,
        dead: list[DeadLetter],
        written: Written,
    ) -> None:
        last = self._committer.last_append(book.id)
        told = {kept.delivery: kept.digest for kept in (*(last.answers if last is not None else ()), *part.answers)}
        deliveries = [arrival.record.delivery for arrival in arrivals if arrival.record and arrival.record.delivery]
        answered = {**self._reader.known_deliveries(lease, deliveries), **told}
        run = decide_run(book, arrivals, answered, lambda asked: self._reader.recall(lease, asked), undurable, now_us)
        dead.extend(_dead_letter(arrival, code, detail, now_us) for arrival, code, detail in run.dead)
        written.commands += run.commands
        written.duplicates += run.passed_over
        part.add(run.decided, (), run.redriven)
        part.answers += run.answers

    def _book(self, name: str, now_us: int) -> tuple[Lease, Book]:
        if name not in self._books:
            self.flush()
            if name not in self._leases:
                self._leases.update(self._store.take([name]))
            book = self._store.load(name)
            if book.version == 0:
                self._store.open_book(self._leases[name], book, self._chart, self._rules, now_us)
                _log.info("book opened", book=name)
            self._books[name] = book
        return self._leases[name], self._books[name]

    def _translate(
        self,
        lease: Lease,
        arrivals: Sequence[Arrival],
        part: BookPart,
        now_us: int,
        dead: list[DeadLetter],
        written: Written,
    ) -> tuple[list[Translated], list[Arrival]]:
        """What could be translated, and which redriven records could again not be."""
        seen = self._seen(lease, arrivals)
        seen.update((raw.digest, raw.teller) for raw in part.raw_records)
        translated = []
        failed_again = []
        for arrival in arrivals:
            record = arrival.record
            assert record is not None
            first_teller = None
            if record.source != FACTS_SOURCE:
                teller = Teller(record.source, record.account, record.context)
                first_teller = seen.get(arrival.digest)
                if first_teller == teller and record.attempts == 0:
                    written.duplicates += 1
                    continue
            try:
                facts = self._facts(record)
            except TranslationError as error:
                dead.append(_dead_letter(arrival, error.code, error.detail, now_us))
                if record.attempts > 0:
                    failed_again.append(arrival)
                continue
            if record.source != FACTS_SOURCE and first_teller is None:
                seen[arrival.digest] = teller
            translated.append(Translated(arrival, record, facts, first_teller is not None))
        return translated, failed_again

    def _seen(self, lease: Lease, arrivals: Sequence[Arrival]) -> dict[bytes, Teller]:
        """Which of these bytes the book has been told before, and by whom."""
        digests = [
            arrival.digest
            for arrival in arrivals
            if arrival.record is not None and arrival.record.source != FACTS_SOURCE
        ]
        return {**self._reader.known_raw(lease, digests), **self._committer.raw_records(lease.book)}

    def _facts(self, record: InboundRecord) -> Sequence[Fact]:
        connector = self._connectors.get(record.source)
        if connector is None:
            raise TranslationError("source_unknown", f"no connector translates source {record.source[:80]!r}")
        telling = Telling(record.source, record.account, record.delivery, dict(record.context))
        try:
            facts = connector.translate(record.body, telling)
        except TranslationError:
            raise
        except Exception as error:
            # A defect of a translator must not stop the line either (law 6): the bytes are kept and the log says where.
            _log.exception("translator failed", source=record.source, digest=record.digest)
            detail = f"the {record.source} connector failed with {type(error).__name__}; the log has the place"
            raise TranslationError("translator_failed", detail) from error
        if record.source == FACTS_SOURCE:
            return facts  # checked while it was decoded
        try:
            for fact in facts:
                check_fact(fact)
        except FactError as error:
            raise TranslationError("fact_invalid", str(error)) from error
        return facts

    def _move_offsets(self, arrivals: Iterable[Arrival]) -> list[InputOffset]:
        following: dict[tuple[str, int], int] = {}
        for arrival in arrivals:
            following[arrival.topic, arrival.partition] = arrival.offset + 1
        moves = [InputOffset(*key, self._offsets.get(key), offset) for key, offset in sorted(following.items())]
        self._offsets.update(following)
        return moves

    def _snapshot(self) -> None:
        for book in self._books.values():
            if self._store.snapshot_due(book):
                self.flush()
                self._store.snapshot(book)


def _is_command(arrival: Arrival) -> bool:
    return arrival.record is not None and arrival.record.source == COMMANDS_SOURCE


def _refused(arrival: Arrival, refusal: Refusal, now_us: int) -> DeadLetter:
    """The dead letter of a refused fact; one that had been parked came with another record and is kept as itself."""
    letter = _dead_letter(arrival, refusal.code, refusal.detail, now_us, refusal.position)
    if not refusal.released:
        return letter
    body = encode_fact(refusal.fact)
    return replace(letter, source=FACTS_SOURCE, digest=sha256(body).digest(), body=body, context={})


def _dead_letter(arrival: Arrival, code: str, detail: str, now_us: int, position: int | None = None) -> DeadLetter:
    record = arrival.record
    return DeadLetter(
        book=record.book if record else arrival.book_text,
        source=record.source if record else arrival.topic.rpartition(TOPIC_STEM)[2],
        account=record.account if record else "",
        topic=arrival.topic,
        partition=arrival.partition,
        record_offset=arrival.offset,
        digest=arrival.digest,
        code=code,
        detail=detail[:DETAIL_CHARS_MAX],
        context=record.context if record else {},
        body=record.body if record else arrival.body,
        attempts=record.attempts + 1 if record else 1,
        at_us=now_us,
        position=position,
    )
