"""Disputes: opened, updated, and what PayPal decided.

A dispute moves no money by itself: the funds that PayPal holds, takes and gives back are transactions of their own,
told by reversals and by the report. What a lost dispute says is who bears the loss, and how much of the disputed sum
the buyer got, where it says that.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.instants import unix_ms_instant
from connectors.json_fields import JsonObject, expanded, rows, text, word
from connectors.paypal_amounts import optional_money, shown, size
from connectors.paypal_envelope import PayPalEnvelope, plain_id, status_of
from connectors.paypal_manifest import MANIFEST
from ledger.facts import Fact

_OPENED: Final = frozenset({"CUSTOMER.DISPUTE.CREATED", "RISK.DISPUTE.CREATED"})
_OUTCOMES: Final = {
    "RESOLVED_BUYER_FAVOUR": "lost",
    "RESOLVED_BUYER_FAVOR": "lost",
    "ACCEPTED": "lost",
    "RESOLVED_SELLER_FAVOUR": "won",
    "RESOLVED_SELLER_FAVOR": "won",
    "DENIED": "won",
    "RESOLVED_WITH_PAYOUT": "closed",  # PayPal bears it
    "CANCELED_BY_BUYER": "closed",
    "NONE": "closed",
}


def dispute_facts(envelope: PayPalEnvelope, dispute: JsonObject) -> list[Fact]:
    """What a dispute tells; none for a status or an outcome that nobody has mapped."""
    dispute_id = plain_id(dispute.get("dispute_id")) or plain_id(dispute.get("id"))
    if not dispute_id:
        raise TranslationError("field_missing", "dispute_id is missing")
    status = status_of(dispute, "status", "dispute_status")
    outcome = text(expanded(dispute, "dispute_outcome"), "outcome_code")
    opened = envelope.type in _OPENED
    if status and status.upper() not in MANIFEST.statuses["dispute"]:
        return []
    if outcome and outcome.upper() not in _OUTCOMES:
        return []
    resolved = status.upper() == "RESOLVED" or envelope.type == "CUSTOMER.DISPUTE.RESOLVED"
    if not resolved and envelope.type and not opened:
        return [_fact(envelope, dispute, dispute_id, "updated", status)]
    facts = []
    if opened or not envelope.type:
        facts.append(_fact(envelope, dispute, dispute_id, "opened", status))
    if resolved and (outcome or envelope.type):
        facts.append(_fact(envelope, dispute, dispute_id, _OUTCOMES.get(outcome.upper(), "closed"), outcome or status))
    return facts


def _fact(envelope: PayPalEnvelope, dispute: JsonObject, dispute_id: str, transition: str, status: str) -> Fact:
    disputed = optional_money(dispute, "dispute_amount")
    refunded = optional_money(expanded(dispute, "dispute_outcome"), "amount_refunded")
    if disputed is None and transition != "updated":
        raise TranslationError("amount_missing", "dispute_amount is missing")
    transactions = rows(dispute, "disputed_transactions")
    payment = next((found for each in transactions if (found := plain_id(each.get("seller_transaction_id")))), "")
    made_at = unix_ms_instant(dispute, "dispute_creation_date") or envelope.made(dispute)
    channel = dispute.get("dispute_channel")
    return envelope.fact_about(
        transactions[0] if transactions else {},
        f"dispute.{transition}",
        f"{dispute_id}/updated/{word(status) or 'unknown'}"
        if transition == "updated"
        else f"{dispute_id}/{transition}",
        effective_at=made_at if transition == "opened" else envelope.happened(dispute),
        amounts=({} if transition == "updated" or disputed is None else {"gross": size(disputed)})
        | ({"refunded": size(refunded)} if transition == "lost" and refunded else {}),
        links={"dispute": dispute_id, "payment": payment or plain_id(dispute.get("seller_payment_id"))},
        status=status,
        attributes={
            "reason": text(dispute, "reason"),
            "stage": text(dispute, "dispute_life_cycle_stage"),
            "channel": channel if isinstance(channel, str) else "",
            "outcome": text(expanded(dispute, "dispute_outcome"), "outcome_code"),
            "refunded": shown(refunded),
        },
    )
