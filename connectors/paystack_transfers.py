"""Transfers out of the balance to others: sent, arrived, failed or reversed, and what they cost.

No webhook says that a transfer was sent, so every telling of its end says that, too: the money leaves our balance once,
under one key, whichever comes first. A transfer that waits for a one-time password has not left it.

A transfer that failed may have been said to have succeeded, and may be said to be reversed as well. So both tell the
same way back: ``transfer.reversed``, which waits for the success that it undoes, and ``transfer.returned``, the money
in our balance again, under one key.
"""

from connectors.envelope import Envelope
from connectors.errors import TranslationError
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, expanded, numbered_id, text
from connectors.paystack_fields import (
    changed_at,
    computed_money,
    currency_of,
    exactly_told,
    key_part,
    made_at,
    metadata_of,
    reference_of,
    required_money,
    status_of,
)
from connectors.paystack_manifest import MANIFEST
from ledger.facts import Fact
from ledger.money import Money


def transfer_facts(envelope: Envelope, transfer: JsonObject, *, word: str = "") -> list[Fact]:
    """What a transfer tells; `word` is its status where the object does not say."""
    code, reference = reference_of(transfer, "transfer_code"), reference_of(transfer, "reference")
    named = key_part(code) if code else f"transfer:{key_part(reference or numbered_id(transfer, 'id'))}"
    if not (code or reference or numbered_id(transfer, "id")):
        raise TranslationError("field_missing", "a transfer needs its code, its reference or its id")
    status = status_of(transfer) or word
    state = MANIFEST.status("transfer", status)
    if state is None:
        at = changed_at(transfer)
        return [envelope.observed(named, status, effective_at=at, status=status, kind="transfer")]
    gross = required_money(transfer, "amount", currency_of(transfer))

    arrival = envelope.reference(named)

    def told(fact_type: str, transition: str, at: str, **attributes: str) -> Fact:
        return envelope.fact(
            f"transfer.{fact_type}",
            f"{named}/{transition}",
            effective_at=at,
            amounts={"gross": gross},
            links={"transfer": code or reference, "transfer_reference": reference},
            status=status,
            attributes={
                **attributes,
                "transfer_id": numbered_id(transfer, "id"),
                "recipient": text(expanded(transfer, "recipient"), "recipient_code") or text(transfer, "recipient"),
                "session": text(expanded(transfer, "session"), "id"),
                "gateway_response": text(transfer, "gateway_response"),
            },
            metadata=metadata_of(transfer),
            references=(arrival,) if fact_type == "succeeded" else (),
            needs=arrival if fact_type == "reversed" else "",
        )

    if status == "otp":
        return [told("pending", "otp", made_at(transfer))]
    sent = told("pending", "pending", made_at(transfer), balance="debited")
    arrived_at = iso_instant(transfer, "transferred_at") or changed_at(transfer)
    back = [told(each, each, changed_at(transfer)) for each in ("returned", "reversed")]
    match state:
        case "pending":
            return [sent]
        case "failed":
            return [sent, *back, told("failed", "failed", changed_at(transfer))]
        case "reversed":
            return [sent, told("succeeded", "succeeded", arrived_at), *back]
    return [sent, told("succeeded", "succeeded", arrived_at), *_cost(envelope, transfer, named, gross, arrived_at)]


def _cost(envelope: Envelope, transfer: JsonObject, named: str, gross: Money, at: str) -> list[Fact]:
    """What Paystack took for the transfer, where it took something."""
    fee = computed_money(transfer, "fee_charged", gross.currency)
    if fee is None or not fee.minor:
        return []
    amounts = {
        "gross": Money.of(-gross.minor, gross.currency),
        "fee": fee,
        "net": Money.of(-gross.minor - fee.minor, gross.currency),
    }
    return [
        envelope.fact(
            "settlement.recorded",
            f"{named}/recorded",
            effective_at=at,
            amounts=amounts,
            links={"category": "transfer", "source": named, "transaction": named},
            status=status_of(transfer),
            attributes={
                "settlement_currency": gross.currency,
                **exactly_told(transfer, gross.currency, fee="fee_charged"),
            },
        )
    ]
