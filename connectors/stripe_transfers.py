"""Transfers of Connect: from a platform to a connected account, and the reversals that bring some of it back.

They are told for the timeline: what moved our balance is posted from its balance transaction, which tells every one of
them (`stripe.transfer` among the posting rules). Until API version 2017-04-06 payouts were called transfers too; all
transfers had a status then, and those to a connected account name it as their destination.
"""

from typing import Final

from connectors.json_fields import JsonObject, optional_id, required_id, rows, text
from connectors.stripe_amounts import money
from connectors.stripe_envelope import StripeEnvelope
from connectors.stripe_payouts import payout_facts
from ledger.facts import Fact

_MADE_NOTHING: Final = frozenset({"failed", "canceled"})


def transfer_facts(envelope: StripeEnvelope, transfer: JsonObject) -> list[Fact]:
    """The transfer and each reversal that it lists; what a payout tells where it is one of the old kind."""
    if "status" in transfer and not optional_id(transfer, "destination").startswith("acct_"):
        return payout_facts(envelope, transfer)
    if transfer.get("destination") is None or text(transfer, "status") in _MADE_NOTHING:
        return []
    transfer_id = required_id(transfer, "id")
    attributes = {
        "destination": optional_id(transfer, "destination"),
        "destination_payment": optional_id(transfer, "destination_payment"),
    }
    facts = [
        envelope.fact_about(
            transfer,
            "transfer.succeeded",
            f"{transfer_id}/succeeded",
            effective_at=envelope.made(transfer),
            amounts={"gross": money(transfer, "amount")},
            links={"transfer": transfer_id, "source": optional_id(transfer, "source_transaction")},
            attributes=attributes,
        )
    ]
    for reversal in rows(transfer, "reversals"):
        reversal_id = required_id(reversal, "id")
        facts.append(
            envelope.fact_about(
                reversal,
                "transfer.reversed",
                f"{reversal_id}/reversed",
                effective_at=envelope.made(reversal),
                amounts={"gross": money(reversal, "amount")},
                links={"transfer": transfer_id, "refund": optional_id(reversal, "source_refund")},
                attributes=attributes,
            )
        )
    return facts
