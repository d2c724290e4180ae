"""What other posting rules would have made of the facts of a book, before anybody switches to them.

Pure: the journal and the rules go in, the differences come out, by entry and by account and month. Nothing is posted:
adopted rules hold for facts decided from then on, and what differs in the past is for people to correct.
"""

from collections.abc import Collection, Iterable

import msgspec

from ledger.command_events import AccountOpened
from ledger.conversion import with_source
from ledger.entries import Line
from ledger.errors import PostingError
from ledger.events import BookOpened, EntryPosted, FactObserved, FactRefused, Recorded
from ledger.facts import Fact
from ledger.rules import RuleSet
from ledger.trial_balance import effective_day

DIFFERENCES_MAX = 1_000


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that the other rules would post differently.

    Attributes:
        position, key, type, day: which fact, and when it counts.
        before, after: rule and lines; no rule for a fact that is only observed.
        code_before, code_after: why it is refused, when it is.
        hold_before, hold_after: what it does to which hold: ``place pi_1``, ``capture pi_1``; nothing when empty.
        held_before, held_after: of a place, the lines that it holds.
    """

    position: int
    key: str
    type: str
    day: str
    rule_before: str = ""
    rule_after: str = ""
    before: tuple[Line, ...] = ()
    after: tuple[Line, ...] = ()
    code_before: str = ""
    code_after: str = ""
    hold_before: str = ""
    hold_after: str = ""
    held_before: tuple[Line, ...] = ()
    held_after: tuple[Line, ...] = ()


class AccountMonth(msgspec.Struct, frozen=True, kw_only=True):
    """Debits less credits of an account in a month, in minor units, as posted and as the other rules would have it."""

    account: str
    month: str
    currency: str
    before: str
    after: str
    entries: int


class RulesDiff(msgspec.Struct, frozen=True, kw_only=True):
    """All differences.

    Attributes:
        facts: how many were compared; `different` how many of them differ.
        examples: the first of those, at most as many as asked for.
        months: one row for each account, month and currency in which something differs; `AccountMonth.entries` counts
            the facts that differ there.
    """

    facts: int
    different: int
    examples: tuple[Difference, ...]
    months: tuple[AccountMonth, ...]


def rules_diff(
    events: Iterable[Recorded], rules: RuleSet, *, from_position: int = 1, examples_max: int = DIFFERENCES_MAX
) -> RulesDiff:
    """Compare what was decided with what `rules` would decide.

    A rule that has another version, posts the same lines and does the same to a hold is no difference. A fact is
    compared once, where it was posted, observed or refused; a key that was reused is refused whatever the rules.

    Args:
        events: the book's events from the first one, because a fact may need the amounts of an earlier one.
        from_position: facts decided before this position are not compared.
    """
    accounts: set[str] = set()
    referenced: dict[str, Fact] = {}
    facts = different = 0
    examples: list[Difference] = []
    months: dict[tuple[str, str, str], list[int]] = {}
    for recorded in events:
        event = recorded.event()
        if isinstance(event, BookOpened):
            accounts |= {account.code for account in event.chart.accounts}
        elif isinstance(event, AccountOpened):
            accounts.add(event.account.code)
        if not isinstance(event, EntryPosted | FactObserved | FactRefused):
            continue
        if isinstance(event, EntryPosted) and event.command is not None:
            continue
        if isinstance(event, FactRefused) and event.of:
            continue
        fact = event.fact
        if not isinstance(event, FactRefused):
            for name in fact.references:
                referenced.setdefault(name, fact)
        if recorded.position < from_position:
            continue
        facts += 1
        found = _difference(recorded, event, _decide(fact, referenced.get(fact.needs), rules, accounts))
        if found is not None:
            different += 1
            if len(examples) < examples_max:
                examples.append(found)
            _add(months, found)
    rows = tuple(
        AccountMonth(account=account, month=month, currency=currency, before=str(old), after=str(new), entries=count)
        for (account, month, currency), (old, new, count) in sorted(months.items())
    )
    return RulesDiff(facts=facts, different=different, examples=tuple(examples), months=rows)


class _Outcome(msgspec.Struct, frozen=True):
    """What rules make of a fact: an entry, what it does to a hold, or a refusal."""

    rule: str = ""
    lines: tuple[Line, ...] = ()
    code: str = ""
    hold: str = ""
    held: tuple[Line, ...] = ()

    def differs(self, other: "_Outcome") -> bool:
        return self._compared() != other._compared()

    def _compared(self) -> tuple[object, ...]:
        return self.code, self.hold, sorted(map(_order, self.lines)), sorted(map(_order, self.held))


def _decide(fact: Fact, needed: Fact | None, rules: RuleSet, accounts: Collection[str]) -> _Outcome:
    """What `rules` make of a fact."""
    fact = with_source(fact, needed) if needed is not None else fact
    try:
        posting = rules.post(fact)
    except PostingError as error:
        return _Outcome(code=error.code)
    lines = posting.lines if posting is not None else ()
    if any(line.account not in accounts for line in lines):
        return _Outcome(code="account_unknown")
    clause = rules.hold_of(fact)
    name = clause.name(fact) if clause is not None else ""
    hold = f"{clause.step}{' of a part' if clause.kept else ''} {name}" if clause is not None and name else ""
    if clause is not None and clause.step == "place":
        return _Outcome(clause.rule, hold=hold, held=lines if name else ())
    rule = posting.rule if posting is not None else clause.rule if clause is not None else ""
    return _Outcome(rule, lines, hold=hold)


def _decided(event: EntryPosted | FactObserved | FactRefused) -> _Outcome:
    """What was made of it when it was told."""
    if isinstance(event, FactRefused):
        return _Outcome(code=event.code)
    step = event.hold_step
    hold = f"{step.step}{' of a part' if step.kept else ''} {step.name}" if step is not None else ""
    held = step.lines if step is not None else ()
    if isinstance(event, EntryPosted):
        return _Outcome(event.rule, event.lines, hold=hold)
    return _Outcome(step.rule if step is not None else "", hold=hold, held=held)


def _difference(
    recorded: Recorded, event: EntryPosted | FactObserved | FactRefused, after: _Outcome
) -> Difference | None:
    before = _decided(event)
    if not before.differs(after):
        return None
    return Difference(
        position=recorded.position,
        key=event.fact.key,
        type=event.fact.type,
        day=effective_day(event.fact.effective_at, recorded.recorded_at_us),
        rule_before=before.rule,
        rule_after=after.rule,
        before=before.lines,
        after=after.lines,
        code_before=before.code,
        code_after=after.code,
        hold_before=before.hold,
        hold_after=after.hold,
        held_before=before.held,
        held_after=after.held,
    )


def _add(months: dict[tuple[str, str, str], list[int]], found: Difference) -> None:
    touched = set()
    if sorted(map(_order, found.before)) == sorted(map(_order, found.after)):
        return  # what differs is a hold, or why it is refused
    for lines, column in ((found.before, 0), (found.after, 1)):
        for line in lines:
            key = (line.account, found.day[:7], line.currency)
            months.setdefault(key, [0, 0, 0])[column] += line.signed_minor
            touched.add(key)
    for key in touched:
        months[key][2] += 1


def _order(line: Line) -> tuple[str, str, str, str]:
    return line.account, line.side, line.currency, line.amount
