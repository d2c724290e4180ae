"""What other people read in our topics: one struct per record type, the source of the committed JSON Schemas.

Amounts are decimal strings in minor units with their currency (law 7). Effective date, recorded time and position are
three different things, and every record that knows them carries all three (law 9). Fields are only ever added, with a
default; readers ignore what they do not know.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec

from ledger.entries import Line
from ledger.facts import Fact
from ledger.money import Money

Time = Annotated[datetime, msgspec.Meta(tz=True)]  # RFC 3339 in UTC
Decision = Literal["posted", "observed", "repeated"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class JournalItem(msgspec.Struct, frozen=True):
    """One event of a book; `body` is the stored canonical JSON, byte for byte, over which the book is sealed."""

    position: int
    type: str
    recorded_at_us: int
    body: dict[str, Any]


class JournalBatch(msgspec.Struct, frozen=True):
    """A contiguous run of a book's events, positions `first` to `last`."""

    book: str
    first: int
    last: int
    events: list[JournalItem]


class EntryFact(msgspec.Struct, frozen=True, gc=False):
    """The fact that an entry posts; its key is the idempotency key."""

    type: str
    key: str
    source: str
    account: str


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A posted journal entry: two or more lines that balance per currency.

    A line is an array of account code, side, amount in minor units and currency. `released` is the position at which
    the fact had been parked, 0 when it never was.

    Left away where they do not apply: `flags`, what a fact broke that would have refused a command; `hold` and
    `reverses`, positions of what was captured and of the entry taken back; `original_effective_at` and `closed_by`, the
    date as it was told and the position of the closing that moved it.
    """

    book: str
    position: int
    recorded_at: Time
    effective_at: str
    fact: EntryFact
    rule: str
    lines: tuple[Line, ...]
    released: int
    flags: tuple[str, ...] = ()
    hold: int = 0
    reverses: int = 0
    original_effective_at: str = ""
    closed_by: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """What was told of positions `first` to `last`: how many entries, their debits per currency, and a chained hash.

    The hash starts at 32 zero bytes and is SHA-256 over itself and the 32 bytes of each entry's content hash, in
    order; hexadecimal. Debits are minor units as decimal strings.
    """

    book: str
    first: int
    last: int
    recorded_at: Time
    entries: int
    debits: dict[str, str]
    hash: str


class PaymentTelling(msgspec.Struct, frozen=True, gc=False):
    """A fact of a payment, refund or dispute in the words of the source; amounts are arrays of amount and currency."""

    type: str
    key: str
    source: str
    account: str
    effective_at: str
    amounts: dict[str, Money] = {}
    links: dict[str, str] = {}
    status: str = ""
    delivery: str = ""
    attributes: dict[str, str] = {}
    metadata: dict[str, str] = {}


class PaymentFact(msgspec.Struct, frozen=True, gc=False):
    """A payment, refund or dispute was told; a repeated telling names the position of the first one in `of`.

    A repeated telling has no amounts: they are those of the first. `of` and `released` are 0 where they do not apply.
    """

    book: str
    position: int
    recorded_at: Time
    decision: Decision
    of: int
    released: int
    fact: PaymentTelling


class DeadLetter(msgspec.Struct, frozen=True):
    """An inbound record that could not be translated or posted, with the reason.

    `position` is that of the refusal in the book, 0 where the record never got so far. `body` is text as received,
    cards masked, or base64; it is omitted where it would not fit into a record, and stands in the store.
    """

    dead_letter_id: int
    book: str
    source: str
    account: str
    topic: str
    partition: int
    offset: int
    digest: str
    code: str
    detail: str
    position: int
    context: dict[str, str]
    attempts: int
    at: Time
    body_bytes: int
    body_encoding: Literal["utf-8", "base64", "omitted"]
    body: str


class Balance(msgspec.Struct, frozen=True):
    """What stands on an account in one currency: minor units as decimal strings; `balance` is debits less credits."""

    book: str
    account: str
    currency: str
    exponent: int
    debits: str
    credits: str
    balance: str
    entries: int
    position: int


class PaymentStatus(msgspec.Struct, frozen=True):
    """The status of a payment; amounts in minor units as decimal strings."""

    book: str
    payment: str
    source: str
    account: str
    status: str
    currency: str
    exponent: int
    amount: str
    refunded: str
    effective_at: str
    sightings: int
    position: int


class ReconciliationItem(msgspec.Struct, frozen=True):
    """A payout, or a bank line that names the gateway, and whether it agrees with what else is known.

    A bank line that turns out to belong to a known payout is an item no more: its key gets an empty value.
    """

    book: str
    kind: str
    item: str
    payout: str
    state: str
    reasons: list[str]
    currency: str
    exponent: int
    amount: str
    evidence: dict[str, Any]
    position: int


# Record type, as the header `type` says it -> its struct.
RECORD_TYPES: Final[dict[str, type[msgspec.Struct]]] = {
    "inbound_fact": Fact,
    "journal_batch": JournalBatch,
    "entry": Entry,
    "manifest": Manifest,
    "payment_fact": PaymentFact,
    "dead_letter": DeadLetter,
    "balance": Balance,
    "payment_status": PaymentStatus,
    "reconciliation_item": ReconciliationItem,
}
_encoder: Final = msgspec.json.Encoder()


def encode_record(record: msgspec.Struct) -> bytes:
    """The value in Kafka: JSON, every field present, in the order of the struct; the same record, the same bytes."""
    return _encoder.encode(record)


@lru_cache(maxsize=16)  # the events of one append share their recorded time
def time_of(recorded_at_us: int) -> datetime:
    """Microseconds since 1970 as a time in UTC, exact."""
    return _EPOCH + timedelta(microseconds=recorded_at_us)
