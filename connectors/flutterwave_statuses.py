"""Every status word of Flutterwave's two versions and what it is in the state machine, in lower case.

Sources: the enumerations of https://developer.flutterwave.com/reference (version 4) and the pages on verification,
refunds, chargebacks, settlements and transfers (version 3).

Two words mean less than they say. A refund is ``completed`` once our balance has paid for it; the suffixes
(``completed-mpgs``) say later how it reached the customer. A chargeback that is ``declined`` is one that we declined:
its outcome, ``won`` or ``lost``, follows.
"""

from collections.abc import Mapping
from typing import Final

from connectors.json_fields import JsonObject, text
from connectors.manifest import Status

STATUSES: Final[Mapping[str, Mapping[str, Status]]] = {
    "payment": {
        "new": "initiated",
        "pending": "pending",
        "success-pending-validation": "pending",
        "authorized": "authorized",
        "successful": "succeeded",
        "succeeded": "succeeded",
        "failed": "failed",
        "cancelled": "failed",
        "voided": "failed",
    },
    "refund": {
        "new": "pending",
        "pending": "pending",
        "pending-momo": "pending",
        "processing": "pending",
        "requires_action": "pending",
        "completed": "succeeded",
        "completed-bank-transfer": "succeeded",
        "completed-momo": "succeeded",
        "completed-mpgs": "succeeded",
        "completed-offline": "succeeded",
        "completed-preauth": "succeeded",
        "succeeded": "succeeded",
        "failed": "failed",
        "cancelled": "failed",
    },
    "chargeback": {
        "new": "disputed",
        "pending": "disputed",
        "initiated": "disputed",
        "declined": "disputed",
        "accepted": "reversed",
        "lost": "reversed",
        "won": "succeeded",
        "reversed": "succeeded",
    },
    "transfer": {
        "new": "initiated",
        "initiated": "pending",
        "pending": "pending",
        "successful": "succeeded",
        "failed": "failed",
        "cancelled": "failed",
    },
    "settlement": {
        "pending": "pending",
        "processing": "pending",
        "reviewed": "pending",
        "approved": "pending",
        "disburse-pending": "pending",
        "flagged": "pending",
        "on-hold": "pending",
        "completed": "succeeded",
        "completed-offline": "succeeded",
        "failed": "failed",
    },
}


def status_of(kind: str, owner: JsonObject) -> Status | None:
    """What the object's status word means, or None for one that nobody has mapped."""
    return STATUSES[kind].get(text(owner, "status").strip().lower())
