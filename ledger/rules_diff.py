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

    A rule that has another version and posts the same lines is no difference. A fact is compared once, where it was
    posted, observed or refused; a key that was reused is refused whatever the rules.

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


def _decide(
    fact: Fact, needed: Fact | None, rules: RuleSet, accounts: Collection[str]
) -> tuple[str, tuple[Line, ...], str]:
    """Rule, lines and reason code of what the rules make of a fact."""
    try:
        posting = rules.post(with_source(fact, needed) if needed is not None else fact)
    except PostingError as error:
        return "", (), error.code
    if posting is None:
        return "", (), ""
    if any(line.account not in accounts for line in posting.lines):
        return "", (), "account_unknown"
    return posting.rule, posting.lines, ""


def _difference(
    recorded: Recorded, event: EntryPosted | FactObserved | FactRefused, after: tuple[str, tuple[Line, ...], str]
) -> Difference | None:
    rule, lines, code = after
    lines_before = event.lines if isinstance(event, EntryPosted) else ()
    code_before = event.code if isinstance(event, FactRefused) else ""
    if sorted(map(_order, lines)) == sorted(map(_order, lines_before)) and code == code_before:
        return None
    return Difference(
        position=recorded.position,
        key=event.fact.key,
        type=event.fact.type,
        day=effective_day(event.fact.effective_at, recorded.recorded_at_us),
        rule_before=event.rule if isinstance(event, EntryPosted) else "",
        rule_after=rule,
        before=lines_before,
        after=lines,
        code_before=code_before,
        code_after=code,
    )


def _add(months: dict[tuple[str, str, str], list[int]], found: Difference) -> None:
    touched = set()
    for lines, column in ((found.before, 0), (found.after, 1)):
        for line in lines:
            key = (line.account, found.day[:7], line.currency)
            months.setdefault(key, [0, 0, 0])[column] += line.signed_minor
            touched.add(key)
    for key in touched:
        months[key][2] += 1


def _order(line: Line) -> tuple[str, str, str, str]:
    return line.account, line.side, line.currency, line.amount
