"""Disputes: opened, funds withdrawn and reinstated, won, lost or closed otherwise.

The events about funds carry the balance transactions of the dispute; each becomes a settlement fact too, because that
is where the dispute's fee stands. A dispute that was listed or fetched says by them whether its funds were withdrawn
and reinstated, whatever it has come to since.
"""

from typing import Final

from connectors.json_fields import JsonObject, expanded, optional_id, optional_whole, required_id, rows, text
from connectors.stripe_amounts import money
from connectors.stripe_envelope import StripeEnvelope
from connectors.stripe_settlement import settlement_fact
from ledger.facts import Fact

_TRANSITIONS: Final = {
    "charge.dispute.created": "opened",
    "charge.dispute.updated": "updated",
    "charge.dispute.funds_withdrawn": "funds_withdrawn",
    "charge.dispute.funds_reinstated": "funds_reinstated",
    "charge.dispute.closed": "closed",
}
# What a dispute tells that was fetched or listed: where it stands now.
_STATUSES: Final = {
    "needs_response": "opened",
    "under_review": "opened",
    "warning_needs_response": "opened",
    "warning_under_review": "opened",
    "won": "won",
    "lost": "lost",
    "warning_closed": "closed",
    "prevented": "closed",
    "charge_refunded": "closed",  # until 2016
}
# Whether a balance transaction of a dispute is above zero -> what it did.
_FUNDS: Final = {False: "funds_withdrawn", True: "funds_reinstated"}


def dispute_facts(envelope: StripeEnvelope, dispute: JsonObject) -> list[Fact]:
    """What a dispute tells, and its balance transactions where money moved."""
    status = text(dispute, "status")
    transition = _TRANSITIONS.get(envelope.type) if envelope.type else _STATUSES.get(status)
    if transition is None:
        return []
    if transition == "closed" and status in {"won", "lost"}:
        transition = status
    facts = [_fact(envelope, dispute, transition, status)]
    moved = rows(dispute, "balance_transactions")
    if not envelope.type:
        signs = {(optional_whole(row, "amount") or 0) > 0 for row in moved if row.get("amount")}
        facts += [_fact(envelope, dispute, _FUNDS[sign], status) for sign in sorted(signs)]
    if transition in _FUNDS.values() or not envelope.type:
        facts += [settlement_fact(envelope, row) for row in moved]
    return facts


def _fact(envelope: StripeEnvelope, dispute: JsonObject, transition: str, status: str) -> Fact:
    charge_id = optional_id(dispute, "charge")
    # Disputes had no ids until 2014: their charge names them, of which there was one dispute.
    dispute_id = optional_id(dispute, "id") or charge_id or required_id(dispute, "id")
    payment = (
        optional_id(dispute, "payment_intent")
        or optional_id(expanded(dispute, "charge"), "payment_intent")
        or charge_id
    )
    updated = transition == "updated"
    return envelope.fact_about(
        dispute,
        f"dispute.{transition}",
        f"{dispute_id}/updated/{_word(status)}" if updated else f"{dispute_id}/{transition}",
        effective_at=envelope.made(dispute) if transition == "opened" else envelope.happened(dispute),
        amounts={} if updated else {"gross": money(dispute, "amount")},
        links={"dispute": dispute_id, "payment": payment, "charge": charge_id},
        attributes={"reason": text(dispute, "reason")},
        # Under the name of its charge the payment answers.
        references=(envelope.reference(dispute_id),)
        if transition == "funds_withdrawn" and dispute_id != charge_id
        else (),
    )


def _word(status: str) -> str:
    return "".join(letter for letter in status[:60] if letter.isalnum() or letter == "_") or "unknown"
