"""What a recorded body of PayPal's makes us fetch: objects that it names and does not hold."""

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.exchange import Want
from connectors.json_fields import JsonObject, expanded, read_json, word
from connectors.paypal_envelope import linked_id, own_id, plain_id, related_id, status_of
from connectors.paypal_kinds import event_kind
from connectors.paypal_manifest import MANIFEST
from connectors.paypal_orders import holds_anything


def wants(raw: bytes, telling: Telling) -> list[Want]:
    """The order of a payment that has no id, the contents of an order and of a batch of payouts that came without."""
    body = read_json(raw)
    return wanted_by(body) if isinstance(body, dict) and not telling.is_answer else []


def wanted_by(event: JsonObject) -> list[Want]:
    """As `wants`, of an event that was read."""
    event_type, resource = event.get("event_type"), expanded(event, "resource")
    if not isinstance(event_type, str) or not resource:
        return []
    try:
        wanted = _want(event_type.upper(), resource)
    except TranslationError:
        return []
    return [wanted] if wanted else []


def is_incomplete(event_type: str, resource: JsonObject) -> bool:
    """Whether an event of money does not say which object it is about.

    It is observed and its object is fetched: money without a name could be posted twice.
    """
    match event_kind(event_type, resource):
        case "capture" | "sale" | "refund" | "reversal" | "authorization" as kind:
            return not own_id(resource, (kind, f"{kind}s", "captures", "capture", "sale"))
    return False


def _want(event_type: str, resource: JsonObject) -> Want | None:
    kind = event_kind(event_type, resource)
    if kind == "order" and event_type.startswith("CHECKOUT.ORDER."):
        order = own_id(resource, ("orders",))
        complete = status_of(resource).upper() == "COMPLETED" or event_type == "CHECKOUT.ORDER.COMPLETED"
        return Want("order", order) if order and complete and not holds_anything(resource) else None
    if kind == "payout_batch":
        batch = word(expanded(resource, "batch_header").get("payout_batch_id"))
        return Want("payout_batch", batch) if batch and event_type.endswith(".SUCCESS") else None
    if kind == "dispute":
        known = expanded(resource, "dispute_outcome").get("outcome_code")
        dispute = plain_id(resource.get("dispute_id"))
        return Want("dispute", dispute) if dispute and event_type.endswith(".RESOLVED") and not known else None
    if kind == "payout_item" and _is_unbooked(resource):
        item = plain_id(resource.get("payout_item_id")) or linked_id(resource, ("payouts-item",))
        return Want("payout_item", item) if item else None
    if kind in ("capture", "authorization") and is_incomplete(event_type, resource):
        order = related_id(resource, "order_id")
        return Want("order", order) if order else None
    return None


def _is_unbooked(item: JsonObject) -> bool:
    """Whether money of an item moved and the transaction that moved it is not named."""
    status = status_of(item, "transaction_status").upper()
    return MANIFEST.status("payout_item", status) in ("succeeded", "reversed") and not plain_id(
        item.get("transaction_id")
    )
