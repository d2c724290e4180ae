"""How a book decides what a fact does to a hold, and remembers it. The arithmetic is in `fact_holds`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ledger.decided import Decided
from ledger.entries import Line
from ledger.errors import BrokenLaw
from ledger.events import EntryPosted, FactObserved
from ledger.fact_holds import ENDED, EXCEEDED, UNNAMED, FactHold, HoldStep, after, exceeds, hold_digest, left_of
from ledger.facts import Fact
from ledger.folds import move
from ledger.hold_clause import HoldClause
from ledger.restrictions import check_known, flags_of
from ledger.undo import Forward

if TYPE_CHECKING:
    from ledger.book import Book
    from ledger.rules import Posting

_FORWARD = Forward()


def decide_hold(
    book: "Book", fact: Fact, posting: "Posting | None", clause: HoldClause, released: int, decided: Decided
) -> EntryPosted | FactObserved:
    """The event of a fact that moves a hold; nothing of the book is changed.

    Args:
        posting: what the rule makes of the fact; a place holds these lines.
        decided: the batch so far, with what the store told of ends of holds.

    Raises:
        PostingError: an account is not in the chart.
    """
    lines = posting.lines if posting is not None else ()
    check_known(book, lines)
    placing = clause.step == "place"
    posted = () if placing else lines
    step, hold, new = _step(book, fact, clause, lines, decided)
    flags = [*_broken(book, lines, hold, new, placing), *_misfits(fact, step, hold, new, posted)]
    if not posted:
        return FactObserved(
            fact=fact, released=released, flags=tuple(sorted(flags)), hold_step=step if step.name else None
        )
    return EntryPosted(
        fact=fact,
        rule=clause.rule,
        lines=posted,
        released=released,
        flags=tuple(sorted(flags)),
        hold=hold.position if hold is not None else 0,
        hold_step=step if step.name else None,
    )


def fold_hold(book: "Book", position: int, event: EntryPosted | FactObserved) -> tuple[bytes, ...]:
    """Move the memory by the step of an event; returns the digest of the hold when this ends it.

    Raises:
        BrokenLaw: the event says that something else is left.
    """
    step = event.hold_step
    if step is None or step.late:
        return ()
    fact = event.fact
    digest = hold_digest(fact.source, fact.account, step.name)
    hold = book.fact_holds.get(digest)
    new = after(hold, step, position, event.lines if isinstance(event, EntryPosted) else ())
    left = left_of(new)
    if left != step.left:
        raise BrokenLaw(f"book {book.id!r}: position {position} leaves something else held than its facts do")
    move(book.held, left_of(hold), -1, _FORWARD)
    move(book.held, left, 1, _FORWARD)
    if new is None:
        book.fact_holds.pop(digest, None)
        return (digest,)
    book.fact_holds[digest] = new
    return ()


def _step(
    book: "Book", fact: Fact, clause: HoldClause, lines: tuple[Line, ...], decided: Decided
) -> tuple[HoldStep, FactHold | None, FactHold | None]:
    """What the fact does, and the hold before and after it."""
    name = clause.name(fact)
    placing = clause.step == "place"
    digest = hold_digest(fact.source, fact.account, name)
    step = HoldStep(
        step=clause.step,
        name=name,
        rule=clause.rule,
        lines=lines if placing else (),
        kept=clause.kept,
        late=digest in decided.known or digest in decided.told,
    )
    if not name or step.late:
        return step, None, None
    hold = book.fact_holds.get(digest)
    new = after(hold, step, 0, () if placing else lines)
    return replace(step, left=left_of(new)), hold, new


def _misfits(
    fact: Fact, step: HoldStep, hold: FactHold | None, new: FactHold | None, posted: Sequence[Line]
) -> tuple[str, ...]:
    """The flag of a fact that does not fit its hold."""
    if not step.name:
        return (f"{UNNAMED}/{step.rule}",)
    told = f"{fact.source}/{fact.account}/{step.name}"
    if step.late:
        return (f"{ENDED}/{told}",)
    # An authorization may be told after captures that keep the rest; until one is told, nothing is exceeded.
    known = new if step.step == "place" else hold
    if known is not None and known.authorized and exceeds(known, posted):
        return (f"{EXCEEDED}/{told}",)
    return ()


def _broken(
    book: "Book", lines: Sequence[Line], hold: FactHold | None, new: FactHold | None, placing: bool
) -> tuple[str, ...]:
    """Flags of what the lines break once the hold gives way to what follows it."""
    if not lines or not any(line.account in book.watched for line in lines):
        return ()
    before, following = left_of(hold), () if placing else left_of(new)
    move(book.held, before, -1, _FORWARD)
    move(book.held, following, 1, _FORWARD)
    flags = flags_of(book, left_of(new) if placing else lines, holding=placing)
    move(book.held, following, -1, _FORWARD)
    move(book.held, before, 1, _FORWARD)
    return flags
