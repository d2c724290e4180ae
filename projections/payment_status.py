"""The payment's state machine: a status that is a function of the set of facts told, never of their order.

Gateways deliver late, twice and out of order, so nothing here asks what came first. A fact counts when it was posted
or observed; one that is parked waits, one that was refused is only shown, a repeat adds a sighting.

    initiated < pending < authorized < succeeded        as far as the payment got
    failed, canceled                                    only while it has not succeeded
    partially_refunded, refunded                        by the sum of refunds that went through
    disputed                                            while a dispute is open
    reversed                                            once a dispute is lost, or it was returned or reversed
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ledger.facts import revised_key, revision_of

STATUSES: Final = (
    "unknown",
    "initiated",
    "pending",
    "authorized",
    "failed",
    "canceled",
    "succeeded",
    "partially_refunded",
    "refunded",
    "disputed",
    "reversed",
)

# How much a fact type says about the amount: a capture may be smaller than what was authorized.
_AMOUNT_RANK: Final = {
    "payment.succeeded": 6,
    "payment.authorized": 5,
    "payment.pending": 4,
    "payment.initiated": 3,
    "payment.canceled": 2,
    "payment.failed": 1,
}
_COUNTING: Final = ("posted", "observed")
_OPENING: Final = frozenset({"dispute.opened", "dispute.funds_withdrawn"})
_TAKEN_BACK: Final = frozenset({"payment.returned", "payment.reversed"})
_CLOSING: Final = frozenset({"dispute.won", "dispute.lost", "dispute.closed", "dispute.funds_reinstated"})


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """One telling about a payment, as it stands in the timeline.

    Attributes:
        kind: ``posted``, ``observed``, ``repeated``, ``parked`` or ``refused``.
        amount_minor: gross in minor units; None where none was told.
        object: id of the refund or dispute it speaks of, empty for the payment itself.
    """

    position: int
    kind: str
    type: str
    key: str
    source: str
    account: str
    effective_at: str
    recorded_at_us: int
    amount_minor: int | None
    currency: str
    status: str
    delivery: str
    object: str


class PaymentState(msgspec.Struct, frozen=True, gc=False):
    """What a payment's sightings add up to; amounts in minor units of `currency`."""

    source: str
    account: str
    status: str
    currency: str
    amount_minor: int
    refunded_minor: int
    effective_at: str


def payment_state(sightings: Sequence[Sighting]) -> PaymentState:
    """The state that these sightings, one or more in any order, add up to."""
    only = sightings[0]
    if len(sightings) == 1 and only.kind in _COUNTING and only.type in _AMOUNT_RANK:
        # Most payments, when they are new: what their one fact says, found at once.
        status = only.type.removeprefix("payment.")
        amount_minor = only.amount_minor or 0
        return PaymentState(only.source, only.account, status, only.currency, amount_minor, 0, only.effective_at)
    facts = {sighting.key: sighting for sighting in sightings if sighting.kind in _COUNTING}
    if len(facts) > 1 and any("@" in key for key in facts):
        facts = _latest_readings(facts)
    best = only if len(sightings) == 1 else _best(sightings, facts)
    is_payment = best.type in _AMOUNT_RANK and best.key in facts
    amount_minor = (best.amount_minor or 0) if is_payment else 0
    if {fact.type for fact in facts.values()} <= _AMOUNT_RANK.keys():  # most payments: nothing refunded or disputed
        refunded_minor, status = 0, _progress(sightings, facts)
    else:
        refunded_minor = _refunded_minor(facts, best.currency)
        status = _status(sightings, facts, amount_minor, refunded_minor)
    effective_at = min([sighting.effective_at for sighting in sightings])
    return PaymentState(best.source, best.account, status, best.currency, amount_minor, refunded_minor, effective_at)


def _latest_readings(facts: dict[str, Sighting]) -> dict[str, Sighting]:
    """Without the facts that were read again and told anew under a later revision of their key."""
    replaced: set[str] = set()
    for key in facts:
        base, revision = revision_of(key)
        if revision > 1 and base in facts:
            replaced.update(revised_key(base, earlier) for earlier in range(1, revision))
    return {key: fact for key, fact in facts.items() if key not in replaced}


def _best(sightings: Sequence[Sighting], facts: dict[str, Sighting]) -> Sighting:
    """The telling that says most about the amount; the words that decide a tie are the same in any order."""
    return max(
        sightings,
        key=lambda told: (
            told.key in facts and told.amount_minor is not None,
            _AMOUNT_RANK.get(told.type, 0),
            told.effective_at,
            told.key,
            told.source,
            told.account,
        ),
    )


def _status(sightings: Sequence[Sighting], facts: dict[str, Sighting], amount_minor: int, refunded_minor: int) -> str:
    disputes: dict[str, set[str]] = {}
    for fact in facts.values():
        if fact.type.startswith("dispute."):
            disputes.setdefault(fact.object, set()).add(fact.type)
    if any("dispute.lost" in told for told in disputes.values()):
        return "reversed"
    if any(fact.type in _TAKEN_BACK for fact in facts.values()):
        return "reversed"
    if any(told & _OPENING and not told & _CLOSING for told in disputes.values()):
        return "disputed"
    if refunded_minor > 0:
        return "refunded" if 0 < amount_minor <= refunded_minor else "partially_refunded"
    return _progress(sightings, facts)


def _progress(sightings: Sequence[Sighting], facts: dict[str, Sighting]) -> str:
    """How far the payment itself got. It can fail many times: a failure holds until a later attempt is told."""
    latest_at: dict[str, str] = {}
    for sighting in sightings:
        if sighting.key in facts:
            latest_at[sighting.type] = max(latest_at.get(sighting.type, ""), sighting.effective_at)
    if "payment.succeeded" in latest_at:
        return "succeeded"
    if "payment.canceled" in latest_at:
        return "canceled"
    attempt_at = max(latest_at.get("payment.pending", ""), latest_at.get("payment.authorized", ""))
    if latest_at.get("payment.failed", "") >= attempt_at and "payment.failed" in latest_at:
        return "failed"
    for status in ("authorized", "pending", "initiated"):
        if f"payment.{status}" in latest_at:
            return status
    return "unknown"


def _refunded_minor(facts: dict[str, Sighting], currency: str) -> int:
    failed = {fact.object for fact in facts.values() if fact.type == "refund.failed"}
    return sum(
        fact.amount_minor or 0
        for fact in facts.values()
        if fact.type == "refund.succeeded" and fact.object not in failed and fact.currency == currency
    )
