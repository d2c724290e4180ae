"""The desk: where commands are decided, in order, and answered.

Pure: commands and what the store knows go in, events and answers come out, and the book's memory moves on as if they
were stored. A chain of linked commands is all or nothing: when one is refused, what the others changed is taken back to
the byte. A refusal is recorded (`CommandRefused`) and leaves the key free; a repeated key is answered as the first
time. Only a broken law raises.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Final

import msgspec

from ledger import account_decisions, entry_decisions, hold_decisions, period_decisions
from ledger.answers import Answer
from ledger.book import Book, Decided
from ledger.command_events import ClockMoved, CommandRefused, HoldExpired, HoldPlaced
from ledger.commands import (
    AdoptRules,
    Capture,
    Clock,
    CloseAccount,
    ClosePeriod,
    Command,
    Hold,
    Malformed,
    OpenAccount,
    Post,
    Query,
    Recordable,
    Release,
    ReopenAccount,
    ReopenPeriod,
    Reverse,
    SetLimit,
    SetMetadata,
    command_name,
    differing_field,
)
from ledger.entries import Line
from ledger.errors import BrokenLaw, CommandError
from ledger.events import EntryPosted, JournalEvent
from ledger.facts import command_digest
from ledger.figures import figures_of
from ledger.folds import fold
from ledger.recall import Recalled
from ledger.session import Session
from ledger.undo import Forward, Undo

VALUE_CHARS_MAX: Final = 80
DETAIL_CHARS_MAX: Final = 500
_FORWARD: Final = Forward()


@dataclass(slots=True)
class DecidedCommands:
    """What commands became: events and keys to append as those of facts are, and one answer a command."""

    decided: Decided
    answers: list[Answer]


def decide_commands(
    book: Book, commands: Sequence[Command | Malformed], recalled: Recalled, now_us: int
) -> DecidedCommands:
    """Decide commands in order.

    Args:
        book: open; it stands after the batch when this returns.
        commands: a chain that is still open at the end is refused.
        recalled: what the store says to `recall.questions` of these commands.
        now_us: the writer's clock; recorded time is never earlier than the book's last.
    """
    if book.rules is None:
        raise BrokenLaw(f"book {book.id!r} is not open")
    desk = _Desk(book, recalled, max(now_us, book.recorded_at_us))
    at = 0
    while at < len(commands):
        end = at
        while commands[end].linked and end + 1 < len(commands):
            end += 1
        desk.chain(commands[at : end + 1])
        at = end + 1
    book.seal_events(desk.decided)
    return DecidedCommands(desk.decided, desk.answers)


class _Desk:
    def __init__(self, book: Book, recalled: Recalled, now_us: int) -> None:
        self.book = book
        self.decided = Decided()
        self.answers: list[Answer] = []
        self.chained = Undo()
        self.undo: Undo = _FORWARD
        self.session = Session(book, recalled, now_us, self.decided.events)

    def chain(self, commands: Sequence[Command | Malformed]) -> None:
        """Decide commands that stand or fall together; most chains are one command long."""
        # A command on its own changes nothing before all of it is decided, so there is nothing to take back.
        self.undo = _FORWARD if len(commands) == 1 and not commands[0].linked else self.chained
        start = (self.book.version, self.book.recorded_at_us, len(self.decided.keys), len(self.decided.references))
        answers: list[Answer] = []
        failure: tuple[int, CommandError] | None = None
        for number, command in enumerate(commands):
            try:
                answers.append(self._one(command))
            except CommandError as error:
                failure = (number, error)
                break
        if failure is None and commands[-1].linked:
            detail = "the batch ends, and the last command is linked to one that is not there"
            failure = (len(commands) - 1, CommandError("chain_open", "linked", "true", detail))
        if failure is None:
            self.undo.keep()
            self.answers.extend(answers)
        else:
            self._take_back(*start)
            self.answers.extend(self._refuse_chain(commands, *failure))
        for _ in commands:
            self.decided.heads.append(self.book.version)

    def _one(self, command: Command | Malformed) -> Answer:
        """Decide one command; raises `CommandError`, and then has changed nothing."""
        if isinstance(command, Malformed):
            raise CommandError(command.code, command.field, command.value, command.detail)
        if isinstance(command, Query):
            figures = figures_of(self.book, command, self.session.past)
            return Answer(
                command=command_name(command),
                key=command.key,
                decision="accepted",
                position=self.book.version,
                figures=figures,
            )
        repeated = self._answered_before(command)
        if repeated is not None:
            return repeated
        event = _DECISIONS[type(command)](self.session, command)
        position = self._record(event)
        if isinstance(event, ClockMoved):
            self._expire(position, event.at_us)
        return _accepted(command, position, event)

    def _answered_before(self, command: Recordable) -> Answer | None:
        position = self.session.recalled.positions.get(command_digest(command.key))
        if position is None:
            return None
        event = self.session.recalled.events.get(position)
        first: Recordable | None = getattr(event, "command", None)
        if event is None or first is None:
            raise BrokenLaw(f"book {self.book.id!r}: a command's key points to position {position}, which has none")
        field = differing_field(msgspec.to_builtins(first), msgspec.to_builtins(command))
        if field:
            value = getattr(command, field, command_name(command))
            detail = f"key {command.key!r} was used at position {position} with another {field}"
            raise CommandError("key_reused", field, _short(value), detail, position)
        return msgspec.structs.replace(_accepted(command, position, event), repeated=True)

    def _record(self, event: JournalEvent) -> int:
        position = self.book.record(event, self.session.now_us, self.decided)
        digests = fold(self.book, position, event, self.undo)
        self.undo.put(self.session.recalled.events, position, event)
        for number, digest in enumerate(digests):
            # The first is the command's own key; the clock's ending of a hold has none.
            own = number == 0 and not isinstance(event, HoldExpired)
            (self.decided.keys if own else self.decided.references).append((digest, position))
            self.undo.put(self.session.recalled.positions, digest, position)
        return position

    def _expire(self, clock: int, at_us: int) -> None:
        """Release what is due, the earliest first, at the same instant in the order in which it was placed."""
        expiries = self.book.expiries
        while expiries and expiries[0][0] <= at_us:
            due = heappop(expiries)
            # Whatever became of the hold: its end may be taken back with the chain, and then it is due again.
            self.undo.then(lambda due=due: heappush(expiries, due))  # type: ignore[misc]
            hold = self.book.holds.get(due[1])
            if hold is not None and hold.expires_at_us == due[0]:
                self._record(HoldExpired(hold=due[1], clock=clock, lines=hold.lines))

    def _take_back(self, version: int, recorded_at_us: int, keys: int, references: int) -> None:
        self.undo.rollback()
        del self.decided.events[len(self.decided.events) - (self.book.version - version) :]
        del self.decided.keys[keys:]
        del self.decided.references[references:]
        self.book.version = version
        self.book.recorded_at_us = recorded_at_us

    def _refuse_chain(self, commands: Sequence[Command | Malformed], failed: int, error: CommandError) -> list[Answer]:
        """One refusal a command; one that was decided before this batch keeps its first answer, as its key demands."""
        answers = []
        for number, command in enumerate(commands):
            if number == failed:
                answers.append(self._refused(command, error))
                continue
            try:
                before = None if isinstance(command, Malformed | Query) else self._answered_before(command)
            except CommandError as contradiction:
                answers.append(self._refused(command, contradiction))
                continue
            if before is None:
                detail = f"command {failed + 1} of {len(commands)} that are linked was refused: {error.code}"
                before = self._refused(command, CommandError("linked_failed", "linked", "", detail))
            answers.append(before)
        return answers

    def _refused(self, command: Command | Malformed, error: CommandError) -> Answer:
        value, detail = error.value[:VALUE_CHARS_MAX], str(error)[:DETAIL_CHARS_MAX]
        position = 0
        if not isinstance(command, Malformed | Query):
            event = CommandRefused(
                command=command, code=error.code, field=error.field, value=value, detail=detail, of=error.of
            )
            position = self._record(event)
            self.undo.keep()
        return Answer(
            command=command_name(command),
            key=command.key,
            decision="refused",
            position=position,
            code=error.code,
            field=error.field,
            value=value,
            detail=detail,
        )


def _accepted(command: Recordable, position: int, event: JournalEvent) -> Answer:
    lines: Sequence[Line] = event.lines if isinstance(event, EntryPosted | HoldPlaced) else ()
    return Answer(
        command=command_name(command),
        key=command.key,
        decision="accepted",
        position=position,
        amount=lines[0].amount if len(lines) == 2 else "",
        figures=_shares(command, lines[len(command.lines) :]) if isinstance(command, Post) and command.split else {},
    )


def _shares(command: Post, lines: Sequence[Line]) -> dict[str, str]:
    """What each account of a split got, in minor units."""
    got = dict.fromkeys((part.account for part in command.split), 0)
    for line in lines:
        got[line.account] += int(line.amount)
    return {account: str(minor) for account, minor in got.items()}


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
    return text[:VALUE_CHARS_MAX]


_DECISIONS: Final[Mapping[type[Any], Callable[[Session, Any], JournalEvent]]] = {
    OpenAccount: account_decisions.open_account,
    CloseAccount: account_decisions.close_account,
    ReopenAccount: account_decisions.reopen_account,
    SetLimit: account_decisions.set_limit,
    SetMetadata: account_decisions.set_metadata,
    Post: entry_decisions.post,
    Reverse: entry_decisions.reverse,
    Hold: hold_decisions.hold,
    Capture: hold_decisions.capture,
    Release: hold_decisions.release,
    Clock: period_decisions.clock,
    ClosePeriod: period_decisions.close_period,
    ReopenPeriod: period_decisions.reopen_period,
    AdoptRules: period_decisions.adopt_rules,
}
