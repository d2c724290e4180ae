"""The webhooks of version 4: ``{"webhook_id", "timestamp", "type", "data"}``, of which older ones say ``id``."""

from typing import Final

from connectors.errors import TranslationError
from connectors.exchange import Verified, WebhookRequest
from connectors.flutterwave_envelope import first_text
from connectors.flutterwave_kinds import CONTENT, kind_of
from connectors.json_fields import JsonObject, read_object, text, word

_FAMILIES: Final = {
    "charge": "transaction",
    "order": "transaction",
    "transfer": "transfer",
    "refund": "refund",
    "chargeback": "chargeback",
    "settlement": "settlement",
}


def is_event(body: JsonObject) -> bool:
    """Whether the body is a webhook's; a transfer has a ``type`` of its own, and no ``data``."""
    return bool(text(body, "type")) and bool(_owners(body)) and kind_of(body) == ""


def told_by_event(body: JsonObject) -> list[tuple[str, JsonObject]]:
    """The kind (empty for none) and the object of each thing that a webhook's body speaks of: mostly one."""
    family = _FAMILIES.get(text(body, "type").partition(".")[0], "")
    return [(_kind(family, owner), owner) for owner in _owners(body)]


def _owners(body: JsonObject) -> list[JsonObject]:
    value = body.get("data")
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _kind(family: str, owner: JsonObject) -> str:
    if family and (text(owner, "status") or owner.get("reversal")):
        return family
    found = kind_of(owner)
    return "transaction" if found == CONTENT else found


def delivery_of(body: JsonObject) -> str:
    """The vendor's id of a webhook, or empty."""
    return word(first_text(body, "webhook_id", "id"))


def verified(request: WebhookRequest) -> Verified:
    """The id of a webhook whose bytes are proved."""
    try:
        return Verified(delivery_of(read_object(request.raw)))
    except TranslationError:
        return Verified()
