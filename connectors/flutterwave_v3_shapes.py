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


def told_by_webhook(body: JsonObject) -> tuple[str, JsonObject]:
    """The kind (empty for none) and the object of a webhook's body."""
    event = event_of(body).lower()
    for field in ("data", "transfer"):
        owner = body.get(field)
        if isinstance(owner, list) and owner:
            owner = owner[0]
        if isinstance(owner, dict):
            return _kind(event, owner), owner
    return _kind(event, body), body


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
