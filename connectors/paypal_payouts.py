"""Payouts, which PayPal calls what we send to others: batches, and their items, each of which is a transfer.

An item is told in two steps, because its money may leave our balance and wait for a receiver who has no account:
``transfer.pending`` says that it left, ``transfer.succeeded`` that it arrived, ``transfer.reversed`` that it did arrive
and was taken back, ``transfer.returned`` that it is in our balance again. A status tells every step up to itself, so
that it does not matter which of them was heard of. One that failed may have left before, and even arrived: it tells the
way back as well, of which each step waits for the one that it undoes. Withdrawals to our own bank are rows of the
report.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, expanded, text
from connectors.paypal_amounts import negated, optional_money, required_money, shown, size
from connectors.paypal_envelope import PayPalEnvelope, callers_words, linked_id, plain_id, status_of
from connectors.paypal_settlement import settlement_fact
from ledger.facts import Fact
from ledger.money import Money

# What a transfer that did not work out undoes, of what had been told of it.
BACK: Final = ("reversed", "returned")

_ITEM_STEPS: Final[dict[str, tuple[str, ...]]] = {
    "NEW": ("initiated",),
    "PENDING": ("initiated",),
    # Held for a review: whether the money has left already, the report says.
    "ONHOLD": ("initiated",),
    "UNCLAIMED": ("pending",),
    "SUCCESS": ("pending", "succeeded"),
    "RETURNED": ("pending", "returned"),
    "REFUNDED": ("pending", "succeeded", "reversed", "returned"),
    "REVERSED": ("pending", "succeeded", "reversed", "returned"),
    "FAILED": ("failed", *BACK),
    "BLOCKED": ("failed", *BACK),
    "DENIED": ("failed", *BACK),
    "CANCELED": ("canceled", *BACK),
}
_BATCHES: Final = {
    "NEW": "initiated",
    "PENDING": "initiated",
    "PROCESSING": "initiated",
    "SUCCESS": "initiated",
    "DENIED": "canceled",
    "CANCELED": "canceled",
}
_ITEM_EVENTS: Final = {"SUCCEEDED": "SUCCESS", "HELD": "ONHOLD", "CANCELLED": "CANCELED"}
# The steps that move money; they are known by the transaction, which the report names as well.
MOVED: Final = frozenset({"pending", "succeeded", "reversed", "returned"})


def transfer_step(
    envelope: PayPalEnvelope,
    owner: JsonObject,
    transfer_id: str,
    step: str,
    gross: Money,
    *,
    effective_at: str,
    status: str,
    links: dict[str, str],
    attributes: dict[str, str] | None = None,
    undone: bool = False,
) -> Fact:
    """One step of a transfer under the id of its transaction; `gross` is positive.

    Args:
        undone: whether it did not work out, so that it is not sure that its money had left.
    """
    arrived, left = envelope.reference(transfer_id), envelope.reference(f"{transfer_id}/left")
    return envelope.fact_about(
        owner,
        f"transfer.{step}",
        f"{transfer_id}/{step}",
        effective_at=effective_at,
        amounts={"gross": gross},
        links=links,
        status=status,
        attributes=attributes,
        references={"pending": (left,), "succeeded": (arrived,)}.get(step, ()),
        # Only what arrived can be taken back, and only what left returns.
        needs=arrived if step == "reversed" else left if step == "returned" and undone else "",
    )


def payout_item_facts(envelope: PayPalEnvelope, item: JsonObject) -> list[Fact]:
    """What an item of a payout tells; none for a status that nobody has mapped."""
    item_id = plain_id(item.get("payout_item_id")) or linked_id(item, ("payouts-item",), rel=("self",))
    transaction = plain_id(item.get("transaction_id"))
    if not item_id and not transaction:
        raise TranslationError("field_missing", "payout_item_id is missing")
    event_word = envelope.type.rpartition(".")[2]
    status = status_of(item, "transaction_status") or _ITEM_EVENTS.get(event_word, event_word)
    steps = _ITEM_STEPS.get(status.upper(), ())
    undone = steps[1:] == BACK
    if not transaction and MOVED & set(steps):
        # Money without the name under which the report tells it could be posted twice.
        steps = steps[:1] if undone else ("initiated",)
    sent = expanded(item, "payout_item") or item
    gross = size(required_money(sent, "amount")) if steps else None
    if gross is None:
        return []
    transfer_id = transaction or item_id
    caller = {**sent, **{name: item[name] for name in ("sender_batch_id", "sender_item_id") if item.get(name)}}
    facts = [
        transfer_step(
            envelope,
            caller,
            transfer_id,
            step,
            gross,
            effective_at=envelope.happened(item) if step in BACK else envelope.made(item),
            undone=undone,
            status=status,
            links={
                "transfer": item_id,
                "transaction": transaction,
                "batch": plain_id(item.get("payout_batch_id")) or linked_id(item, ("payouts",), rel=("batch",)),
            },
            attributes={
                "error": text(expanded(item, "errors"), "name") or text(expanded(item, "error"), "name"),
                "recipient_type": text(sent, "recipient_type"),
                "fee": shown(optional_money(item, "payout_item_fee", gross.currency)),
            },
        )
        for step in steps
    ]
    fee = optional_money(item, "payout_item_fee", gross.currency)
    if "succeeded" in steps and fee is not None:
        facts.append(
            settlement_fact(
                envelope,
                transfer_id,
                negated(gross),
                size(fee),
                category="transfer",
                effective_at=envelope.made(item),
                status=status,
            )
        )
    return facts


def payout_batch_facts(envelope: PayPalEnvelope, batch: JsonObject) -> list[Fact]:
    """What a batch tells: that it was sent, or that it never will be. Its money is told by its items."""
    header = expanded(batch, "batch_header") or batch
    batch_id = plain_id(header.get("payout_batch_id"))
    if not batch_id:
        raise TranslationError("field_missing", "payout_batch_id is missing")
    status = status_of(header, "batch_status") or envelope.type.rpartition(".")[2]
    transition = _BATCHES.get(status.upper())
    if transition is None:
        return []
    gross, fee = optional_money(header, "amount"), optional_money(header, "fees")
    return [
        envelope.fact(
            f"transfer.{transition}",
            # Each status is a telling of its own: sum and fees are known better later.
            f"{batch_id}/{status.lower()}",
            effective_at=envelope.made(header) if transition == "initiated" else envelope.happened(header),
            amounts=({"gross": size(gross)} if gross else {}) | ({"fee": size(fee)} if fee else {}),
            links={"transfer": batch_id, "batch": batch_id},
            status=status,
            metadata=callers_words(expanded(header, "sender_batch_header")),
        )
    ]
