"""`payments.facts`: what the sources told of payments, refunds and disputes, one record a telling.

Repeated tellings are there too, because somebody else's timeline wants to know who told it again. What is parked
appears once it is decided; what is refused stands in the dead letters.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ledger.errors import BrokenLaw
from ledger.events import FactRepeated, Recorded
from streams.publication import Outgoing, State
from streams.records import Decision, PaymentFact, PaymentTelling, encode_record, time_of

KINDS: Final = ("payment.", "refund.", "dispute.")


class PaymentFactStream:
    """The stream `payments.facts`."""

    name: Final = "payments.facts"

    def publish(self, book: str, events: Sequence[Recorded], state: State) -> tuple[list[Outgoing], State]:
        """One record per decided or repeated fact of `KINDS`."""
        previous = int(state.get("previous", 0))
        records = []
        for event in events:
            told = _told(event)
            if told is not None:
                records.append(Outgoing.of(book, event.position, previous, "payment_fact", encode_record(told)))
                previous = event.position
        return records, {"previous": previous}


class _Decided(msgspec.Struct, gc=False):
    """The part of an `EntryPosted` or a `FactObserved` that is told here."""

    fact: PaymentTelling
    released: int = 0


_decided: Final = msgspec.json.Decoder(_Decided)
_repeated: Final = msgspec.json.Decoder(FactRepeated)


def _told(event: Recorded) -> PaymentFact | None:
    try:
        if event.type in ("EntryPosted", "FactObserved"):
            decided = _decided.decode(event.body)
            if not decided.fact.type.startswith(KINDS):
                return None
            decision: Decision = "posted" if event.type == "EntryPosted" else "observed"
            return _record(event, decision, decided.fact, released=decided.released)
        if event.type == "FactRepeated":
            repeated = _repeated.decode(event.body)
            if not repeated.type.startswith(KINDS):
                return None
            telling = PaymentTelling(
                type=repeated.type,
                key=repeated.key,
                source=repeated.source,
                account=repeated.account,
                effective_at=repeated.effective_at,
                links=repeated.links,
                status=repeated.status,
                delivery=repeated.delivery,
                attributes=repeated.attributes,
            )
            return _record(event, "repeated", telling, of=repeated.of)
    except msgspec.DecodeError as error:
        raise BrokenLaw(f"{event.book}/{event.position}: the body of a {event.type} cannot be read: {error}") from error
    return None


def _record(
    event: Recorded, decision: Decision, fact: PaymentTelling, *, of: int = 0, released: int = 0
) -> PaymentFact:
    # In the order of the fields: named ones cost twice as much.
    return PaymentFact(event.book, event.position, time_of(event.recorded_at_us), decision, of, released, fact)
