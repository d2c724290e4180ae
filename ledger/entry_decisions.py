"""Commands that post entries: post and reverse. A capture posts as well, see `hold_decisions`."""

from collections.abc import Sequence

from msgspec.structs import replace

from ledger.accounts import Side
from ledger.allocation import allocate
from ledger.commands import Capture, Hold, Post, Reverse
from ledger.entries import Line, imbalance
from ledger.errors import AllocationError, CommandError
from ledger.events import EntryPosted, FactParked, JournalEvent
from ledger.facts import Fact, command_digest, name_digest
from ledger.remainder import opposite, part_of, subtract
from ledger.restrictions import at_most, check_accounts, check_amounts, check_limits, check_lines
from ledger.session import EffectiveDate, Session


def post(session: Session, command: Post) -> EntryPosted:
    """An entry; refused when its lines, accounts, limits or date do not allow it."""
    whole = replace(command, lines=_shared_out(session, command)) if command.split else command
    lines = allowed_lines(session, whole)
    check_limits(session.book, lines)
    date = session.effective(command.effective_at, command.post_to_open_period)
    return entry(session, command, "command.post", lines, date)


def reverse(session: Session, command: Reverse) -> EntryPosted:
    """The opposite of an entry, whole or in part; refused when more of it would be taken back than there is."""
    position, event, field, named = _reversed_entry(session, command)
    if not isinstance(event, EntryPosted):
        detail = f"{field} {named!r} is no entry of this book"
        if isinstance(event, FactParked):
            detail = f"{field} {named!r} waited at position {position} for another one: name its entry by position"
        raise CommandError("entry_unknown", field, named, detail)
    remaining = session.book.reversed.get(position, event.lines)
    if not remaining:
        detail = f"the entry at position {position} was reversed wholly already"
        raise CommandError("already_reversed", field, named, detail, position)
    part = part_asked(command, remaining, "reversal_exceeds_entry")
    left = subtract(remaining, part)
    assert left is not None
    lines = opposite(part)
    check_accounts(session.book, lines)
    check_limits(session.book, lines)
    date = session.effective(command.effective_at, command.post_to_open_period)
    return entry(session, command, "command.reverse", lines, date, reverses=position, left=left)


def allowed_lines(session: Session, command: Post | Hold) -> tuple[Line, ...]:
    """The lines to post or hold: checked, and lowered to what is left when the command says ``at_most``."""
    check_lines(command.lines)
    check_accounts(session.book, command.lines)
    if not command.at_most:
        return command.lines
    whole = part_of(command.lines, command.lines[0].amount)
    if whole is None:
        detail = "at_most needs two lines: with more, an amount does not say which"
        raise CommandError("at_most_needs_two_lines", "at_most", command.at_most, detail)
    debited, credited = sorted(whole, key=lambda line: line.side == "credit")
    minor = at_most(session.book, debited, credited, command.at_most)
    if minor <= 0:
        detail = f"limits leave nothing between {debited.account!r} and {credited.account!r}"
        raise CommandError("limit_exceeded", "at_most", command.at_most, detail)
    lowered = part_of(whole, str(minor))
    assert lowered is not None
    return lowered


def part_asked(command: Capture | Reverse, remaining: Sequence[Line], too_much: str) -> tuple[Line, ...]:
    """The lines that a capture or reversal asks for: those named, an amount of two, or all that remain."""
    if command.lines and command.amount:
        raise CommandError("part_ambiguous", "amount", command.amount, "say the amount or the lines, not both")
    if not command.lines and not command.amount:
        return tuple(remaining)
    part = command.lines or part_of(remaining, command.amount)
    if part is None:
        detail = "an amount alone does not say which of several lines: name the lines"
        raise CommandError("lines_needed", "amount", command.amount, detail)
    field, value = ("lines", str(len(part))) if command.lines else ("amount", command.amount)
    check_lines(part)
    if subtract(remaining, part) is None:
        left = ", ".join(f"{line.side} {line.account} {line.amount} {line.currency}" for line in remaining[:4])
        raise CommandError(too_much, field, value, f"more than what is left: {left}")
    return part


def entry(
    session: Session,
    command: Post | Capture | Reverse,
    type_name: str,
    lines: tuple[Line, ...],
    date: EffectiveDate,
    *,
    hold: int = 0,
    reverses: int = 0,
    left: tuple[Line, ...] = (),
) -> EntryPosted:
    """The entry of a command, with a fact in its words, so that whoever reads entries reads this one too."""
    told = (("description", command.description), ("reference", command.reference))
    fact = Fact(
        type=type_name,
        key=command.key,
        source="command",
        account=session.book.id,
        effective_at=date.at,
        attributes={name: value for name, value in told if value},
        metadata=command.metadata,
    )
    return EntryPosted(
        fact=fact,
        rule=f"{type_name}@0",
        lines=lines,
        original_effective_at=date.original,
        closed_by=date.closed_by,
        command=command,
        hold=hold,
        reverses=reverses,
        left=left,
    )


def _shared_out(session: Session, command: Post) -> tuple[Line, ...]:
    """The lines of a command, and those of the parts over which it splits what they lack on one side."""
    check_amounts(command.lines)
    check_accounts(session.book, command.lines)
    lacking = imbalance(command.lines)
    if len(lacking) != 1:
        detail = "a split shares out what lines lack on one side in one currency, these lack it " + (
            f"in {len(lacking)}: {', '.join(sorted(lacking))}" if lacking else "nowhere"
        )
        raise CommandError("split_impossible", "split", str(len(command.split)), detail)
    ((currency, minor),) = lacking.items()
    side: Side = "credit" if minor > 0 else "debit"
    try:
        shares = allocate(abs(minor), [part.plain() for part in command.split], command.rounding)
    except AllocationError as error:
        raise CommandError("split_impossible", "split", str(len(command.split)), str(error)) from error
    lines = [Line(part.account, side, str(share), currency) for part, share in zip(command.split, shares, strict=True)]
    check_accounts(session.book, lines, "split")
    return (*command.lines, *(line for line in lines if line.amount != "0"))


def _reversed_entry(session: Session, command: Reverse) -> tuple[int, JournalEvent | None, str, str]:
    """Position and event of what is to be reversed, and the field and value that name it."""
    named = [
        (field, value)
        for field, value in (("entry", command.entry), ("fact", command.fact), ("position", str(command.position)))
        if value not in ("", "0")
    ]
    if len(named) != 1:
        detail = "name what is reversed by one of entry, fact and position"
        raise CommandError("entry_ambiguous" if named else "entry_unknown", "entry", command.entry, detail)
    field, value = named[0]
    if field == "position":
        return command.position, session.recalled.events.get(command.position), field, value
    digest = command_digest(value) if field == "entry" else name_digest(value)
    position, event = session.event_at(digest)
    return position, event, field, value
