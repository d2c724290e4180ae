"""Gateway body: whose webhook, answer or row a JSON value is, told by the fields that only this gateway writes.

    PayPal            webhook  `event_type` with `resource`
                      answer   `transaction_details`, `transaction_info`, `dispute_id`, `batch_header`, `payout_item_id`
    Modern Treasury   webhook  `event` with `data.object`
                      answer   an object, or an array of them, with `object` and `live_mode`
    Flutterwave v4    webhook  `type` and `data` with `webhook_id` or `timestamp`
                      answer   `status: success` around ids such as `chg_1`
    Flutterwave v3    webhook  `event.type`, or `event` about an object with `flw_ref` or the like
                      answer   `status: success`
    Paystack          webhook  `event` with `data`
                      answer   `status: true` around `data`

Only a guess about where bytes go: the connector judges them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

_V4_PREFIXES: Final = ("chg_", "ord_", "rfd_", "chb_", "trf_", "stm_")
_V3_MARKS: Final = ("flw_ref", "flwRef", "tx_ref", "txRef", "FlwRef", "complete_message", "debit_currency")
_PAYPAL_MARKS: Final = ("transaction_details", "transaction_info", "dispute_id", "batch_header", "payout_item_id")


@dataclass(frozen=True, slots=True)
class GatewayBody:
    """What was recognised.

    Attributes:
        source: the connector that reads it.
        kind: a webhook, or what an interface answered.
        delivery: the sender's id of it, or empty.
    """

    source: str
    kind: Literal["webhook", "answer"]
    delivery: str = ""


def gateway_body(value: Any) -> GatewayBody | None:
    """Whose it is, or None for nobody's that we know."""
    if isinstance(value, list):
        return GatewayBody("modern_treasury", "answer") if value and all(map(_is_treasury, value)) else None
    if not isinstance(value, dict):
        return None
    data = value.get("data")
    first = data[0] if isinstance(data, list) and data else data
    owner: dict[str, Any] = first if isinstance(first, dict) else {}
    if isinstance(value.get("event_type"), str) and "resource" in value:
        return GatewayBody("paypal", "webhook", _text(value, "id"))
    if any(mark in value for mark in _PAYPAL_MARKS):
        return GatewayBody("paypal", "answer")
    if _is_treasury(value):
        return GatewayBody("modern_treasury", "answer")
    if isinstance(value.get("type"), str) and owner and ("webhook_id" in value or "timestamp" in value):
        return GatewayBody("flutterwave_v4", "webhook", _text(value, "webhook_id") or _text(value, "id"))
    if "event.type" in value or any(mark in value for mark in _V3_MARKS):
        return GatewayBody("flutterwave_v3", "webhook")
    if isinstance(value.get("event"), str) and owner:
        if _is_treasury(owner):
            return GatewayBody("modern_treasury", "webhook")
        return GatewayBody("flutterwave_v3" if any(mark in owner for mark in _V3_MARKS) else "paystack", "webhook")
    return _answer(value, owner) if "message" in value and owner else None


def _answer(value: dict[str, Any], owner: dict[str, Any]) -> GatewayBody | None:
    if value.get("status") is True:
        return GatewayBody("paystack", "answer")
    if value.get("status") == "success":
        named = owner.get("id")
        is_v4 = isinstance(named, str) and named.startswith(_V4_PREFIXES)
        return GatewayBody("flutterwave_v4" if is_v4 else "flutterwave_v3", "answer")
    return None


def _is_treasury(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("object"), str) and "live_mode" in value


def _text(value: dict[str, Any], field: str) -> str:
    found = value.get(field)
    return found if isinstance(found, str) else ""
