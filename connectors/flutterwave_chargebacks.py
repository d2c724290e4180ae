"""Chargebacks: opened, won or lost. Whatever tells one tells that it was opened, so a lost webhook leaves no hole.

Flutterwave puts a lien on the disputed amount when a chargeback is opened, and lifts or takes it at the end
(https://developer.flutterwave.com/docs/chargebacks-1). ``accepted`` is our own consent to losing it. One that is
``reversed`` may have been lost before: then the loss is undone as well, by a fact that waits for it. As with refunds
the currency is that of the payment.
"""

from typing import Final

from connectors.flutterwave_amounts import currency_of, exact_money
from connectors.flutterwave_envelope import (
    FlutterwaveEnvelope,
    first_text,
    key_of,
    loose_instant,
    object_id,
    required_object_id,
)
from connectors.flutterwave_refunds import PAYMENTS, check_asks_for_payment, settlement_of, taken
from connectors.flutterwave_statuses import status_of
from connectors.json_fields import JsonObject, text
from ledger.facts import Fact
from ledger.money import Money

_ENDS: Final = {"reversed": "lost", "succeeded": "won"}


def chargeback_facts(envelope: FlutterwaveEnvelope, chargeback: JsonObject) -> list[Fact]:
    """What a chargeback tells: that it was opened, and where it stands."""
    chargeback_id = required_object_id(chargeback, "id")
    status = status_of("chargeback", chargeback)
    currency = currency_of(chargeback, "currency")
    if status is None or not currency:
        check_asks_for_payment(chargeback, status)
        return [envelope.seen("chargeback", chargeback, text(chargeback, "status"))]
    gross = exact_money(chargeback, currency, "amount")
    word = text(chargeback, "status").strip().lower()
    facts = [_fact(envelope, chargeback, chargeback_id, "opened", {"gross": gross}, envelope.made(chargeback))]
    if end := _ENDS.get(status):
        facts.append(_fact(envelope, chargeback, chargeback_id, end, {"gross": gross}, envelope.happened(chargeback)))
        if word == "reversed":
            at = envelope.happened(chargeback)
            facts.append(_fact(envelope, chargeback, chargeback_id, "funds_reinstated", {"gross": gross}, at))
        payout = settlement_of(chargeback)
        if end == "lost" and payout:
            facts.append(taken(envelope, chargeback, "chargeback", chargeback_id, gross, payout))
    elif word == "declined":
        facts.append(_fact(envelope, chargeback, chargeback_id, "updated", {}, envelope.happened(chargeback)))
    return facts


def _fact(
    envelope: FlutterwaveEnvelope,
    chargeback: JsonObject,
    chargeback_id: str,
    transition: str,
    amounts: dict[str, Money],
    at: str,
) -> Fact:
    named = key_of("chargeback", chargeback_id)
    word = text(chargeback, "status").strip().lower()
    loss = envelope.reference(f"{named}/lost")
    return envelope.fact(
        f"dispute.{transition}",
        f"{named}/{transition}/{word}" if transition == "updated" else f"{named}/{transition}",
        effective_at=at,
        amounts=amounts,
        links={"dispute": chargeback_id, "payment": object_id(chargeback, *PAYMENTS)},
        status=text(chargeback, "status"),
        attributes={
            "flw_ref": first_text(chargeback, "flw_ref", "flwRef"),
            "reference": first_text(chargeback, "tx_ref", "txRef"),
            "stage": first_text(chargeback, "stage"),
            "scope": first_text(chargeback, "type"),
            "due_at": loose_instant(chargeback, "due_datetime", "due_date"),
        },
        references={"opened": (envelope.reference(named),), "lost": (loss,)}.get(transition, ()),
        needs=loss if transition == "funds_reinstated" else "",
    )
