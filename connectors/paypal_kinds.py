"""What kind of object a body of PayPal's is: by its event, by the stream that asked for it, by its fields.

``resource_type`` and ``resource_version`` are no help: simulated and old events name a refund a sale and leave the
version out. An object's own address says what it is, and so do fields that only one kind has.
"""

import re
from typing import Final

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, rows, text
from connectors.paypal_manifest import MANIFEST

# The first prefix that fits decides.
_EVENTS: Final = (
    ("PAYMENT.CAPTURE.REVERSED", "reversal"),
    ("PAYMENT.SALE.REVERSED", "reversal"),
    ("PAYMENT.CAPTURE.", "capture"),
    ("PAYMENT.SALE.", "sale"),
    ("PAYMENT.AUTHORIZATION.", "authorization"),
    ("PAYMENT.REFUND.", "refund"),
    ("PAYMENT.ORDER.", "order"),
    ("PAYMENTS.PAYMENT.", "payment"),
    ("CHECKOUT.ORDER.", "order"),
    ("CHECKOUT.PAYMENT-APPROVAL.", "order"),
    ("CUSTOMER.DISPUTE.", "dispute"),
    ("RISK.DISPUTE.", "dispute"),
    ("PAYMENT.PAYOUTSBATCH.", "payout_batch"),
    ("PAYMENT.PAYOUTS-ITEM.", "payout_item"),
)
_ADDRESS_KINDS: Final = {
    "captures": "capture",
    "capture": "capture",
    "sale": "sale",
    "refunds": "refund",
    "refund": "refund",
    "authorizations": "authorization",
    "authorization": "authorization",
    "orders": "order",
    "payouts-item": "payout_item",
    "payouts": "payout_batch",
    "disputes": "dispute",
    "payment": "payment",
}
_SELF: Final = re.compile(r"/(?:v1|v2)/(?:payments|checkout|customer)/([a-z-]+)/[A-Za-z0-9_.-]+/?(?:[?#]|$)")
# Fields that one kind alone has; the first that is there decides.
_FIELDS: Final = (
    ("transaction_info", "transaction"),
    ("transaction_event_code", "transaction"),
    ("batch_header", "payout_batch"),
    ("batch_status", "payout_batch"),
    ("payout_item_id", "payout_item"),
    ("payout_item", "payout_item"),
    ("dispute_id", "dispute"),
    ("purchase_units", "order"),
    ("transactions", "payment"),
    ("seller_payable_breakdown", "refund"),
    ("refund_to_payer", "refund"),
    ("refund_from_transaction_fee", "refund"),
    ("sale_id", "refund"),
    ("capture_id", "refund"),
    ("seller_receivable_breakdown", "capture"),
    ("final_capture", "capture"),
    ("is_final_capture", "capture"),
    ("transaction_fee", "sale"),
    ("expiration_time", "authorization"),
    ("valid_until", "authorization"),
)
_LISTS: Final = (
    ("events", "event"),
    ("transaction_details", "transaction"),
    ("disputes", "dispute"),
    ("payments", "payment"),
)


def event_kind(event_type: str, resource: JsonObject) -> str:
    """The kind of an event's resource, or empty for an event of which nothing is read."""
    kind = next((kind for prefix, kind in _EVENTS if event_type.startswith(prefix)), "")
    if event_type in ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.SALE.REFUNDED"):
        # They carry the refund, whatever they call it; only the address or the fields of a payment make it one.
        return kind if _shown_kind(resource) in ("capture", "sale") else "refund"
    return kind


def object_kind(body: JsonObject, stream: str) -> str:
    """The kind of an object that comes alone, or empty for none that we know."""
    by_id = {each.name for each in MANIFEST.streams if each.by_id}
    shown = _shown_kind(body)
    if stream in by_id and stream != "payout_batch":
        return stream
    return shown


def list_of(body: JsonObject) -> tuple[str, list[JsonObject]] | None:
    """The kind and the members of a page of a list, or None for a body that is none; raises `TranslationError`."""
    for field, kind in _LISTS:
        if isinstance(body.get(field), list):
            return kind, _members(body, field)
    if isinstance(body.get("items"), list):
        members = _members(body, "items")
        if "batch_header" in body:
            return "payout_item", members
        if "payout_item_id" not in body and "dispute_id" not in body and "transactions" not in body:
            kinds = {_shown_kind(member) for member in members} or {"dispute"}
            if kinds <= {"dispute"} or kinds <= {"payout_item"}:
                return kinds.pop(), members
            raise TranslationError("unsupported_list", "a list of PayPal's holds disputes or items of a payout")
    return None


def _members(body: JsonObject, field: str) -> list[JsonObject]:
    members = body[field]
    if not all(isinstance(member, dict) for member in members):
        raise TranslationError("field_missing", f"{field} is not a list of objects")
    return list(members)


def _shown_kind(body: JsonObject) -> str:
    for field, kind in _FIELDS[:9]:
        if field in body:
            return kind
    for link in rows(body, "links"):
        if link.get("rel") == "self" and (found := _SELF.search(text(link, "href"))):
            return _ADDRESS_KINDS.get(found[1], "")
    return next((kind for field, kind in _FIELDS[9:] if field in body), "")
