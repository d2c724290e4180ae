"""What kind of object a JSON object of Flutterwave's is, by the fields that only this kind has.

Neither version names the kind inside an object, and one endpoint's answer looks much like another's.
"""

from collections.abc import Callable
from typing import Final

from connectors.flutterwave_chargebacks import chargeback_facts
from connectors.flutterwave_envelope import FlutterwaveEnvelope
from connectors.flutterwave_payments import content_facts, payment_facts
from connectors.flutterwave_payouts import payout_facts
from connectors.flutterwave_refunds import refund_facts
from connectors.flutterwave_transfers import transfer_facts
from connectors.json_fields import JsonObject
from ledger.facts import Fact

READERS: Final[dict[str, Callable[[FlutterwaveEnvelope, JsonObject], list[Fact]]]] = {
    "transaction": payment_facts,
    "refund": refund_facts,
    "chargeback": chargeback_facts,
    "transfer": transfer_facts,
    "settlement": payout_facts,
}
CONTENT: Final = "settled_transaction"

# The first row of which one field is there decides; an object without an id or a status is none of them.
_MARKS: Final = (
    ("refund", ("amount_refunded", "AmountRefunded", "amountRefunded")),
    (CONTENT, ("settlement_amount", "subaccount_settlement")),
    ("settlement", ("net_amount", "gross_amount", "disburse_ref")),
    ("chargeback", ("due_date", "due_datetime", "stage")),
    ("transfer", ("debit_information", "debit_currency", "bank_code", "destination_currency", "complete_message")),
    ("transaction", ("tx_ref", "txRef", "charged_amount", "flwRef", "payment_method_details", "payment_method")),
    ("transaction", ("amount_settled", "processor_response", "customer_id", "orderRef", "flw_ref")),
)
_PREFIXES: Final = {
    "chg_": "transaction",
    "ord_": "transaction",
    "rfd_": "refund",
    "chb_": "chargeback",
    "trf_": "transfer",
    "stm_": "settlement",
}


def kind_of(owner: JsonObject) -> str:
    """``transaction``, ``refund``, ``chargeback``, ``transfer``, ``settlement``, a row of one, or empty."""
    if "status" not in owner:
        return ""
    named = owner.get("id")
    if isinstance(named, str) and named[:4] in _PREFIXES:
        return _PREFIXES[named[:4]]
    for kind, marks in _MARKS:
        if any(mark in owner for mark in marks):
            return kind if "amount" in owner or kind not in ("transaction", "chargeback", "transfer") else ""
    return ""


def object_facts(envelope: FlutterwaveEnvelope, owner: JsonObject, kind: str, payout: str = "") -> list[Fact]:
    """What an object of this kind tells; one of no known kind is kept for the timeline."""
    if kind == CONTENT:
        return content_facts(envelope, owner, payout)
    if kind in READERS:
        return READERS[kind](envelope, owner)
    return [envelope.seen("object", owner, "")]
