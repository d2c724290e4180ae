"""The webhooks of version 4: ``{"webhook_id", "timestamp", "type", "data"}``, of which older ones say ``id``."""

from typing import Final

from connectors.errors import TranslationError
from connectors.exchange import Verified, WebhookRequest
from connectors.flutterwave_envelope import first_text
from connectors.flutterwave_kinds import CONTENT, kind_of
from connectors.json_fields import JsonObject, expanded, read_object, text, word

_FAMILIES: Final = {
    "charge": "transaction",
    "order": "transaction",
    "transfer": "transfer",
    "refund": "refund",
    "chargeback": "chargeback",
    "settlement": "settlement",
}


def is_event(body: JsonObject) -> bool:
    """Whether the body is a webhook's."""
    return bool(text(body, "type")) and isinstance(body.get("data"), dict) and not is_object(body)


def is_object(body: JsonObject) -> bool:
    """Whether the body is an object itself, such as a transfer, which has a ``type`` of its own."""
    return kind_of(body) != ""


def told_by_event(body: JsonObject) -> tuple[str, JsonObject]:
    """The kind (empty for none) and the object of a webhook's body."""
    owner = expanded(body, "data")
    family = _FAMILIES.get(text(body, "type").partition(".")[0], "")
    if family and (text(owner, "status") or owner.get("reversal")):
        return family, owner
    found = kind_of(owner)
    return ("transaction" if found == CONTENT else found), owner


def delivery_of(body: JsonObject) -> str:
    """The vendor's id of a webhook, or empty."""
    return word(first_text(body, "webhook_id", "id"))


def verified(request: WebhookRequest) -> Verified:
    """The id of a webhook whose bytes are proved."""
    try:
        return Verified(delivery_of(read_object(request.raw)))
    except TranslationError:
        return Verified()
