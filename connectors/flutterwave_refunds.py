"""Refunds: pending, paid out of our balance, or failed; several words of one state are one fact.

Neither version says a refund's currency: it is that of its payment. A row without one is kept for the timeline, and
its payment is fetched for it (`connectors.flutterwave_currency`).
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.flutterwave_amounts import currency_of, exact_money, money
from connectors.flutterwave_envelope import (
    FlutterwaveEnvelope,
    first_text,
    is_path_safe,
    key_of,
    metadata_of,
    object_id,
    required_object_id,
)
from connectors.flutterwave_statuses import status_of
from connectors.json_fields import JsonObject, expanded, text
from ledger.facts import Fact
from ledger.money import Money

AMOUNTS: Final = ("amount_refunded", "AmountRefunded", "amountRefunded", "amount")
PAYMENTS: Final = ("tx_id", "transaction_id", "TransactionId", "transactionId", "charge_id", "charge")
SETTLEMENTS: Final = ("settlement_id", "settlementId")

_TYPES: Final = {"pending": "pending", "succeeded": "succeeded", "failed": "failed"}


def refund_facts(envelope: FlutterwaveEnvelope, refund: JsonObject) -> list[Fact]:
    """What a refund tells, and what it takes out of a settlement that names it."""
    refund_id = required_object_id(refund, "id")
    status = status_of("refund", refund)
    currency = currency_of(refund, "currency")
    if status is None or not currency:
        check_asks_for_payment(refund, status)
        return [envelope.seen("refund", refund, text(refund, "status"))]
    state = _TYPES[status]
    gross = exact_money(refund, currency, *AMOUNTS)
    named = key_of("refund", refund_id)
    reference = envelope.reference(named)
    undone = state == "failed"
    facts = [
        envelope.fact(
            f"refund.{state}",
            f"{named}/{state}",
            # Our balance pays when a refund is made; that it did not work out is learnt later.
            effective_at=envelope.happened(refund) if undone else envelope.made(refund),
            amounts={"gross": gross},
            links={"refund": refund_id, "payment": object_id(refund, *PAYMENTS)},
            status=text(refund, "status"),
            attributes={
                "flw_ref": first_text(refund, "flw_ref", "FlwRef", "flwRef"),
                "destination": first_text(refund, "destination"),
                "reason": first_text(refund, "reason"),
                "disburse_status": first_text(expanded(refund, "meta"), "disburse_status"),
            },
            metadata=metadata_of(refund),
            references=(reference,) if state == "succeeded" else (),
            # A refund that fails gives back money only if its success took it.
            needs=reference if undone else "",
        )
    ]
    payout = settlement_of(refund)
    if state == "succeeded" and payout:
        facts.append(taken(envelope, refund, "refund", refund_id, gross, payout))
    return facts


def check_asks_for_payment(owner: JsonObject, status: str | None) -> None:
    """Raise `TranslationError` where money moved and its currency can never be learnt: it must not go unnoticed."""
    if status is None:
        return
    if not is_path_safe(required_object_id(owner, *PAYMENTS)):
        raise TranslationError("id_malformed", "the payment's id cannot be asked for")
    if all(owner.get(name) is None for name in AMOUNTS):
        raise TranslationError("field_missing", f"{AMOUNTS[0]} is missing")


def settlement_of(owner: JsonObject) -> str:
    """The settlement that an object was taken out of; ``NEW`` says that there is none yet."""
    named = object_id(owner, *SETTLEMENTS)
    return "" if named.upper() in ("NEW", "NONE", "N-A", "0") else named


def taken(envelope: FlutterwaveEnvelope, owner: JsonObject, kind: str, named: str, gross: Money, payout: str) -> Fact:
    """The row that a refund or a chargeback is in the contents of a settlement; it moves nothing by itself."""
    less, zero = money(-gross.minor, gross.currency), money(0, gross.currency)
    return envelope.fact(
        "settlement.recorded",
        f"{key_of(kind, named)}/recorded",
        effective_at=envelope.made(owner),
        amounts={"gross": less, "fee": zero, "net": less},
        links={"transaction": key_of(kind, named), "category": kind, "source": named, "payout": payout},
        status=text(owner, "status"),
        attributes={"settlement_currency": gross.currency},
    )
