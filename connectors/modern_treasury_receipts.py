"""Money that others moved through our accounts: incoming payment details, and checks in a lockbox (paper items).

``credit`` is money that came to us, ``debit`` money that somebody pulled. Our return of one is told by its status; a
return that did not work out is told below zero and needs the return it undoes.
"""

from typing import Final

from connectors.connector import Telling
from connectors.json_fields import JsonObject, numbered_id, required_numbered_id, text
from connectors.modern_treasury_envelope import TreasuryEnvelope, day, direction_of, money, negative, sum_word
from connectors.modern_treasury_manifest import MANIFEST
from ledger.facts import Fact

_STATE_OF_EVENT: Final = {"created": "pending", "completed": "completed", "returned": "returned"}
_IMPLIED: Final = {"pending": ("pending",), "completed": ("completed",), "returned": ("completed", "returned")}
_WORDS: Final = {"pending": "pending", "completed": "succeeded", "returned": "returned"}


def receipt_facts(envelope: TreasuryEnvelope, receipt: JsonObject, kind: str, telling: Telling) -> list[Fact]:
    """What a receipt tells; none for a status that nobody has mapped."""
    if envelope.event == "return_failed" or telling.stream == "return_failed":
        return [_return_failed_fact(envelope, receipt, kind)]
    state = text(receipt, "status") or _STATE_OF_EVENT.get(envelope.event, "")
    if MANIFEST.status(kind, state) is None:
        return []
    return [_fact(envelope, receipt, kind, transition) for transition in _IMPLIED[state]]


def _fact(envelope: TreasuryEnvelope, receipt: JsonObject, kind: str, transition: str) -> Fact:
    receipt_id, gross = required_numbered_id(receipt, "id"), money(receipt)
    key = f"{receipt_id}/{transition}"
    if transition == "pending":
        key = f"{key}/{sum_word(gross)}"
    moved_on = "" if transition == "returned" else day(receipt, "as_of_date", "deposit_date")
    return envelope.told(
        receipt,
        f"{_family(receipt, kind)}.{_WORDS[transition]}",
        key,
        gross,
        effective_at=moved_on or envelope.at,
        attributes=_attributes(receipt, kind, transition),
        references=() if transition == "pending" else (envelope.reference(key),),
    )


def _return_failed_fact(envelope: TreasuryEnvelope, receipt: JsonObject, kind: str) -> Fact:
    receipt_id = required_numbered_id(receipt, "id")
    return envelope.told(
        receipt,
        f"{_family(receipt, kind)}.returned",
        f"{receipt_id}/return_failed",
        negative(money(receipt)),
        effective_at=envelope.at,
        attributes=_attributes(receipt, kind, "return_failed"),
        needs=envelope.reference(f"{receipt_id}/returned"),
    )


def _family(receipt: JsonObject, kind: str) -> str:
    if kind == "paper_item" and receipt.get("direction") is None:
        return "payment"  # a check that somebody sent us
    return "payment" if direction_of(receipt, into="credit") == "in" else "transfer"


def _attributes(receipt: JsonObject, kind: str, transition: str) -> dict[str, str]:
    return {
        "object": kind,
        "transition": transition,
        "receiver": "other",
        "direction": text(receipt, "direction"),
        "transaction": numbered_id(receipt, "transaction_id"),
        "reconciliation_status": text(receipt, "reconciliation_status"),
        "internal_account": numbered_id(receipt, "internal_account_id"),
        "virtual_account": numbered_id(receipt, "virtual_account_id"),
        "vendor_id": text(receipt, "vendor_id"),
    }
