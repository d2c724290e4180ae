"""The shapes of version 3's webhooks: which object a body speaks of, and of which kind.

Four are known: ``{"event", "data"}``; the flat transaction of the older interface, in camel case and still sent; the
flat refund, which has no event; and ``{"event.type": "Transfer", "transfer"}``. Anything else, such as the objects of
virtual cards and one-time passwords, is of no kind here.
"""

from connectors.flutterwave_kinds import CONTENT, kind_of
from connectors.json_fields import JsonObject, text

_FAMILIES = (
    ("transfer", "transfer"),
    ("refund", "refund"),
    ("chargeback", "chargeback"),
    ("dispute", "chargeback"),
    ("charge", "transaction"),
    ("payment", "transaction"),
    ("transaction", "transaction"),
)


def told_by_webhook(body: JsonObject) -> list[tuple[str, JsonObject]]:
    """The kind (empty for none) and the object of each thing that a webhook's body speaks of: mostly one."""
    event = event_of(body).lower()
    for field in ("data", "transfer"):
        value = body.get(field)
        owners = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]
        if owners:
            return [(_kind(event, owner), owner) for owner in owners]
    return [(_kind(event, body), body)]


def event_of(body: JsonObject) -> str:
    """The name of the event, as either field tells it; empty for the shapes without one."""
    return text(body, "event") or text(body, "event.type") or text(body, "event_type")


def _kind(event: str, owner: JsonObject) -> str:
    for prefix, kind in _FAMILIES:
        if event.startswith(prefix):
            return kind
    if event.endswith("_transaction"):
        return "transaction"
    found = kind_of(owner)
    return "transaction" if found == CONTENT else found
