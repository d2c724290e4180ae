"""Payment orders: money that we send (``credit``) or pull (``debit``), told by webhooks, rows and fetched orders alike.

A state implies the states before it: an order that is completed was sent, one that was returned was completed. So each
telling gives every fact that is true by then, and lost webhooks leave no gap.

An order that failed, was returned or cancelled may be drafted again under the same id and goes through its states a
second time. What cannot change once a draft is being processed names the draft: its effective date and its sum. Where
two drafts share even those, the history of the order counts them (see `modern_treasury_drafts`). A return is named by
its own id.
"""

import re
from collections.abc import Mapping
from typing import Final

from connectors.connector import Telling
from connectors.json_fields import JsonObject, expanded, numbered_id, required_numbered_id, rows, text
from connectors.modern_treasury_envelope import TreasuryEnvelope, day, direction_of, money, negative, sum_word
from connectors.modern_treasury_manifest import MANIFEST
from ledger.facts import Fact
from ledger.money import Money

# The state that an event's name says, for bodies that hold no status.
STATE_OF_EVENT: Final = {
    "approved": "approved",
    "denied": "denied",
    "cancelled": "cancelled",
    "begin_processing": "processing",
    "finish_processing": "sent",
    "completed": "completed",
    "returned": "returned",
    "reversed": "reversed",
    "failed": "failed",
    "held": "held",
    "stopped": "stopped",
}
# The state itself, then what it implies.
_IMPLIED: Final = {
    "completed": ("completed", "sent"),
    "returned": ("returned", "completed", "sent"),
    "reversed": ("reversed", "completed", "sent"),
}
_WORDS: Final = {
    "needs_approval": "initiated",
    "pending": "initiated",
    "held": "initiated",
    "approved": "pending",
    "processing": "pending",
    "sent": "pending",
    "completed": "succeeded",
    "failed": "failed",
    "stopped": "failed",
    "denied": "canceled",
    "cancelled": "canceled",
    "returned": "returned",
    "reversed": "reversed",
}
_ORDINALS: Final = re.compile(r"([a-z]{1,20})=([0-9]{1,4})")
# Network references, of which a bank statement shows one.
_TRACES: Final = ("ach_trace_number", "fedwire_imad", "rtp_instruction_id", "swift_uetr", "eft_trace_number")


def order_facts(envelope: TreasuryEnvelope, order: JsonObject, telling: Telling) -> list[Fact]:
    """What an order tells: its state, then the states before it; none for a status that nobody has mapped."""
    state = state_of(envelope.event, order)
    if MANIFEST.status("payment_order", state) is None:
        return []
    family = _family(order)
    ordinals = ordinals_of(telling.context)
    facts = []
    for transition in transitions(state):
        if transition == "sent" != state and family == "payment":
            continue  # pulling posts nothing before it is executed
        if transition == "returned" and not numbered_id(order, "current_return"):
            # Without its return nobody can tell which one it was; the order's history is fetched.
            facts.append(envelope.seen(order, "payment_order", "returned"))
            continue
        facts.append(_fact(envelope, order, family, transition, ordinals.get(transition, 1)))
    return facts


def reversal_failed_fact(envelope: TreasuryEnvelope, order: JsonObject) -> Fact:
    """The order whose reversal failed or was returned: what was taken back is undone, below zero."""
    order_id = required_numbered_id(order, "id")
    return envelope.told(
        order,
        f"{_family(order)}.reversed",
        f"{order_id}/reversal_failed",
        negative(money(order)),
        effective_at=envelope.at,
        attributes=_attributes(order, "reversal_failed"),
        needs=envelope.reference(f"{order_id}/reversed"),
    )


def state_of(event: str, order: JsonObject) -> str:
    """The status, or what the event's name says where the body has none."""
    return text(order, "status") or STATE_OF_EVENT.get(event, "")


def transitions(state: str) -> tuple[str, ...]:
    """The state, and the states that are true once an order is in it."""
    return _IMPLIED.get(state, (state,))


def mark(order: JsonObject) -> str:
    """What names a draft of an order within its id."""
    return f"{day(order, 'effective_date') or '-'}/{sum_word(money(order))}"


def ordinals_of(context: Mapping[str, str]) -> dict[str, int]:
    """How often each transition happened to drafts with one mark, as the order's history counted them."""
    return {name: int(number) for name, number in _ORDINALS.findall(context.get("drafts", ""))}


def _fact(envelope: TreasuryEnvelope, order: JsonObject, family: str, transition: str, ordinal: int) -> Fact:
    order_id = required_numbered_id(order, "id")
    draft = f"{order_id}/{mark(order)}" + (f"/{ordinal}" if ordinal > 1 else "")
    key, gross, effective_at = f"{draft}/{transition}", money(order), envelope.at
    attributes = _attributes(order, transition)
    references: tuple[str, ...] = ()
    needs = ""
    match transition:
        case "sent" | "completed":
            effective_at = day(order, "effective_date") or effective_at
            references = (envelope.reference(key),)
        case "returned":
            returned = expanded(order, "current_return")
            key = f"{order_id}/returned/{numbered_id(order, 'current_return')}"
            gross = _returned_gross(returned, gross)
            effective_at = day(returned, "created_at") or effective_at
            attributes |= {"return_code": text(returned, "code"), "return_reason": text(returned, "reason")}
        case "reversed":
            references = (envelope.reference(f"{order_id}/reversed"),)
        case "failed" | "stopped":
            attributes["failure_reason"] = text(order, "vendor_failure_reason")
            if family == "transfer":  # what was never sent has nothing to give back
                needs = envelope.reference(f"{draft}/sent")
    return envelope.told(
        order,
        f"{family}.{_WORDS[transition]}",
        key,
        gross,
        effective_at=effective_at,
        attributes=attributes,
        references=references,
        needs=needs,
    )


def _family(order: JsonObject) -> str:
    """A payment to us, or a transfer: to others, or between accounts of our own whatever the direction."""
    return "payment" if direction_of(order, into="debit") == "in" and not _is_own(order) else "transfer"


def _is_own(order: JsonObject) -> bool:
    return text(order, "receiving_account_type") == "internal_account"


def _returned_gross(returned: JsonObject, gross: Money) -> Money:
    """What came back; a return that says no sum of its own gives back all."""
    if returned.get("amount") is None:
        return gross
    return money(returned if returned.get("currency") else {**returned, "currency": gross.currency})


def _attributes(order: JsonObject, transition: str) -> dict[str, str]:
    numbers = rows(order, "reference_numbers")
    return {
        "object": "payment_order",
        "transition": transition,
        "receiver": "own" if _is_own(order) else "other",
        "direction": text(order, "direction"),
        "subtype": text(order, "subtype"),
        "effective_date": day(order, "effective_date"),
        "reconciliation_status": text(order, "reconciliation_status"),
        "originating_account": numbered_id(order, "originating_account_id"),
        "counterparty": numbered_id(order, "counterparty_id"),
        "transactions": " ".join(each for each in transaction_ids(order)[:10]),
        "trace": next(
            (
                text(number, "reference_number")
                for kind in _TRACES
                for number in reversed(numbers)
                if number.get("reference_number_type") == kind
            ),
            "",
        ),
    }


def transaction_ids(order: JsonObject) -> list[str]:
    """The bank transactions that the order was matched to."""
    value = order.get("transaction_ids")
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
