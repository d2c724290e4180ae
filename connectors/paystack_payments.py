"""Payments: what a transaction or a preauthorization tells, and the fee that Paystack took.

The payment is named by its reference: every telling has it, while the id is missing in answers to charges and in
webhooks of refunds. A transaction that failed, or that nobody finished, may still succeed under the same reference.
"""

from typing import Final

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
    optional_money,
    reference_of,
    required_money,
    status_of,
    sum_part,
)
from connectors.paystack_manifest import MANIFEST
from connectors.paystack_splits import shares_of
from ledger.facts import Fact
from ledger.money import Money

_PREAUTHORIZED: Final = {
    "authorized": "authorized",
    "captured": "succeeded",
    "capture_failed": "failed",
    "released": "canceled",
}


def transaction_facts(envelope: Envelope, transaction: JsonObject, *, word: str = "", payout: str = "") -> list[Fact]:
    """What a transaction tells.

    Args:
        word: its status, where the object does not say.
        payout: the settlement it was read from.
    """
    reference, _ = _named(transaction)
    status = status_of(transaction) or word
    state = MANIFEST.status("payment", status)
    paid_at = iso_instant(transaction, "paid_at", "paidAt") or made_at(transaction)
    if state is None:
        return [envelope.observed(key_part(reference), status, effective_at=paid_at, status=status, kind="payment")]
    if state not in ("succeeded", "reversed"):
        money = _optional_amount(transaction, "amount")
        told = f"{state}{sum_part(money)}"
        return [_payment(envelope, transaction, state, told, money, made_at(transaction), status)]
    currency = currency_of(transaction)
    gross = required_money(transaction, "amount", currency)
    facts = [_payment(envelope, transaction, "succeeded", "succeeded", gross, paid_at, status)]
    facts += _settled(envelope, transaction, gross, paid_at, payout)
    if state == "reversed":
        facts.append(_payment(envelope, transaction, "reversed", "reversed", gross, changed_at(transaction), status))
    return facts


def initialized_fact(envelope: Envelope, opened: JsonObject) -> Fact:
    """A checkout that was opened: only its reference is told."""
    return _payment(envelope, opened, "initiated", "initiated", None, "", "")


def preauthorization_facts(envelope: Envelope, hold: JsonObject, *, word: str = "") -> list[Fact]:
    """What a preauthorization tells: authorized, captured in whole or in part, released, or not captured."""
    transaction = expanded(hold, "transaction")
    hold = {**hold, "id": hold.get("transaction_id") or transaction.get("id")}
    reference, _ = _named(hold)
    status = status_of(hold) or word
    told = _PREAUTHORIZED.get(status)
    captured_at = iso_instant(hold, "captured_at") or made_at(transaction)
    if told is None:
        at = captured_at or made_at(hold)
        return [envelope.observed(key_part(reference), status, effective_at=at, status=status, kind="preauthorization")]
    currency = currency_of(hold, transaction)
    if told == "succeeded":
        gross = optional_money(hold, "captured_amount", currency) or required_money(hold, "amount", currency)
        return [
            _payment(envelope, hold, told, told, gross, captured_at, status),
            *_settled(envelope, {**transaction, "reference": reference}, gross, captured_at, ""),
        ]
    gross = required_money(hold, "amount", currency)
    at = iso_instant(hold, "expired_at") if told == "canceled" else made_at(hold)
    return [_payment(envelope, hold, told, f"{told}{sum_part(gross)}", gross, at, status)]


def is_fee_told(transaction: JsonObject) -> bool:
    """Whether a transaction that succeeded says all that its settlement needs; if not it is fetched."""
    try:
        currency = currency_of(transaction)
        fee = computed_money(transaction, "fees", currency)
        return (
            fee is not None and shares_of(transaction, required_money(transaction, "amount", currency), fee) is not None
        )
    except TranslationError:
        return True  # fetching it would not mend it


def _payment(
    envelope: Envelope, owner: JsonObject, state: str, told: str, gross: Money | None, at: str, status: str
) -> Fact:
    reference, transaction_id = _named(owner)
    named = key_part(reference)
    return envelope.fact(
        f"payment.{state}",
        f"{named}/{told}",
        effective_at=at,
        amounts={} if gross is None else {"gross": gross},
        links={"payment": reference, "charge": transaction_id},
        status=status,
        attributes={
            "channel": text(owner, "channel"),
            "gateway_response": text(owner, "gateway_response"),
            "message": text(owner, "message"),
            "requested_amount": _digits(owner, "requested_amount"),
            "access_code": text(owner, "access_code"),
            "expires_on": iso_instant(owner, "expiry_date")[:10],
            "split_code": text(expanded(owner, "split"), "split_code") or text(owner, "split_code"),
        },
        metadata=metadata_of(owner),
        references=(envelope.reference(named),) if state == "succeeded" else (),
    )


def _settled(envelope: Envelope, transaction: JsonObject, gross: Money, at: str, payout: str) -> list[Fact]:
    """The fee, and what of the payment goes to others; nothing while either is not told."""
    reference, transaction_id = _named(transaction)
    named = key_part(reference)
    try:
        fee = computed_money(transaction, "fees", gross.currency)
        shares = None if fee is None else shares_of(transaction, gross, fee)
    except TranslationError as error:
        if error.code not in ("amount_not_convertible", "net_does_not_add_up"):
            raise
        # The payment is sure. Its clearing account shows that something of it is not explained.
        return [envelope.observed(named, "fees", effective_at=at, status=error.code, kind="payment")]
    if fee is None or shares is None:
        return []
    amounts = {
        "gross": gross,
        "fee": fee,
        "net": Money.of(gross.minor - fee.minor - shares.others.minor, gross.currency),
    }
    if shares.others.minor:
        amounts |= {"shares": shares.others, "borne": shares.borne}
    return [
        envelope.fact(
            "settlement.recorded",
            f"{named}/recorded",
            effective_at=at,
            amounts=amounts,
            links={
                "transaction": transaction_id,
                "category": "charge",
                "source": reference,
                "payout": payout,
            },
            status=status_of(transaction),
            attributes={
                "settlement_currency": gross.currency,
                "fee_bearer": shares.bearer,
                **exactly_told(transaction, gross.currency, fee="fees"),
            },
        )
    ]


def _named(owner: JsonObject) -> tuple[str, str]:
    """Reference and transaction id; the id is the reference where there is none."""
    transaction_id = numbered_id(owner, "id")
    reference = reference_of(owner, "reference") or transaction_id
    if not reference:
        raise TranslationError("field_missing", "a payment needs its reference or its id")
    return reference, transaction_id


def _optional_amount(owner: JsonObject, field: str) -> Money | None:
    """An amount where both it and its currency are told."""
    if owner.get(field) in (None, "") or owner.get("currency") in (None, ""):
        return None
    return optional_money(owner, field, currency_of(owner))


def _digits(owner: JsonObject, field: str) -> str:
    value = owner.get(field)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40 else ""
