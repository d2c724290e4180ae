"""Commands about time and rules: the clock, closing and reopening periods, other posting rules."""

from ledger.command_events import ClockMoved, PeriodClosed, PeriodReopened, RulesAdopted
from ledger.commands import AdoptRules, Clock, ClosePeriod, ReopenPeriod
from ledger.errors import CommandError, RulesError
from ledger.rules import RuleSet
from ledger.session import Session
from ledger.times import day_after, instant_us, is_day


def clock(session: Session, command: Clock) -> ClockMoved:
    """The book's time; refused when it would run backwards."""
    at_us = instant_us(command.at)
    if at_us is None or at_us <= 0:
        raise CommandError("at_malformed", "at", command.at, "a time is written 2026-01-31T09:30:00Z")
    if at_us < session.book.clock_us:
        raise CommandError("clock_backwards", "at", command.at, "the book was told a later time already")
    return ClockMoved(command=command, at_us=at_us)


def close_period(session: Session, command: ClosePeriod) -> PeriodClosed:
    """Close through a date, with the trial balance of that date as it is known now."""
    if not is_day(command.through):
        raise CommandError("date_malformed", "through", command.through, "a date is written 2026-01-31")
    if not is_day(day_after(command.through)):
        detail = f"no day after {command.through} can be written: nothing could be posted any more"
        raise CommandError("date_malformed", "through", command.through, detail)
    closings = session.book.closings
    if closings and command.through <= closings[-1].through:
        detail = f"the book is closed through {closings[-1].through} already"
        raise CommandError("period_closed", "through", command.through, detail, closings[-1].position)
    rows = session.past().trial_balance(command.through)
    return PeriodClosed(command=command, through=command.through, trial_balance=rows)


def reopen_period(session: Session, command: ReopenPeriod) -> PeriodReopened:
    """Open again from a date on; refused when that date is open."""
    if not is_day(command.since):
        raise CommandError("date_malformed", "since", command.since, "a date is written 2026-01-31")
    closings = session.book.closings
    if not closings or command.since > closings[-1].through:
        detail = f"{command.since} lies in no closed period"
        raise CommandError("period_open", "since", command.since, detail)
    return PeriodReopened(command=command, since=command.since)


def adopt_rules(session: Session, command: AdoptRules) -> RulesAdopted:
    """Other rules; refused when they cannot be loaded or use accounts that are not in the chart."""
    try:
        rules = RuleSet(command.rules)
    except RulesError as error:
        raise CommandError("rules_invalid", "rules", "", str(error)) from error
    missing = sorted(rules.accounts - session.book.accounts.keys())
    if missing:
        detail = f"posting rules use accounts that are not in the chart: {', '.join(missing[:20])}"
        raise CommandError("account_unknown", "rules", missing[0], detail)
    return RulesAdopted(command=command, rules=command.rules)
