"""The currency of a refund or a chargeback, which is that of its payment and told by the payment alone.

A stream by id, `payment_of`, reads the payment for it. What is known already travels in the id of that reading, so that
the answer and its context together are all that translation needs, whatever came before or after.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from connectors.errors import TranslationError
from connectors.exchange import Want
from connectors.flutterwave_chargebacks import chargeback_facts
from connectors.flutterwave_envelope import (
    CREATED,
    UPDATED,
    FlutterwaveEnvelope,
    first_text,
    instant,
    is_path_safe,
    loose_instant,
    object_id,
)
from connectors.flutterwave_payments import payment_facts
from connectors.flutterwave_refunds import AMOUNTS, PAYMENTS, SETTLEMENTS, refund_facts
from connectors.flutterwave_statuses import status_of
from connectors.json_fields import JsonObject, decimal_text, text
from ledger.facts import Fact

STREAM: Final = "payment_of"

_READERS: Final = {"refund": refund_facts, "chargeback": chargeback_facts}
_CARRIED: Final = ("id", "amount", "status", "created_at", "updated_at", "stage")
_ID_CHARS_MAX: Final = 1500


def payment_wanted(kind: str, owner: JsonObject) -> list[Want]:
    """The payment to read for a refund or chargeback without a currency; none for any other object."""
    if kind not in _READERS or owner.get("currency") or status_of(kind, owner) is None:
        return []
    try:
        known = {
            "kind": kind,
            "id": object_id(owner, "id"),
            "payment": object_id(owner, *PAYMENTS),
            "amount": next((decimal_text(owner[name]) for name in AMOUNTS if owner.get(name) is not None), ""),
            "status": text(owner, "status"),
            "created_at": instant(owner, *CREATED),
            "updated_at": loose_instant(owner, *UPDATED),
            "settlement": object_id(owner, *SETTLEMENTS),
            "stage": first_text(owner, "stage")[:40],
        }
    except TranslationError:
        return []  # translation refuses the row and says why
    if not all(known[name] for name in ("id", "payment", "amount")) or not is_path_safe(known["payment"]):
        return []
    named = urlencode({name: value for name, value in known.items() if value})
    return [Want(STREAM, named)] if len(named) <= _ID_CHARS_MAX else []


def payment_asked(named: str) -> str:
    """The id of the payment that a reading of `STREAM` asks for."""
    return dict(parse_qsl(named)).get("payment", "")


def facts_with_currency(envelope: FlutterwaveEnvelope, payment: JsonObject, context: Mapping[str, str]) -> list[Fact]:
    """What the payment tells, and the refund or chargeback for which it was read."""
    known = dict(parse_qsl(context.get("of", "")))
    kind = known.get("kind", "")
    if kind not in _READERS or object_id(payment, "id") != known.get("payment"):
        raise TranslationError("object_kind_differs", "the answer is not the payment that was asked for")
    owner: JsonObject = {
        **{
            name: known[name]
            for name in ("id", "amount", "status", "created_at", "updated_at", "stage")
            if name in known
        },
        "transaction_id": known["payment"],
        "settlement_id": known.get("settlement"),
        "currency": payment.get("currency"),
    }
    return [*payment_facts(envelope, payment), *_READERS[kind](envelope, owner)]
