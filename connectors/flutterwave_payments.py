"""Payments: transactions of version 3 and charges and orders of version 4, with what Flutterwave keeps of them.

`payment.succeeded` carries ``amount``, what the merchant asked for. Two settlement facts carry what webhooks and older
rows may not know: the fees, and the surcharge where the customer was charged more than that.

A fee is told by the verified transaction, by its row in the list and by its row in a settlement, and all give one key.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.flutterwave_amounts import computed_minor, currency_of, exact_money, exactly_told, money
from connectors.flutterwave_envelope import (
    FlutterwaveEnvelope,
    first_text,
    key_of,
    link,
    metadata_of,
    required_object_id,
)
from connectors.flutterwave_refunds import settlement_of
from connectors.flutterwave_statuses import status_of
from connectors.json_fields import JsonObject, expanded, rows, text
from ledger.facts import Fact
from ledger.money import Money

_CANCELED: Final = frozenset({"cancelled", "voided"})
_FEE: Final = ("app_fee", "appfee", "appFee")
_MERCHANT_FEE: Final = ("merchant_fee", "merchantfee", "merchantFee")
_CHARGED: Final = ("charged_amount", "chargedAmount")
_SETTLED: Final = ("amount_settled", "settlement_amount")
_OWN_FEES: Final = frozenset({"app", "merchant"})


def payment_facts(envelope: FlutterwaveEnvelope, payment: JsonObject) -> list[Fact]:
    """What a transaction, a charge or an order tells: its transition, and its fees once it has succeeded."""
    payment_id = required_object_id(payment, "id")
    status = status_of("payment", payment)
    if status is None:
        return [envelope.seen("transaction", payment, text(payment, "status"))]
    currency = currency_of(payment, "currency")
    if status != "succeeded" and (not currency or payment.get("amount") is None):
        return [envelope.seen("transaction", payment, text(payment, "status"))]  # no sum was agreed yet
    if not currency:
        raise TranslationError("field_missing", "currency is missing")
    gross = exact_money(payment, currency, "amount")
    named = key_of("transaction", payment_id)
    word = text(payment, "status").strip().lower()
    transition = "canceled" if word in _CANCELED else status
    open_sum = transition in ("initiated", "pending", "authorized")
    facts = [
        envelope.fact(
            f"payment.{transition}",
            # A sum that may change before money moves stands in the key.
            f"{named}/{transition}/{gross.amount}-{gross.currency}" if open_sum else f"{named}/{transition}",
            effective_at=envelope.made(payment),
            amounts={"gross": gross},
            links={"payment": payment_id, "reference": link(first_text(payment, "tx_ref", "txRef", "reference"))},
            status=text(payment, "status"),
            attributes={
                "flw_ref": first_text(payment, "flw_ref", "flwRef"),
                "order_ref": first_text(payment, "order_ref", "orderRef", "order_id"),
                "payment_type": first_text(payment, "payment_type", "paymentType")
                or text(expanded(payment, "payment_method_details"), "type")
                or text(expanded(payment, "payment_method"), "type"),
                "processor_code": text(expanded(payment, "processor_response"), "code"),
            },
            metadata=metadata_of(payment, "meta", "meta_data", "metadata"),
            references=(envelope.reference(named),) if transition == "succeeded" else (),
        )
    ]
    if transition == "succeeded":
        facts += fee_facts(envelope, payment, currency)
        charged = _first(payment, currency, _CHARGED)
        if charged is not None and charged != gross.minor:
            facts.append(_surcharge(envelope, payment, payment_id, money(charged - gross.minor, currency)))
    return facts


def fee_facts(envelope: FlutterwaveEnvelope, payment: JsonObject, currency: str, payout: str = "") -> list[Fact]:
    """What Flutterwave keeps of a payment that succeeded, or nothing where it does not say.

    ``net`` is what reaches our balance. ``deductions`` is what else is missing there beside the fee: stamp duty, value
    added tax on the fee, shares of subaccounts.
    """
    told = _told_fees(payment, currency)
    if told is None:
        return []
    gross, fee, net = told
    payment_id = required_object_id(payment, "id")
    amounts = {"gross": money(gross, currency), "fee": money(fee, currency), "net": money(net, currency)}
    if gross - fee - net:
        amounts["deductions"] = money(gross - fee - net, currency)
    settlements = payment.get("settlement_id")
    if isinstance(settlements, list):
        settlements = settlements[0] if len(settlements) == 1 else None
    payout = payout or settlement_of({"settlement_id": settlements})
    return [
        envelope.fact(
            "settlement.recorded",
            f"{key_of('transaction', payment_id)}/recorded",
            effective_at=envelope.made(payment),
            amounts=amounts,
            links={"transaction": payment_id, "category": "payment", "source": payment_id, "payout": payout},
            status=text(payment, "status"),
            attributes={
                "settlement_currency": currency,
                "settled": _truth(payment.get("settled")),
                **exactly_told(payment, currency, *_FEE, *_MERCHANT_FEE, *_CHARGED, *_SETTLED),
            },
        )
    ]


def content_facts(envelope: FlutterwaveEnvelope, row: JsonObject, payout: str) -> list[Fact]:
    """A row of a settlement's contents, which has no ``amount``: its fees, and the settlement that paid it."""
    status = status_of("payment", row)
    if status is None:
        return [envelope.seen("transaction", row, text(row, "status"))]
    currency = currency_of(row, "currency")
    if not currency:
        raise TranslationError("field_missing", "currency is missing")
    facts = fee_facts(envelope, row, currency, payout) if status == "succeeded" else []
    return facts or [envelope.seen("transaction", row, f"settled-{payout}" if payout else text(row, "status"))]


def _told_fees(payment: JsonObject, currency: str) -> tuple[int, int, int] | None:
    """Gross, fee and net in minor units, as far as this telling knows them."""
    if isinstance(payment.get("fees"), list):
        return _listed_fees(payment, currency)
    fee, settled = _first(payment, currency, _FEE), _first(payment, currency, _SETTLED)
    charged = _first(payment, currency, _CHARGED)
    if charged is None:
        charged = computed_minor(payment, currency, "amount")
    if charged is None or (fee is None and settled is None):
        return None
    if fee is None:
        fee = charged - settled if settled is not None else 0
    else:
        fee += _first(payment, currency, _MERCHANT_FEE) or 0
    return charged, fee, charged - fee if settled is None else settled


def _listed_fees(payment: JsonObject, currency: str) -> tuple[int, int, int] | None:
    """Version 4: ``fees`` names each; value added tax and stamp duty are no fee of the gateway's."""
    gross = computed_minor(payment, currency, "amount")
    listed = rows(payment, "fees")
    if gross is None or not listed:
        return None
    kept = [(text(each, "type").lower(), computed_minor(each, currency, "amount") or 0) for each in listed]
    fee = sum(minor for kind, minor in kept if kind in _OWN_FEES)
    return gross, fee, gross - sum(minor for _, minor in kept)


def _surcharge(envelope: FlutterwaveEnvelope, payment: JsonObject, payment_id: str, more: Money) -> Fact:
    """What the customer was charged beside the amount: the fee, where the customer bears it."""
    return envelope.fact(
        "settlement.recorded",
        f"{key_of('transaction', payment_id)}/surcharge",
        effective_at=envelope.made(payment),
        amounts={"gross": more, "fee": money(0, more.currency), "net": more},
        links={"transaction": f"{payment_id}-surcharge", "category": "surcharge", "source": payment_id},
        status=text(payment, "status"),
        attributes={"settlement_currency": more.currency},
    )


def _first(owner: JsonObject, currency: str, fields: tuple[str, ...]) -> int | None:
    for field in fields:
        minor = computed_minor(owner, currency, field)
        if minor is not None:
            return minor
    return None


def _truth(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else ""
