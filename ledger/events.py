"""The events of a book, and how they are stored.

One event per decision. In the store an event is a row: book, position, type, recorded time and a body of canonical
JSON, so that plain SQL reads it and another language can check its hash. The registered type name is what is stored,
never a module path.
"""

from typing import Any, Final

import msgspec

from ledger.accounts import Chart
from ledger.command_events import COMMAND_EVENTS, CommandEvent
from ledger.commands import Capture, Post, Reverse
from ledger.entries import Line
from ledger.errors import BrokenLaw
from ledger.fact_holds import HoldStep
from ledger.facts import Fact
from ledger.upcasting import upcast


class BookOpened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A book begins: its chart of accounts and the posting rules (as they were read, and their version)."""

    chart: Chart
    rules: dict[str, Any]


class EntryPosted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact was posted, or a command.

    Attributes:
        fact: the fact, whole; for a command one in its words (type ``command.post``, ``command.capture`` or
            ``command.reverse``).
        rule: name and version of the rule, for example ``stripe.payment@1``; ``command.post@0`` for a command.
        lines: two or more, balanced per currency.
        released: the position at which the fact had been parked; 0 when it never was.
        flags: what a fact broke that would have refused a command, such as ``limit_exceeded/7000/USD``.
        original_effective_at, closed_by: when the date lay in a closed period: the date that was told, and the position
            of the `PeriodClosed`; the fact then says the first open day.
        command: the command, whole.
        hold: position of the hold that was captured; for a fact that of the observation that placed it.
        reverses: position of the entry that this one takes back.
        left: of that entry, in its own words, what was not taken back yet.
        hold_step: what the fact did to a hold.
    """

    fact: Fact
    rule: str
    lines: tuple[Line, ...]
    released: int = 0
    flags: tuple[str, ...] = ()
    original_effective_at: str = ""
    closed_by: int = 0
    command: Post | Capture | Reverse | None = None
    hold: int = 0
    reverses: int = 0
    left: tuple[Line, ...] = ()
    hold_step: HoldStep | None = None


_LEFT_OUT: Final = msgspec.Raw()


class PostedLines(msgspec.Struct, frozen=True, gc=False):
    """Of a stored `EntryPosted`, what a replay needs to know; all but the lines only so far as it is there.

    Attributes:
        command, hold_step, released: left out for an ordinary fact, which moves its accounts and nothing else.
    """

    lines: tuple[Line, ...]
    command: msgspec.Raw = _LEFT_OUT
    hold_step: msgspec.Raw = _LEFT_OUT
    released: int = 0

    @property
    def ordinary(self) -> bool:
        """True when the entry moves its accounts and nothing else."""
        return self.command is _LEFT_OUT and self.hold_step is _LEFT_OUT and not self.released


class FactObserved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact that posts nothing: a status, an unknown event, a statement's balances, or an authorization.

    Attributes:
        fact: the fact, whole.
        released: the position at which it had been parked; 0 when it never was.
        flags: as in `EntryPosted`.
        hold_step: what the fact did to a hold.
    """

    fact: Fact
    released: int = 0
    flags: tuple[str, ...] = ()
    hold_step: HoldStep | None = None


class FactRepeated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The same money told again by another delivery: a further sighting.

    Attributes:
        of: position of the first telling.
        key: the key both share.
        type: the fact's type.
        links: links that this telling knows and the first did not.
        delivery, status, attributes: the words of this telling.
    """

    of: int
    key: str
    type: str
    source: str
    account: str
    effective_at: str
    links: dict[str, str] = {}
    status: str = ""
    delivery: str = ""
    attributes: dict[str, str] = {}

    @classmethod
    def telling(cls, fact: Fact, of: int, first: Fact) -> "FactRepeated":
        """What `fact` tells again of the one that was told first, at position `of`."""
        return cls(
            of=of,
            key=fact.key,
            type=fact.type,
            source=fact.source,
            account=fact.account,
            effective_at=fact.effective_at,
            links={name: value for name, value in fact.links.items() if name not in first.links},
            status=fact.status,
            delivery=fact.delivery,
            attributes=fact.attributes,
        )


class FactParked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact that waits for another one; it is decided when that one comes."""

    fact: Fact
    needs: str


class FactRefused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact that cannot be posted; it stands in the dead letters with the same reason.

    Attributes:
        code: stable reason code, for example ``key_reused``.
        field: the field at fault.
        detail: one sentence with the values.
        of: for ``key_reused`` the position of the telling it contradicts.
        released: the position at which the fact had been parked; 0 when it never was.
    """

    fact: Fact
    code: str
    field: str
    detail: str
    of: int = 0
    released: int = 0


JournalEvent = BookOpened | EntryPosted | FactObserved | FactRepeated | FactParked | FactRefused | CommandEvent

_FACT_EVENTS: Final[tuple[type[Any], ...]] = (
    BookOpened,
    EntryPosted,
    FactObserved,
    FactRepeated,
    FactParked,
    FactRefused,
)
EVENT_TYPES: Final[dict[str, type[Any]]] = {cls.__name__: cls for cls in (*_FACT_EVENTS, *COMMAND_EVENTS)}
_encoder: Final = msgspec.json.Encoder(order="sorted")
_posted_lines: Final = msgspec.json.Decoder(PostedLines)
_decoders: Final = {name: msgspec.json.Decoder(cls) for name, cls in EVENT_TYPES.items()}


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event as it stands in its book: the unit of the store, of the journal topic and of every fold.

    Attributes:
        book: name of the book.
        position: 1, 2, 3, ... without a gap (law 2).
        type: registered name of the event.
        recorded_at_us: when we knew, microseconds since 1970 in UTC; never runs backwards within a book.
        body: canonical JSON, UTF-8.
    """

    book: str
    position: int
    type: str
    recorded_at_us: int
    body: bytes

    @property
    def originator_id(self) -> str:
        """The book, in the words of the event sourcing library."""
        return self.book

    @property
    def originator_version(self) -> int:
        """The position, in the words of the event sourcing library."""
        return self.position

    def event(self) -> JournalEvent:
        """The body, decoded; raises `BrokenLaw` when the type is unknown or the body is not of its type."""
        return decode_event(self.type, self.body)


def encode_event(event: JournalEvent) -> bytes:
    """Canonical JSON of an event: keys sorted by code point, no spaces, no floats, absent where default."""
    return _encoder.encode(event)


def decode_posted_lines(body: bytes) -> PostedLines:
    """What a replay needs of an `EntryPosted`, in a third of the time of all of it; raises `BrokenLaw`."""
    try:
        return _posted_lines.decode(upcast("EntryPosted", body))
    except msgspec.DecodeError as error:
        raise BrokenLaw(f"the body of an EntryPosted cannot be read: {error}") from error


def decode_event(type_name: str, body: bytes) -> JournalEvent:
    """Read an event's body; raises `BrokenLaw`, because the store holds only what we wrote."""
    decoder = _decoders.get(type_name)
    if decoder is None:
        raise BrokenLaw(f"event type {type_name!r} is not registered; this code is older than the book")
    try:
        event: JournalEvent = decoder.decode(upcast(type_name, body))
    except msgspec.DecodeError as error:
        raise BrokenLaw(f"the body of a {type_name} cannot be read: {error}") from error
    return event
