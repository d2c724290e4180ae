"""What the store knows that commands ask about: keys decided before, entries to be reversed, ends of holds.

A `Recalled` is filled before a batch is decided, and holds what the batch itself decides as it goes on. The history is
asked only by a command that closes a period and by a query about the past.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.commands import Capture, Command, Malformed, Query, Release, Reverse
from ledger.events import JournalEvent, Recorded
from ledger.facts import closing_digest, command_digest, name_digest
from ledger.past import History, NoHistory


@dataclass(slots=True)
class Recalled:
    """Answers of the store.

    Attributes:
        positions: digest -> position at which it was put on record.
        events: those positions and the ones asked for by number -> event.
        history: answers for the book's appended events.
        later: what is decided and may not be appended yet, in order.
    """

    positions: dict[bytes, int] = field(default_factory=dict)
    events: dict[int, JournalEvent] = field(default_factory=dict)
    history: History = field(default_factory=NoHistory)
    later: Sequence[Recorded] = ()

    def add(self, keys: Iterable[tuple[bytes, int]], events: Iterable[Recorded]) -> None:
        """Count a batch that is decided and not visible in the store yet as known."""
        self.positions.update(keys)
        self.events.update((event.position, event.event()) for event in events)


@dataclass(frozen=True, slots=True)
class Questions:
    """What the store must be asked before commands can be decided."""

    digests: Sequence[bytes]
    positions: Sequence[int]


def questions(commands: Iterable[Command | Malformed]) -> Questions:
    """The digests and positions that these commands ask about, each once."""
    digests: dict[bytes, None] = {}
    positions: dict[int, None] = {}
    for command in commands:
        if isinstance(command, Malformed | Query):
            continue
        digests[command_digest(command.key)] = None
        match command:
            case Capture() | Release():
                digests[command_digest(command.hold)] = None
                digests[closing_digest(command.hold)] = None
            case Reverse():
                if command.entry:
                    digests[command_digest(command.entry)] = None
                if command.fact:
                    digests[name_digest(command.fact)] = None
                if command.position:
                    positions[command.position] = None
            case _:
                pass
    return Questions(tuple(digests), tuple(positions))
