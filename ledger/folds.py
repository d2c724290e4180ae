"""How an event of a command moves the memory of a book. Deciding and replaying run the same lines.

Every change goes through the undo log, because a later command of the same chain may fail.
"""

from collections.abc import Callable, Sequence
from heapq import heappush
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from ledger.accounts import Account
from ledger.command_events import (
    AccountClosed,
    AccountOpened,
    AccountReopened,
    ClockMoved,
    CommandRefused,
    HoldExpired,
    HoldPlaced,
    HoldReleased,
    LimitSet,
    MetadataSet,
    PeriodClosed,
    PeriodReopened,
    RulesAdopted,
)
from ledger.commands import Capture
from ledger.entries import Line
from ledger.errors import BrokenLaw
from ledger.events import EntryPosted
from ledger.facts import closing_digest, command_digest
from ledger.holds import OpenHold
from ledger.limits import Limit
from ledger.periods import Closing, reopened
from ledger.remainder import subtract
from ledger.rules import RuleSet
from ledger.undo import Undo

if TYPE_CHECKING:
    from ledger.book import Book

Folded = Callable[["Book", int, Any, Undo], Sequence[bytes]]


def fold(book: "Book", position: int, event: object, undo: Undo) -> Sequence[bytes]:
    """Move the memory by one event; returns the digests that it puts on record at its position.

    Raises:
        BrokenLaw: the event contradicts what came before it.
    """
    step = _FOLDS.get(type(event))
    if step is None:
        raise BrokenLaw(f"book {book.id!r}: nothing is known of a {type(event).__name__} at position {position}")
    return step(book, position, event, undo)


def _entry(book: "Book", position: int, event: EntryPosted, undo: Undo) -> Sequence[bytes]:
    command = event.command
    assert command is not None
    move(book.balances, event.lines, 1, undo)
    if event.reverses:
        undo.put(book.reversed, event.reverses, event.left)
    if not event.hold:
        return (command_digest(command.key),)
    assert isinstance(command, Capture)
    hold = _open_hold(book, position, event.hold)
    left = subtract(hold.lines, event.lines)
    if left is None:
        raise BrokenLaw(f"book {book.id!r}: position {position} captures more than the hold at {event.hold} has left")
    if left and command.rest == "keep":
        move(book.held, event.lines, -1, undo)
        undo.put(book.holds, event.hold, replace(hold, lines=left))
        return (command_digest(command.key),)
    return command_digest(command.key), _end(book, event.hold, hold, undo)


def _hold_placed(book: "Book", position: int, event: HoldPlaced, undo: Undo) -> Sequence[bytes]:
    move(book.held, event.lines, 1, undo)
    undo.put(book.holds, position, OpenHold(event.command.key, event.lines, event.expires_at_us))
    if event.expires_at_us:
        # Taken back with the hold: an entry of the heap without an open hold of its instant means nothing.
        heappush(book.expiries, (event.expires_at_us, position))
    return (command_digest(event.command.key),)


def _hold_released(book: "Book", position: int, event: HoldReleased, undo: Undo) -> Sequence[bytes]:
    ended = _end(book, event.hold, _open_hold(book, position, event.hold), undo)
    return command_digest(event.command.key), ended


def _hold_expired(book: "Book", position: int, event: HoldExpired, undo: Undo) -> Sequence[bytes]:
    return (_end(book, event.hold, _open_hold(book, position, event.hold), undo),)


def _clock_moved(book: "Book", position: int, event: ClockMoved, undo: Undo) -> Sequence[bytes]:
    if event.at_us < book.clock_us:
        raise BrokenLaw(f"book {book.id!r}: the clock runs backwards at position {position}")
    undo.assign(book, "clock_us", event.at_us)
    return (command_digest(event.command.key),)


def _account_opened(book: "Book", position: int, event: AccountOpened, undo: Undo) -> Sequence[bytes]:
    if event.account.code in book.accounts:
        raise BrokenLaw(f"book {book.id!r}: account {event.account.code!r} is opened again at position {position}")
    _set_account(book, event.account, undo)
    return (command_digest(event.command.key),)


def _account_closed(book: "Book", _: int, event: AccountClosed, undo: Undo) -> Sequence[bytes]:
    _set_account(book, replace(book.accounts[event.account], closed=True), undo)
    return (command_digest(event.command.key),)


def _account_reopened(book: "Book", _: int, event: AccountReopened, undo: Undo) -> Sequence[bytes]:
    _set_account(book, replace(book.accounts[event.account], closed=False), undo)
    return (command_digest(event.command.key),)


def _limit_set(book: "Book", _: int, event: LimitSet, undo: Undo) -> Sequence[bytes]:
    command = event.command
    account = book.accounts[event.account]
    limits = {name: limit for name, limit in account.limits.items() if name != command.currency}
    if command.limit != "none":
        limits[command.currency] = Limit(command.limit, command.overdraft)
    _set_account(book, replace(account, limits=dict(sorted(limits.items()))), undo)
    return (command_digest(command.key),)


def _metadata_set(book: "Book", _: int, event: MetadataSet, undo: Undo) -> Sequence[bytes]:
    account = book.accounts[event.account]
    merged = {**account.metadata, **event.command.metadata}
    metadata = {name: value for name, value in sorted(merged.items()) if value is not None}
    _set_account(book, replace(account, metadata=metadata), undo)
    return (command_digest(event.command.key),)


def _period_closed(book: "Book", position: int, event: PeriodClosed, undo: Undo) -> Sequence[bytes]:
    undo.assign(book, "closings", (*book.closings, Closing(event.through, position)))
    return (command_digest(event.command.key),)


def _period_reopened(book: "Book", _: int, event: PeriodReopened, undo: Undo) -> Sequence[bytes]:
    undo.assign(book, "closings", reopened(book.closings, event.since))
    return (command_digest(event.command.key),)


def _rules_adopted(book: "Book", _: int, event: RulesAdopted, undo: Undo) -> Sequence[bytes]:
    undo.assign(book, "rules", RuleSet(event.rules))
    return (command_digest(event.command.key),)


def _refused(*_: object) -> Sequence[bytes]:
    return ()


def move(sums: dict[tuple[str, str], list[int]], lines: Sequence[Line], factor: int, undo: Undo) -> None:
    """Add lines to sums, or take them away with factor -1; sums of zero disappear then."""
    for line in lines:
        key = (line.account, line.currency)
        debits, credits = sums.get(key, (0, 0))
        minor = int(line.amount) * factor
        now = [debits + minor, credits] if line.side == "debit" else [debits, credits + minor]
        if now == [0, 0]:
            undo.remove(sums, key)
        else:
            undo.put(sums, key, now)


def _end(book: "Book", position: int, hold: OpenHold, undo: Undo) -> bytes:
    move(book.held, hold.lines, -1, undo)
    undo.remove(book.holds, position)
    return closing_digest(hold.key)


def _open_hold(book: "Book", position: int, hold: int) -> OpenHold:
    found = book.holds.get(hold)
    if found is None:
        raise BrokenLaw(f"book {book.id!r}: position {position} ends the hold at {hold}, which is not open")
    return found


def _set_account(book: "Book", account: Account, undo: Undo) -> None:
    undo.put(book.accounts, account.code, account)
    if account.restricted:
        undo.put(book.watched, account.code, account)
    else:
        undo.remove(book.watched, account.code)


_FOLDS: Final[dict[type[Any], Folded]] = {
    EntryPosted: _entry,
    HoldPlaced: _hold_placed,
    HoldReleased: _hold_released,
    HoldExpired: _hold_expired,
    ClockMoved: _clock_moved,
    AccountOpened: _account_opened,
    AccountClosed: _account_closed,
    AccountReopened: _account_reopened,
    LimitSet: _limit_set,
    MetadataSet: _metadata_set,
    PeriodClosed: _period_closed,
    PeriodReopened: _period_reopened,
    RulesAdopted: _rules_adopted,
    CommandRefused: _refused,
}
