"""What one append makes true, all or nothing (law 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger.events import Recorded


@dataclass(frozen=True, slots=True)
class Teller:
    """Who told some bytes and what was said beside them: the same bytes of another teller are another telling."""

    source: str
    account: str
    context: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """An inbound record as it stood in its topic (cards masked), kept for ever beside the events.

    Attributes:
        digest: SHA-256 of the original bytes.
        first_position, last_position: the events decided from it; None when all had been told before.
    """

    digest: bytes
    source: str
    account: str
    received_at_us: int
    topic: str
    partition: int
    record_offset: int
    context: Mapping[str, str]
    body: bytes
    first_position: int | None = None
    last_position: int | None = None

    @property
    def teller(self) -> Teller:
        """Who told it."""
        return Teller(self.source, self.account, self.context)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An inbound record that could not be translated or posted, with its reason (law 6)."""

    book: str
    source: str
    account: str
    topic: str
    partition: int
    record_offset: int
    digest: bytes
    code: str
    detail: str
    context: Mapping[str, str]
    body: bytes
    attempts: int
    at_us: int
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Redriven:
    """A record that came back from the dead letters and was decided this time.

    Attributes:
        first_position, last_position: the events decided from it; None when all had been told before.
        resolved: false when it failed again, with a dead letter of its own.
    """

    digest: bytes
    first_position: int | None
    last_position: int | None
    resolved: bool


@dataclass(frozen=True, slots=True)
class InputOffset:
    """A move of one input partition from the offset the writer read at to the next one.

    Attributes:
        expected: the stored offset the writer started from; None when none was stored yet.
    """

    topic: str
    partition: int
    expected: int | None
    next_offset: int


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """What became of the commands of one record.

    Attributes:
        delivery: the sender's name for the record.
        digest: SHA-256 of the record.
        answers: one JSON object a line, in the order of the commands.
    """

    delivery: str
    digest: bytes
    at_us: int
    answers: bytes


@dataclass(frozen=True, slots=True)
class BookAppend:
    """What is appended to one book.

    Attributes:
        book_id, epoch: from the lease the writer holds.
        expected_head: the head before `events`.
        keys: the key that an event decided, at most one an event.
        references: further digests put on record with them.
        seal: hash chain after `events`.
    """

    book: str
    book_id: int
    epoch: int
    expected_head: int
    events: Sequence[Recorded]
    keys: Sequence[tuple[bytes, int]]
    seal: bytes
    references: Sequence[tuple[bytes, int]] = field(default=())
    raw_records: Sequence[RawRecord] = field(default=())
    redriven: Sequence[Redriven] = field(default=())
    answers: Sequence[KeptAnswers] = field(default=())
