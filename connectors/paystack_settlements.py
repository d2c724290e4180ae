"""Settlements: what Paystack pays to our bank account, and what it kept back of it for refunds and disputes.

``total_amount`` is what was processed less the fees, ``effective_amount`` what is paid. The difference is made of
refunds and disputes that are told by themselves, so it posts nothing; it stands among the contents of the payout, which
add up only with it.
"""

from connectors.envelope import Envelope
from connectors.instants import iso_date, iso_instant
from connectors.json_fields import JsonObject, expanded, required_numbered_id
from connectors.paystack_fields import (
    changed_at,
    computed_money,
    currency_of,
    exactly_told,
    made_at,
    reference_of,
    status_of,
    sum_part,
)
from connectors.paystack_manifest import MANIFEST
from ledger.facts import Fact
from ledger.money import Money


def settlement_facts(envelope: Envelope, settlement: JsonObject) -> list[Fact]:
    """What a settlement tells; its gross is signed. One to a subaccount is somebody else's money: observed."""
    settlement_id = required_numbered_id(settlement, "id")
    named = f"settlement:{settlement_id}"
    status = status_of(settlement)
    state = MANIFEST.status("settlement", status)
    paid_at = iso_instant(settlement, "settlement_date", "settled_at") or changed_at(settlement)
    currency = currency_of(settlement)
    total = computed_money(settlement, "total_amount", currency, signed=True)
    paid = computed_money(settlement, "effective_amount", currency, signed=True)
    paid = total if paid is None else paid
    if state is None or paid is None or expanded(settlement, "subaccount"):
        return [envelope.observed(named, status, effective_at=paid_at, status=status, kind="settlement")]
    transition = {"pending": "initiated", "succeeded": "paid", "failed": "failed"}[state]
    reference = envelope.reference(named)
    facts = [
        envelope.fact(
            f"payout.{transition}",
            # What is kept back may still change while it is pending.
            f"{named}/initiated{sum_part(paid)}" if transition == "initiated" else f"{named}/{transition}",
            effective_at={"initiated": made_at(settlement), "paid": paid_at}.get(transition) or changed_at(settlement),
            amounts={"gross": paid},
            links={"payout": settlement_id},
            status=status,
            attributes={
                "arrival_date": iso_date(settlement, "settlement_date"),
                "automatic": "true",  # it says which transactions it is made of
                "total_processed": reference_of(settlement, "total_processed"),
                "total_fees": reference_of(settlement, "total_fees"),
                **exactly_told(settlement, currency, total_amount="total_amount", effective_amount="effective_amount"),
            },
            references=(reference,) if transition == "paid" else (),
            needs=reference if transition == "failed" else "",
        )
    ]
    if transition == "paid" and total is not None and total != paid:
        facts.append(_kept_back(envelope, named, settlement_id, paid.minor - total.minor, currency, paid_at))
    return facts


def _kept_back(envelope: Envelope, named: str, payout: str, amount_minor: int, currency: str, at: str) -> Fact:
    amount = Money.of(amount_minor, currency)
    return envelope.fact(
        "settlement.recorded",
        f"{named}/deductions",
        effective_at=at,
        amounts={"gross": amount, "fee": Money("0", currency), "net": amount},
        links={"transaction": named, "category": "deductions", "source": payout, "payout": payout},
        attributes={"settlement_currency": currency},
    )
