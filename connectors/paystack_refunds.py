"""Refunds: one name for what the webhook and the row of a list tell, which have no id in common.

A webhook names the payment by its reference and has no id of the refund; a row has the id and names the payment by
another id. What both can be given is the payment, the sum, and which of the payment's refunds of this sum it is. A
webhook is taken for the first one, which it is unless a payment is refunded twice with the same sum; it also makes us
fetch the payment's refunds, whose rows come with their true number (`connectors.paystack_pages`), and so whatever is
missing comes. A webhook that a refund failed says of none which one: only its row takes money back.
"""

from typing import Final

from connectors.connector import Telling
from connectors.envelope import Envelope, short_id
from connectors.errors import TranslationError
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, expanded, numbered_id, text
from connectors.paystack_fields import (
    changed_at,
    currency_of,
    key_part,
    made_at,
    metadata_of,
    reference_of,
    required_money,
    status_of,
    transaction_of,
)
from connectors.paystack_manifest import MANIFEST
from ledger.facts import Fact

# Context of the rows of `payment_refunds`: the payment's reference, and which refund of this sum a row is.
PAYMENT: Final = "payment"
NUMBER: Final = "number"

_TYPES: Final = {"pending": "refund.pending", "succeeded": "refund.succeeded", "failed": "refund.failed"}


def refund_facts(envelope: Envelope, refund: JsonObject, telling: Telling, *, word: str = "") -> list[Fact]:
    """What a refund tells, and what it moves of a dispute's money; `word` is its status where it has none."""
    refund_id = numbered_id(refund, "id")
    transaction_id, reference = transaction_of(refund)
    reference = telling.context.get(PAYMENT) or reference
    number = telling.context.get(NUMBER, "")
    status = status_of(refund) or word
    state = MANIFEST.status("refund", status)
    if not (reference or refund_id):
        raise TranslationError("field_missing", "a refund needs the reference of its payment or an id")
    if state is None:
        about = refund_id or key_part(reference)
        return [envelope.observed(about, status, effective_at=changed_at(refund), status=status, kind="refund")]
    gross = required_money(refund, "amount", currency_of(refund, expanded(refund, "transaction")))
    if reference:
        which = number or (
            "1" if state != "failed" else f"told-{short_id(reference_of(refund, 'refund_reference')) or '-'}"
        )
        named = f"{key_part(reference)}/refund/{gross.amount}-{gross.currency}/{which}"
    else:
        named = f"refund:{refund_id}"
    needs = ""
    if state != "pending" and not reference:
        needs = envelope.reference(f"{named}/payment")  # nothing tells it: the payment's own refunds do, and post
    elif state == "failed" and number:
        needs = envelope.reference(named)  # what never took money gives none back
    facts = [
        envelope.fact(
            _TYPES[state],
            f"{named}/{status if state == 'pending' else state}",
            effective_at=(iso_instant(refund, "refunded_at") or changed_at(refund))
            if state != "pending"
            else made_at(refund),
            amounts={"gross": gross},
            links={
                "refund": named if reference else refund_id,
                "refund_id": refund_id,
                "payment": reference,
                "charge": transaction_id,
                "dispute": numbered_id(refund, "dispute"),
            },
            status=status,
            attributes={
                "number": number,
                "refund_reference": reference_of(refund, "refund_reference", "bank_reference"),
                "processor": text(refund, "processor") or text(refund, "channel"),
                "reason": text(refund, "reason"),
                "expected_on": iso_instant(refund, "expected_at")[:10],
            },
            metadata=metadata_of(refund),
            references=(envelope.reference(named),) if state == "succeeded" else (),
            needs=needs,
        )
    ]
    if number and state != "pending" and numbered_id(refund, "dispute"):
        facts.append(_dispute_fact(envelope, facts[0], numbered_id(refund, "dispute"), refund_id))
    return facts


def _dispute_fact(envelope: Envelope, refund: Fact, dispute: str, refund_id: str) -> Fact:
    """A refund that pays a dispute: the dispute's money, and not what we gave back of our own will."""
    moved = envelope.reference(f"dispute:{dispute}/{refund_id}")
    undone = refund.type == "refund.failed"
    return envelope.fact(
        "dispute.funds_reinstated" if undone else "dispute.funds_withdrawn",
        f"dispute:{dispute}/{'funds_reinstated' if undone else 'funds_withdrawn'}/{refund_id}",
        effective_at=refund.effective_at,
        amounts=refund.amounts,
        links={
            "dispute": dispute,
            "payment": refund.links.get("payment", ""),
            "charge": refund.links.get("charge", ""),
        },
        status=refund.status,
        references=() if undone else (moved,),
        needs=moved if undone else "",
    )
