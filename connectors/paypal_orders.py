"""Orders, and the payments of version 1: what a buyer agreed to, with the captures and refunds that came of it.

Before money moves the order itself is told, under its own id and with its sum in the key, because an order may be
edited. Once it holds captures, sales, authorizations or refunds, those are told as if each had come alone.
"""

from collections.abc import Callable, Iterator
from typing import Final

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, expanded, rows
from connectors.paypal_amounts import optional_money, size, sum_of
from connectors.paypal_envelope import PayPalEnvelope, own_id, plain_id, related_id, status_of
from connectors.paypal_manifest import MANIFEST
from connectors.paypal_payments import authorization_facts, capture_facts
from connectors.paypal_refunds import refund_facts
from ledger.facts import Fact
from ledger.money import Money

_EVENTS: Final = {
    "CHECKOUT.ORDER.SAVED": "SAVED",
    "CHECKOUT.ORDER.APPROVED": "APPROVED",
    "CHECKOUT.ORDER.COMPLETED": "COMPLETED",
    "CHECKOUT.ORDER.VOIDED": "VOIDED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": "VOIDED",
    "PAYMENT.ORDER.CREATED": "CREATED",
    "PAYMENT.ORDER.CANCELLED": "VOIDED",
    "PAYMENT.ORDER.VOIDED": "VOIDED",
    "PAYMENTS.PAYMENT.CREATED": "CREATED",
}
# These say what happened to the order; the object in them says what became of it, or nothing that is its own.
_EVENT_DECIDES: Final = frozenset(
    {
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
        "PAYMENT.ORDER.CREATED",
        "PAYMENT.ORDER.CANCELLED",
        "PAYMENT.ORDER.VOIDED",
    }
)
_TRANSITIONS: Final = {
    "CREATED": "initiated",
    "SAVED": "initiated",
    "APPROVED": "initiated",
    "PAYER_ACTION_REQUIRED": "initiated",
    "PENDING": "pending",
    "IN_PROGRESS": "pending",
    "AUTHORIZED": "authorized",
    "VOIDED": "canceled",
    "CANCELED": "canceled",
    "EXPIRED": "canceled",
    "FAILED": "failed",
}
_KINDS: Final = ("orders", "order", "payment")

Reader = Callable[[PayPalEnvelope, JsonObject, str], list[Fact]]


def order_facts(envelope: PayPalEnvelope, order: JsonObject) -> list[Fact]:
    """What an order, or a payment of version 1, tells: how far it got, then each thing that it holds."""
    order_id = own_id(order, _KINDS) or plain_id(order.get("order_id")) or related_id(order, "order_id")
    if not order_id:
        raise TranslationError("field_missing", "id is missing")
    told = status_of(order)
    status = _EVENTS[envelope.type] if envelope.type in _EVENT_DECIDES else told or _EVENTS.get(envelope.type, "")
    facts = [fact for read, held in _held(order) for fact in read(envelope, held, order_id)]
    transition = _TRANSITIONS.get(status.upper())
    gross = _sum(order)
    if transition is None or gross is None:
        return facts
    money = f"{gross.amount}-{gross.currency}"
    ended = transition in {"canceled", "failed"}
    stage = envelope.fact_about(
        {**order, **_first_unit(order)},
        f"payment.{transition}",
        f"{order_id}/{transition}" if ended else f"{order_id}/{transition}/{money}",
        effective_at=envelope.happened(order) if ended else envelope.made(order),
        amounts={"gross": gross},
        links={"payment": order_id, "order": order_id, "parent_payment": plain_id(order.get("parent_payment"))},
        status=told or status,
    )
    return [stage, *facts]


def holds_anything(order: JsonObject) -> bool:
    """Whether an order names a capture, a sale, an authorization or a refund."""
    return any(True for _ in _held(order))


def is_known_status(order: JsonObject) -> bool:
    """Whether the order's status word is one that the manifest maps."""
    status = status_of(order).upper()
    return not status or status in MANIFEST.statuses["order"] or status in MANIFEST.statuses["payment"]


def _held(order: JsonObject) -> Iterator[tuple[Reader, JsonObject]]:
    for unit in _units(order):
        caller = _callers(unit)
        payments = expanded(unit, "payments")
        for name, read in _READERS.items():
            for held in rows(payments, name):
                yield read, {**caller, **held}
    for transaction in rows(order, "transactions"):
        caller = _callers(transaction)
        for related in rows(transaction, "related_resources"):
            for name, read in _RELATED.items():
                if held := expanded(related, name):
                    yield read, {**caller, **held}


def _units(order: JsonObject) -> list[JsonObject]:
    units = order.get("purchase_units")
    return [units] if isinstance(units, dict) and "data" not in units else rows(order, "purchase_units")


def _first_unit(order: JsonObject) -> JsonObject:
    """The caller's words, which stand in the first unit."""
    for unit in _units(order) or rows(order, "transactions"):
        return _callers(unit)
    return {}


def _callers(unit: JsonObject) -> JsonObject:
    named = ("custom_id", "invoice_id", "reference_id", "custom", "invoice_number")
    return {name: unit[name] for name in named if name in unit}


def _sum(order: JsonObject) -> Money | None:
    """What the units come to; None where a unit does not say or two currencies meet."""
    parts = _units(order) or rows(order, "transactions") or [order]
    total: Money | None = None
    for part in parts:
        amount = optional_money(part, "amount")
        if amount is None:
            return None
        total = size(amount) if total is None else sum_of(total, size(amount))
        if total is None:
            return None
    return total


def _refund(envelope: PayPalEnvelope, refund: JsonObject, order: str) -> list[Fact]:
    return refund_facts(envelope, refund, "", order)


_READERS: Final[dict[str, Reader]] = {
    "authorizations": authorization_facts,
    "captures": capture_facts,
    "refunds": _refund,
}
_RELATED: Final[dict[str, Reader]] = {
    "authorization": authorization_facts,
    "sale": capture_facts,
    "capture": capture_facts,
    "refund": _refund,
}
