"""Releases of what was authorized and never captured, which Stripe wrote as refunds until API version 2025-03-31.

The whole sum when an authorization ends uncaptured, the rest when less is captured
(https://docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow).
No money that was ours moves, so they are no refunds here.
"""

import re
from typing import Final

from connectors.json_fields import JsonObject, expanded, optional_whole, rows, text, whole

_LAST_DAY: Final = "2025-03-31"
_DATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def true_refunds(charge: JsonObject) -> list[JsonObject]:
    """The refunds listed in a charge without the releases among them."""
    refunds = rows(charge, "refunds")
    if charge.get("captured") is False:
        return []
    captured = optional_whole(charge, "amount_captured")
    released = whole(charge, "amount") - captured if captured is not None else 0
    if released:
        oldest_first = sorted(refunds, key=lambda refund: optional_whole(refund, "created") or 0)
        release = next((refund for refund in oldest_first if refund.get("amount") == released), None)
        return [refund for refund in refunds if refund is not release]
    return refunds


def is_release(refund: JsonObject, version: str) -> bool:
    """Whether a refund told by itself is a release, as far as its body says so.

    It says so by its expanded charge, if that was never captured or lists its refunds; or, in the versions that wrote
    releases, by a success that moved no balance. The rest of a sum that was captured in part moves balance and cannot
    be told from a refund without its charge.

    Args:
        refund: with its charge expanded or not.
        version: API version of the event that tells it, or empty.
    """
    charge = expanded(refund, "charge")
    if charge.get("captured") is False:
        return True
    if rows(charge, "refunds") and charge.get("amount") is not None:
        listed = [each for each in rows(charge, "refunds") if each.get("id") == refund.get("id")]
        return bool(listed) and listed[0] not in true_refunds(charge)
    dated = _DATED.match(version)
    wrote_releases = dated is not None and dated[0] < _LAST_DAY
    moved_nothing = "balance_transaction" in refund and refund["balance_transaction"] is None
    return wrote_releases and moved_nothing and text(refund, "status") == "succeeded"
