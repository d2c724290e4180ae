"""Settlements as payouts: what Flutterwave pays of our collections to our bank, or moves into our wallet there.

A settlement of which the wallet is the destination leaves Flutterwave's books not at all; ``links.category`` says
``bank`` or ``wallet``, and the posting rules post the first alone. While a settlement is pending its sum still grows,
so that sum stands in the key.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.flutterwave_amounts import currency_of, signed_money
from connectors.flutterwave_envelope import FlutterwaveEnvelope, first_text, key_of, loose_instant, required_object_id
from connectors.flutterwave_payments import content_facts
from connectors.flutterwave_statuses import status_of
from connectors.json_fields import JsonObject, decimal_text, rows, text
from ledger.facts import Fact

_STATES: Final = {"pending": "initiated", "succeeded": "paid", "failed": "failed"}
_TOTALS: Final = ("gross_amount", "app_fee", "merchant_fee", "stampduty_charge", "refund", "chargeback")


def payout_facts(envelope: FlutterwaveEnvelope, settlement: JsonObject) -> list[Fact]:
    """What a settlement tells, and the fees of each payment that it lists."""
    settlement_id = required_object_id(settlement, "id")
    status = status_of("settlement", settlement)
    if status is None:
        return [envelope.seen("settlement", settlement, text(settlement, "status"))]
    currency = currency_of(settlement, "currency")
    if not currency:
        raise TranslationError("field_missing", "currency is missing")
    state = _STATES[status]
    if state == "initiated" and settlement.get("net_amount") is None:
        return [envelope.seen("settlement", settlement, text(settlement, "status"))]  # not summed up yet
    gross = signed_money(settlement, currency, "net_amount")
    named = key_of("settlement", settlement_id)
    reference = envelope.reference(named)
    paid_on = loose_instant(settlement, "processed_date", "processed_datetime", "due_date", "due_datetime")
    facts = [
        envelope.fact(
            f"payout.{state}",
            f"{named}/{state}/{gross.amount}-{gross.currency}" if state == "initiated" else f"{named}/{state}",
            effective_at=(paid_on if state == "paid" else "") or envelope.happened(settlement),
            amounts={"gross": gross},
            links={"payout": settlement_id, "category": _goes_to(settlement)},
            status=text(settlement, "status"),
            attributes={
                "arrival_date": paid_on[:10],
                "trace_id": first_text(settlement, "disburse_ref", "processor_ref"),
                "destination": first_text(settlement, "destination"),
                "transactions": first_text(settlement, "transaction_count", "charge_count"),
                **{name: decimal_text(settlement.get(name)) for name in _TOTALS},
            },
            references=(reference,) if state == "paid" else (),
            # What came back undoes what was paid; what was never paid has nothing to undo.
            needs=reference if state == "failed" else "",
        )
    ]
    if state == "paid":
        for row in rows(settlement, "transactions"):
            facts += content_facts(envelope, {"currency": currency, **row}, settlement_id)
    return facts


def _goes_to(settlement: JsonObject) -> str:
    return "wallet" if "wallet" in first_text(settlement, "destination").lower() else "bank"
