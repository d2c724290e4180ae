"""Facts: what the outside world told, in our words, before anybody decided what it means for the accounts.

A fact is keyed by source account, object and transition, not by the delivery that brought it: the two events in which
a gateway tells the same money share one key (law 3). Compared content is type, amounts and links; the rest of a second
telling is a further sighting.
"""

import re
from hashlib import blake2b
from typing import Final

import msgspec

from ledger.errors import FactError, MoneyError
from ledger.money import Money

KEY_CHARS_MAX: Final = 512
LINK_CHARS_MAX: Final = 256  # projections index links, two in one index: at most 1,024 bytes each

# Fact types of this version; connectors may only produce these. Anything a connector does not know is an
# `event.observed`, which is kept for the timeline and posts nothing.
FACT_TYPES: Final = frozenset(
    {
        "payment.initiated",
        "payment.pending",
        "payment.authorized",
        "payment.succeeded",
        "payment.failed",
        "payment.canceled",
        "payment.returned",
        "payment.reversed",
        "refund.pending",
        "refund.succeeded",
        "refund.failed",
        "refund.canceled",
        "dispute.opened",
        "dispute.updated",
        "dispute.funds_withdrawn",
        "dispute.funds_reinstated",
        "dispute.won",
        "dispute.lost",
        "dispute.closed",
        "payout.initiated",
        "payout.paid",
        "payout.failed",
        "payout.canceled",
        "transfer.initiated",
        "transfer.pending",
        "transfer.succeeded",
        "transfer.failed",
        "transfer.canceled",
        "transfer.returned",
        "transfer.reversed",
        "reserve.held",
        "reserve.released",
        "settlement.recorded",
        "bank.statement.received",
        "bank.line.booked",
        "bank.line.pending",
        "event.observed",
    }
)


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One thing that happened outside, told once or many times.

    Attributes:
        type: one of `FACT_TYPES`, for example ``payment.succeeded``.
        key: idempotency key: source, source account, object and transition, for example
            ``stripe/acct_1/pi_1/succeeded``.
        source: the gateway or bank format that told it, for example ``stripe``.
        account: the account at the source, for example ``acct_1`` or an IBAN.
        effective_at: when it counts, RFC 3339 in UTC or a date.
        amounts: named money: ``gross``, ``fee``, ``net``, ``source`` (the amount before a conversion), ...
        links: what it belongs to, as the source's ids: ``payment``, ``charge``, ``refund``, ``dispute``, ``payout``,
            ``transfer``, ``transaction``, ``statement``, ...
        references: names under which later facts may ask for this one (see `needs`).
        needs: a reference that must be known before this fact can be decided; until then it is parked.
        status: the source's own status word.
        delivery: id of the delivery that told it (``evt_..``); not compared.
        attributes: other words of the source that matching needs; not compared, no personal data.
        metadata: the caller's own metadata, as it travelled through the source; not compared.
    """

    # In the order of the alphabet: declared as they are written, they need no sorting each time (`encode_fact`).
    account: str
    amounts: dict[str, Money] = {}
    attributes: dict[str, str] = {}
    delivery: str = ""
    effective_at: str
    key: str
    links: dict[str, str] = {}
    metadata: dict[str, str] = {}
    needs: str = ""
    references: tuple[str, ...] = ()
    source: str
    status: str = ""
    type: str


_REVISION: Final = re.compile(r"[1-9][0-9]{0,5}")
_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(Fact)


# Canonical JSON of a fact: keys sorted, no spaces, amounts as strings.
encode_fact: Final = _encoder.encode


def decode_fact(raw: bytes) -> Fact:
    """Read and validate a fact; raises `FactError` naming what is wrong."""
    try:
        fact = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FactError(f"not a fact: {error}") from error
    check_fact(fact)
    return fact


def check_fact(fact: Fact) -> None:
    """Raise `FactError` when a fact breaks its contract."""
    if fact.type not in FACT_TYPES:
        raise FactError(f"type: {fact.type[:80]!r} is not a known fact type")
    if not fact.key or len(fact.key) > KEY_CHARS_MAX:
        raise FactError(f"key: must have 1 to {KEY_CHARS_MAX} characters, has {len(fact.key)}")
    if not fact.source or not fact.account or not fact.effective_at:
        raise FactError("source, account and effective_at must not be empty")
    for name, link in fact.links.items():
        if len(link) > LINK_CHARS_MAX or len(name) > LINK_CHARS_MAX:
            raise FactError(f"links.{name[:80]}: has more than {LINK_CHARS_MAX} characters")
    for name, money in fact.amounts.items():
        try:
            money.check()
        except MoneyError as error:
            raise FactError(f"amounts.{name[:80]}: {error}") from error


def name_digest(name: str) -> bytes:
    """The 16 bytes under which a key or reference is stored: BLAKE2b-128 of its UTF-8 text."""
    return blake2b(name.encode(), digest_size=16).digest()


def reference_digest(reference: str) -> bytes:
    """As `name_digest`, in a name space of its own, so that a reference never collides with a key."""
    return blake2b(reference.encode(), digest_size=16, person=b"reference").digest()


def command_digest(key: str) -> bytes:
    """As `name_digest` for the key of a command: a caller's key never collides with that of a fact."""
    return blake2b(key.encode(), digest_size=16, person=b"command").digest()


def closing_digest(hold: str) -> bytes:
    """The one place on record for the end of the hold with this key: captured, released or expired, never two."""
    return blake2b(hold.encode(), digest_size=16, person=b"closing").digest()


def revised_key(key: str, revision: int) -> str:
    """The key of a later reading of a fact: ``<key>@2``, ``<key>@3``; revision 1 is the fact itself."""
    return key if revision == 1 else f"{key}@{revision}"


def revision_of(key: str) -> tuple[str, int]:
    """Key of the first reading and the number of this one; whoever asks knows whether the first one was ever told."""
    base, _, number = key.rpartition("@")
    return (base, int(number)) if base and _REVISION.fullmatch(number) and number != "1" else (key, 1)


def differing_field(first: Fact, second: Fact) -> str:
    """The compared field in which two tellings of one key contradict each other, or an empty string.

    Links, and the amount before a conversion (`source`), are compared where both tellings have them: a telling that
    knows less contradicts nothing.
    """
    if first.type != second.type:
        return "type"
    if first.amounts != second.amounts:
        for name in sorted(first.amounts.keys() | second.amounts.keys()):
            if name == "source" and not (name in first.amounts and name in second.amounts):
                continue
            if first.amounts.get(name) != second.amounts.get(name):
                return f"amounts.{name}"
    for name in sorted(first.links.keys() & second.links.keys()):
        if first.links[name] != second.links[name]:
            return f"links.{name}"
    return ""
