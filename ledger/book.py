"""The book: one aggregate, one writer, one gapless sequence of decisions.

`decide` is pure: facts and what the store knows of their keys go in, events come out, and the book's memory moves on
as if they were already stored. When the append fails the book is thrown away and loaded again; nothing is undone in
place.

Laws kept here: every entry balances (1), positions are gapless and recorded time never runs backwards (2, 5), a key is
decided once and a contradiction names its field (3), outside input is refused or parked but never raises (6).
"""

from collections.abc import Mapping, Sequence

import msgspec

from ledger.accounts import Account, Chart
from ledger.conversion import with_source
from ledger.decided import Decided, Known, Refusal
from ledger.entries import Line, balanced_amounts
from ledger.errors import BrokenLaw, PostingError, RulesError
from ledger.events import (
    BookOpened,
    EntryPosted,
    FactObserved,
    FactParked,
    FactRefused,
    FactRepeated,
    JournalEvent,
    Recorded,
    decode_posted_lines,
    encode_event,
)
from ledger.fact_digests import NO_DIGESTS, FactDigests
from ledger.fact_hold_decisions import decide_hold, fold_hold
from ledger.fact_holds import FactHold
from ledger.facts import Fact, differing_field, reference_digest
from ledger.folds import fold
from ledger.holds import OpenHold
from ledger.periods import Closing, in_open_period
from ledger.plain_posting import post_plain_run
from ledger.restrictions import flags_told
from ledger.rules import RuleSet
from ledger.seals import GENESIS, extend
from ledger.undo import Forward

__all__ = ["Book", "Decided", "Known", "Refusal"]


class Book:
    """The aggregate. Its identity is the book's name, its version the position of its last event.

    Attributes:
        id: name of the book.
        version: head position; 0 before the book is opened.
        seal: hash chain up to the head.
        balances: (account, currency) -> [debits, credits] in minor units.
        held: the same for open holds.
        parked: reference digest -> facts that wait for it, with the position at which they were parked.
        watched: the accounts that a posting may break something of, by code.
        fact_holds: open holds of facts by their digest.
        holds: open holds by the position at which they were placed; `expiries` a heap of (instant, position).
        reversed: position of an entry -> what was not taken back of it; only entries of which something was.
        clock_us: the time the book was told last; 0 before.
        closings: dates up to which the book is closed.
        digests: of the facts that `questions` was asked about last.
    """

    __slots__ = (
        "accounts",
        "balances",
        "clock_us",
        "closings",
        "digests",
        "expiries",
        "fact_holds",
        "held",
        "holds",
        "id",
        "parked",
        "recorded_at_us",
        "reversed",
        "rules",
        "seal",
        "version",
        "watched",
    )

    def __init__(self, name: str) -> None:
        """An empty book that has not been opened."""
        self.id = name
        self.version = 0
        self.seal = GENESIS
        self.recorded_at_us = 0
        self.accounts: dict[str, Account] = {}
        self.rules: RuleSet | None = None
        self.balances: dict[tuple[str, str], list[int]] = {}
        self.parked: dict[bytes, list[Known]] = {}
        self.watched: dict[str, Account] = {}
        self.held: dict[tuple[str, str], list[int]] = {}
        self.fact_holds: dict[bytes, FactHold] = {}
        self.holds: dict[int, OpenHold] = {}
        self.expiries: list[tuple[int, int]] = []
        self.reversed: dict[int, tuple[Line, ...]] = {}
        self.clock_us = 0
        self.closings: tuple[Closing, ...] = ()
        self.digests = NO_DIGESTS

    def open(self, chart: Chart, rules: RuleSet, now_us: int) -> Decided:
        """Open the book; raises `RulesError` when a rule posts to an account that the chart does not have."""
        if self.version:
            raise BrokenLaw(f"book {self.id!r} is open already, at position {self.version}")
        missing = rules.accounts - {account.code for account in chart.accounts}
        if missing:
            raise RulesError(f"posting rules use accounts that are not in the chart: {', '.join(sorted(missing))}")
        decided = Decided()
        self.record(BookOpened(chart=chart, rules=rules.document), max(now_us, self.recorded_at_us), decided)
        self._use(chart, rules)
        self.seal_events(decided)
        return decided

    def questions(self, facts: Sequence[Fact]) -> Sequence[bytes]:
        """The digests that the store must be asked about before these facts can be decided."""
        self.digests = FactDigests.of(facts, self)
        return self.digests.asked

    def decide(
        self,
        facts: Sequence[Fact],
        known: Mapping[bytes, Known],
        now_us: int,
        digests: FactDigests | None = None,
    ) -> Decided:
        """Decide facts in order.

        Args:
            facts: validated facts; two of them may share a key.
            known: for each digest of `questions` that the store has: the fact and its position.
            now_us: the writer's clock; recorded time is never earlier than the book's last.
            digests: of these facts, for whoever has them already.
        """
        if self.rules is None:
            raise BrokenLaw(f"book {self.id!r} is not open")
        now_us = max(now_us, self.recorded_at_us)
        decided = Decided(told=known)
        new = decided.known
        if digests is None:
            digests = self.digests if self.digests.covers(facts) else FactDigests.of(facts, self)
            self.digests = NO_DIGESTS
        at = 0
        while (at := post_plain_run(self, digests, at, known, now_us, decided)) < len(facts):
            self._decide_one(facts[at], digests.keys[at], now_us, new, known, decided)
            decided.heads.append(self.version)
            at += 1
        self.seal_events(decided)
        return decided

    def apply(self, recorded: Recorded) -> Sequence[bytes]:
        """Replay one stored event; returns the digests that a command's event put on record.

        Raises:
            BrokenLaw: the history contradicts itself.
        """
        if recorded.position != self.version + 1:
            raise BrokenLaw(f"book {self.id!r}: position {recorded.position} follows {self.version}")
        if recorded.recorded_at_us < self.recorded_at_us:
            raise BrokenLaw(f"book {self.id!r}: recorded time runs backwards at position {recorded.position}")
        posted = decode_posted_lines(recorded.body) if recorded.type == "EntryPosted" else None
        event = recorded.event() if posted is None or not posted.ordinary else None
        self.version = recorded.position
        self.recorded_at_us = recorded.recorded_at_us
        self.seal = extend(self.seal, (recorded,))
        if posted is not None and event is None:
            self._move(posted.lines, balanced_amounts(posted.lines))
            return ()
        match event:
            case BookOpened():
                self._use(event.chart, RuleSet(event.rules))
            case EntryPosted():
                signed = balanced_amounts(event.lines)
                if event.command is not None:
                    return fold(self, recorded.position, event, Forward())
                self._move(event.lines, signed)
                self._unpark(event.fact, event.released)
                return fold_hold(self, recorded.position, event)
            case FactObserved():
                self._unpark(event.fact, event.released)
                return fold_hold(self, recorded.position, event)
            case FactParked():
                self.parked.setdefault(reference_digest(event.needs), []).append(Known(recorded.position, event.fact))
            case FactRefused():
                self._unpark(event.fact, event.released)
            case FactRepeated():
                pass
            case _:
                return fold(self, recorded.position, event, Forward())
        return ()

    def _decide_one(
        self,
        fact: Fact,
        digest: bytes,
        now_us: int,
        new: dict[bytes, Known],
        known: Mapping[bytes, Known],
        decided: Decided,
    ) -> None:
        first = new.get(digest) or known.get(digest)
        if first is not None:
            self._tell_again(fact, first, now_us, new, known, decided)
            return
        needed = None
        if fact.needs:
            reference = reference_digest(fact.needs)
            needed = new.get(reference) or known.get(reference)
            if needed is None:
                if fault := self.fault(fact):
                    self._refuse(fact, fault.code, fault.field, str(fault), 0, 0, now_us, decided)
                    return
                position = self.record(FactParked(fact=fact, needs=fact.needs), now_us, decided)
                self._remember(digest, Known(position, fact), new, decided)
                self.parked.setdefault(reference, []).append(Known(position, fact))
                return
        self._settle(fact, digest, needed, now_us, new, known, decided)

    def _settle(
        self,
        fact: Fact,
        digest: bytes,
        needed: Known | None,
        now_us: int,
        new: dict[bytes, Known],
        known: Mapping[bytes, Known],
        decided: Decided,
    ) -> None:
        """Post or observe one fact, then whatever was parked for it, and for that, however long the chain."""
        mine = self._decision(fact, needed, 0, now_us, decided)
        if mine is None:
            return
        self._remember(digest, mine, new, decided)
        self._follow(mine, now_us, new, known, decided)

    def _follow(
        self, mine: Known, now_us: int, new: dict[bytes, Known], known: Mapping[bytes, Known], decided: Decided
    ) -> None:
        following = self._released(mine, new, known, decided)
        while following:
            waiting, needed = following.pop()
            freed = self._decision(waiting.fact, needed, waiting.position, now_us, decided)
            if freed is not None:
                following += self._released(freed, new, known, decided)

    def _decision(self, fact: Fact, needed: Known | None, released: int, now_us: int, decided: Decided) -> Known | None:
        """Post, observe or refuse one fact; None when it was refused."""
        assert self.rules is not None
        event: EntryPosted | FactObserved
        whole = with_source(fact, needed.fact) if needed is not None else fact
        clause = self.rules.hold_of(whole) if self.rules.holding else None
        try:
            posting = self.rules.post(whole)
            if clause is not None:
                event = decide_hold(self, fact, posting, clause, released, decided)
            elif posting is None:
                event = FactObserved(fact=fact, released=released)
            else:
                flags = flags_told(self, posting.lines)
                event = EntryPosted(fact=fact, rule=posting.rule, lines=posting.lines, released=released, flags=flags)
            if self.closings and isinstance(event, EntryPosted):
                event = in_open_period(event, self.closings)
        except PostingError as error:
            self._refuse(fact, error.code, error.field, str(error), 0, released, now_us, decided)
            return None
        position = self.record(event, now_us, decided)
        if posting is not None and isinstance(event, EntryPosted):
            self._move(posting.lines, posting.signed)
        if clause is not None:
            for digest in fold_hold(self, position, event):
                decided.known[digest] = Known(position, fact)
                decided.references.append((digest, position))
        return Known(position, fact)

    def fault(self, fact: Fact) -> PostingError | None:
        """Why a fact could not be posted whatever it waits for: it is refused now and its key stays free.

        The amount before conversion is what the needed fact may bring.
        """
        assert self.rules is not None
        try:
            posting = self.rules.post(fact)
            if posting is not None:
                flags_told(self, posting.lines)
        except PostingError as error:
            return None if error.field == "amounts.source" else error
        return None

    def _released(
        self, mine: Known, new: dict[bytes, Known], known: Mapping[bytes, Known], decided: Decided
    ) -> list[tuple[Known, Known]]:
        """Remember the references of a fact just decided; gives what waited for it, the last to come first."""
        released: list[tuple[Known, Known]] = []
        for name in mine.fact.references:
            reference = reference_digest(name)
            if reference not in new and reference not in known:
                new[reference] = mine
                decided.references.append((reference, mine.position))
            if reference in self.parked:
                released += [(waiting, mine) for waiting in self.parked.pop(reference)]
        released.reverse()
        return released

    def _tell_again(
        self,
        fact: Fact,
        first: Known,
        now_us: int,
        new: dict[bytes, Known],
        known: Mapping[bytes, Known],
        decided: Decided,
    ) -> None:
        field = differing_field(first.fact, fact)
        if field:
            detail = f"key {fact.key!r} was told before at position {first.position} with another {field}"
            self._refuse(fact, "key_reused", field, detail, first.position, 0, now_us, decided)
            return
        if first.fact.needs and not fact.needs and self._is_parked(first):
            # This telling brings what the first one waits for, and nothing else may ever.
            whole = msgspec.structs.replace(
                first.fact,
                amounts={**first.fact.amounts, **fact.amounts},
                links={**fact.links, **first.fact.links},
                references=fact.references,  # the store was asked about these
            )
            self._unpark(first.fact, first.position)
            mine = self._decision(whole, None, first.position, now_us, decided)
            if mine is not None:
                self._follow(mine, now_us, new, known, decided)
            return
        decided.repeated += 1
        if fact.delivery == first.fact.delivery and fact == first.fact:
            return
        self.record(FactRepeated.telling(fact, first.position, first.fact), now_us, decided)

    def _refuse(
        self, fact: Fact, code: str, field: str, detail: str, of: int, released: int, now_us: int, decided: Decided
    ) -> None:
        event = FactRefused(fact=fact, code=code, field=field, detail=detail, of=of, released=released)
        position = self.record(event, now_us, decided)
        decided.refusals.append(Refusal(position, len(decided.heads), fact, code, detail, released > 0))

    def _move(self, lines: Sequence[Line], signed: Sequence[int]) -> None:
        balances = self.balances
        for line, amount_minor in zip(lines, signed, strict=True):
            sums = balances.get((line.account, line.currency))
            if sums is None:
                sums = balances[line.account, line.currency] = [0, 0]
            if amount_minor > 0:
                sums[0] += amount_minor
            else:
                sums[1] -= amount_minor

    def record(self, event: JournalEvent, now_us: int, decided: Decided) -> int:
        """Give an event its position; whoever decides calls this, with the memory moved on to match."""
        self.version += 1
        self.recorded_at_us = now_us
        decided.events.append(Recorded(self.id, self.version, type(event).__name__, now_us, encode_event(event)))
        return self.version

    def seal_events(self, decided: Decided) -> None:
        """Extend the hash chain by a batch, once all of it is decided."""
        self.seal = extend(self.seal, decided.events)

    @staticmethod
    def _remember(digest: bytes, known: Known, new: dict[bytes, Known], decided: Decided) -> None:
        new[digest] = known
        decided.keys.append((digest, known.position))

    def _is_parked(self, first: Known) -> bool:
        waiting = self.parked.get(reference_digest(first.fact.needs), ())
        return any(each.position == first.position for each in waiting)

    def _unpark(self, fact: Fact, released: int) -> None:
        if released and fact.needs:
            reference = reference_digest(fact.needs)
            left = [waiting for waiting in self.parked.get(reference, ()) if waiting.position != released]
            if left:
                self.parked[reference] = left
            else:
                self.parked.pop(reference, None)

    def _use(self, chart: Chart, rules: RuleSet) -> None:
        self.accounts = {account.code: account for account in chart.accounts}
        self.watched = {account.code: account for account in chart.accounts if account.restricted}
        self.rules = rules
