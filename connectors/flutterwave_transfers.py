"""Transfers: money that leaves our balance for others, and what comes back.

Flutterwave takes the sum when it begins to send, so whatever tells a transfer that was sent tells `transfer.initiated`
as well. A transfer may fail after it was said to have succeeded (version 3 repeats the hook with ``FAILED``, version 4
says ``transfer.reversal``). So a failure tells two facts: `transfer.failed` gives the sum back to the balance, and
`transfer.reversed`, which needs the success and otherwise waits for ever, takes back what the success posted. In any
order the accounts come out even.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.flutterwave_amounts import currency_of, exact_money
from connectors.flutterwave_envelope import (
    FlutterwaveEnvelope,
    first_text,
    key_of,
    link,
    loose_instant,
    metadata_of,
    required_object_id,
)
from connectors.flutterwave_statuses import status_of
from connectors.flutterwave_transfer_costs import cost_facts, reconversion_facts
from connectors.json_fields import JsonObject, expanded, text
from ledger.facts import Fact
from ledger.money import Money

_UNSENT: Final = ("0", "false", "no")


def transfer_facts(envelope: FlutterwaveEnvelope, transfer: JsonObject) -> list[Fact]:
    """What a transfer tells: how far it got, what it cost, and that it came back."""
    transfer_id = required_object_id(transfer, "id")
    status = status_of("transfer", transfer)
    if status is None:
        return [envelope.seen("transfer", transfer, text(transfer, "status"))]
    gross = _gross(transfer)
    if _waits_for_approval(transfer) and status in ("initiated", "pending"):
        return [_fact(envelope, transfer, transfer_id, "pending", gross)]
    reversal = expanded(transfer, "reversal")
    had_succeeded = text(reversal, "initial_status").upper() == "SUCCESSFUL"
    facts = [_fact(envelope, transfer, transfer_id, "initiated", gross)]
    if status == "pending":
        facts.append(_fact(envelope, transfer, transfer_id, "pending", gross))
    if status == "succeeded" or had_succeeded:
        facts.append(_fact(envelope, transfer, transfer_id, "succeeded", gross))
        facts += cost_facts(envelope, transfer, transfer_id, gross)
    if status == "failed" or (reversal and text(reversal, "reconciliation_status").upper() == "REVERSED"):
        facts.append(_fact(envelope, transfer, transfer_id, "failed", gross))
        facts.append(_fact(envelope, transfer, transfer_id, "reversed", gross))
        facts += reconversion_facts(envelope, transfer, transfer_id, gross)
    return facts


def _fact(envelope: FlutterwaveEnvelope, transfer: JsonObject, transfer_id: str, state: str, gross: Money) -> Fact:
    named = key_of("transfer", transfer_id)
    reference = envelope.reference(named)
    at = loose_instant(expanded(transfer, "reversal"), "reversal_datetime") if state in ("failed", "reversed") else ""
    began = state in ("initiated", "pending")
    return envelope.fact(
        f"transfer.{state}",
        f"{named}/{state}",
        effective_at=at or (envelope.made(transfer) if began else envelope.happened(transfer)),
        amounts={"gross": gross},
        links={"transfer": transfer_id, "reference": link(first_text(transfer, "reference"))},
        status=text(transfer, "status"),
        attributes={
            "complete_message": first_text(transfer, "complete_message")
            or text(expanded(transfer, "provider_response"), "type"),
            "debit_currency": first_text(transfer, "debit_currency", "source_currency"),
            "reconciliation_status": text(expanded(transfer, "reversal"), "reconciliation_status"),
        },
        metadata=metadata_of(transfer),
        references=(reference,) if state == "succeeded" else (),
        needs=reference if state == "reversed" else "",
    )


def _gross(transfer: JsonObject) -> Money:
    """What is sent: in the receiver's currency, or in ours where the sender fixed that (version 4)."""
    amount = transfer.get("amount")
    told = expanded(transfer, "amount") if isinstance(amount, dict) else {"value": amount}
    fields = ["destination_currency", "currency", "source_currency"]
    if text(told, "applies_to") == "source_currency":
        fields.insert(0, "source_currency")
    currency = currency_of(transfer, *fields)
    if not currency:
        raise TranslationError("field_missing", "currency is missing")
    return exact_money({"amount": told.get("value")}, currency, "amount")


def _waits_for_approval(transfer: JsonObject) -> bool:
    """Nothing leaves our balance before somebody of ours approves."""
    requires, approved = (str(transfer.get(name)).lower() for name in ("requires_approval", "is_approved"))
    return requires in ("1", "true") and approved in _UNSENT
