"""A run of command records of one book: decided one after the other, each answered under its sender's name for it.

A record is one batch: a chain that is open at its end is refused. What cannot be read becomes a dead letter, and so
does a record with a malformed command whose sender gave it no name and therefore waits for no answer (law 6). A record
that was answered before under its name is passed over: it was told twice and is decided once, its refusals included.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ledger.answers import Answer, encode_answer
from ledger.batch import BookAppend, KeptAnswers, Redriven
from ledger.book import Book, Decided
from ledger.commands import Command, Malformed
from ledger.desk import decide_commands
from ledger.events import Recorded
from ledger.recall import Questions, Recalled, questions
from streams.arrival import Arrival
from streams.command_record import decode_commands
from streams.errors import InboundError


@dataclass(slots=True)
class Undurable:
    """What is decided and may not be visible in the store yet: the batch in flight, then the runs before this one."""

    keys: list[tuple[bytes, int]] = field(default_factory=list)
    events: list[Recorded] = field(default_factory=list)

    @classmethod
    def of(cls, append: BookAppend | None) -> "Undurable":
        """What the batch before appends."""
        return cls() if append is None else cls([*append.keys, *append.references], list(append.events))

    def add(self, decided: Decided) -> None:
        """Count one more run."""
        self.keys += decided.keys
        self.keys += decided.references
        self.events += decided.events

    def complete(self, recalled: Recalled, asked: Questions) -> Recalled:
        """What the store said, with what it cannot know yet."""
        digests = set(asked.digests)
        keys = [(digest, position) for digest, position in self.keys if digest in digests]
        wanted = {*asked.positions, *(position for _, position in keys)}
        completed = replace(recalled, later=self.events)
        completed.add(keys, (event for event in self.events if event.position in wanted))
        return completed


@dataclass(slots=True)
class CommandRun:
    """What a run of command records became.

    Attributes:
        decided: of all of them, to be appended together.
        dead: arrivals that belong to the dead letters, with code and detail.
        passed_over: records that had been answered before.
        commands: how many were decided.
    """

    decided: Decided = field(default_factory=Decided)
    answers: list[KeptAnswers] = field(default_factory=list)
    redriven: list[Redriven] = field(default_factory=list)
    dead: list[tuple[Arrival, str, str]] = field(default_factory=list)
    passed_over: int = 0
    commands: int = 0


def decide_run(
    book: Book,
    arrivals: Sequence[Arrival],
    answered: Mapping[str, bytes],
    recall: Callable[[Questions], Recalled],
    undurable: Undurable,
    now_us: int,
) -> CommandRun:
    """Decide command records in order.

    Args:
        answered: names and digests of records that were answered before.
        recall: asks the store.
        undurable: extended by what this run decides.
    """
    run = CommandRun()
    known = dict(answered)
    read: list[tuple[Arrival, Sequence[Command | Malformed]]] = []
    for arrival in arrivals:
        record = arrival.record
        assert record is not None
        if record.delivery and record.attempts == 0:
            before = known.get(record.delivery)
            if before == arrival.digest:
                run.passed_over += 1
                continue
            if before is not None:
                run.dead.append((arrival, "delivery_reused", f"delivery {record.delivery!r} was told with other bytes"))
                continue
            known[record.delivery] = arrival.digest
        try:
            read.append((arrival, decode_commands(record.body)))
        except InboundError as error:
            _unreadable(run, arrival, error, now_us)
    asked = questions(command for _, commands in read for command in commands)
    recalled = undurable.complete(recall(asked), asked)
    for arrival, commands in read:
        before_head = book.version
        done = decide_commands(book, commands, recalled, now_us)
        undurable.add(done.decided)
        _count(run, done.decided)
        run.commands += len(commands)
        _answer(run, arrival, done.answers, now_us)
        resolved = _bury(run, arrival, commands)
        record = arrival.record
        assert record is not None
        if record.attempts > 0:
            first, last = (before_head + 1, book.version) if book.version > before_head else (None, None)
            run.redriven.append(Redriven(arrival.digest, first, last, resolved=resolved))
    return run


def _count(run: CommandRun, decided: Decided) -> None:
    run.decided.events += decided.events
    run.decided.keys += decided.keys
    run.decided.references += decided.references
    run.decided.heads += decided.heads


def _answer(run: CommandRun, arrival: Arrival, answers: Iterable[Answer], now_us: int) -> None:
    assert arrival.record is not None
    if arrival.record.delivery:
        lines = b"".join(encode_answer(answer) + b"\n" for answer in answers)
        run.answers.append(KeptAnswers(arrival.record.delivery, arrival.digest, now_us, lines))


def _unreadable(run: CommandRun, arrival: Arrival, error: InboundError, now_us: int) -> None:
    assert arrival.record is not None
    run.dead.append((arrival, error.code, str(error)))
    refusal = Answer(command="", key="", decision="refused", code=error.code, detail=str(error))
    _answer(run, arrival, [refusal], now_us)
    if arrival.record.attempts > 0:
        run.redriven.append(Redriven(arrival.digest, None, None, resolved=False))


def _bury(run: CommandRun, arrival: Arrival, commands: Sequence[Command | Malformed]) -> bool:
    """A dead letter for the first malformed command that nobody else hears of; True when there is none."""
    assert arrival.record is not None
    for number, command in enumerate(commands, start=1):
        if isinstance(command, Malformed) and not arrival.record.delivery:
            detail = f"command {number} of {len(commands)}: {command.field}: {command.detail}"
            run.dead.append((arrival, command.code, detail))
            return False
    return True
