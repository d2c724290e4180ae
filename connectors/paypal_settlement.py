"""Settlement: what PayPal took as its fee and what was left, and the two sides of a conversion.

Amounts are signed as the balance saw them. A payment in a currency that the account does not keep is received, and its
fee taken, in the payment's own; then what is left is converted, which PayPal books as two transactions that refer to
it. So a conversion is two facts, one in each currency, whose keys name the payment: the body that announces both and
the rows that book them meet there.
"""

from typing import Final

from connectors.json_fields import JsonObject, decimal_text, expanded, rows
from connectors.paypal_amounts import negated, optional_money, shown, size, sum_of
from connectors.paypal_envelope import PayPalEnvelope
from ledger.facts import Fact
from ledger.money import Money

CONVERSION: Final = "conversion"


def settlement_fact(
    envelope: PayPalEnvelope,
    object_id: str,
    gross: Money,
    fee: Money,
    *,
    category: str,
    effective_at: str,
    status: str,
    links: dict[str, str] | None = None,
    attributes: dict[str, str] | None = None,
) -> Fact:
    """The fact of one movement of the balance; without a net where the fee is in another currency.

    Args:
        object_id: PayPal's id of the transaction, which payments, refunds and rows of a report share.
        gross, fee: signed: money that came in and a fee that was taken are positive.
        category: what it settles, in one word that every telling knows: ``payment``, ``refund``, ``fee``, ...
    """
    net = sum_of(gross, negated(fee))
    return envelope.fact(
        "settlement.recorded",
        f"{object_id}/recorded",
        effective_at=effective_at,
        amounts={"gross": gross, "fee": fee} | ({"net": net} if net else {}),
        links={"transaction": object_id, "category": category, "source": object_id, **(links or {})},
        status=status,
        attributes={"settlement_currency": gross.currency, **(attributes or {})},
    )


def conversion_leg(
    envelope: PayPalEnvelope,
    converted_id: str,
    gross: Money,
    *,
    effective_at: str,
    status: str,
    source: Money | None = None,
    links: dict[str, str] | None = None,
    attributes: dict[str, str] | None = None,
) -> Fact:
    """One side of the conversion of what `converted_id` brought: negative in its currency, positive in the other."""
    side = "out" if gross.amount.startswith("-") else "in"
    return envelope.fact(
        "settlement.recorded",
        f"{converted_id}/converted/{gross.currency}/{side}",
        effective_at=effective_at,
        amounts={"gross": gross, "fee": Money("0", gross.currency), "net": gross}
        | ({"source": source} if source else {}),
        links={"category": CONVERSION, "source": converted_id, **(links or {})},
        status=status,
        attributes={"settlement_currency": gross.currency, **(attributes or {})},
    )


def received_facts(
    envelope: PayPalEnvelope, owner: JsonObject, object_id: str, gross: Money, status: str
) -> list[Fact]:
    """What a capture or a sale says about its fee and its conversion; nothing where it does not know its fee."""
    breakdown = expanded(owner, "seller_receivable_breakdown")
    version_1 = "transaction_fee" in owner or "receivable_amount" in owner
    fee = optional_money(breakdown, "paypal_fee", gross.currency)
    if fee is None and version_1:
        fee = optional_money(owner, "transaction_fee", gross.currency)
    if fee is None:
        return []
    made_at = envelope.made(owner)
    platform_fees = [
        shown(money)
        for each in rows(breakdown, "platform_fees")
        if (money := optional_money(each, "amount", gross.currency)) is not None
    ]
    facts = [
        settlement_fact(
            envelope,
            object_id,
            gross,
            fee,
            category="payment",
            effective_at=made_at,
            status=status,
            attributes={"platform_fees": ", ".join(platform_fees)},
        )
    ]
    received = optional_money(breakdown or owner, "receivable_amount")
    if received is None or received.currency == gross.currency:
        return facts
    left = optional_money(breakdown, "net_amount", gross.currency) or sum_of(gross, negated(fee))
    if left is None:
        return facts
    rate = owner.get("exchange_rate") if version_1 else expanded(breakdown, "exchange_rate").get("value")
    told = {"exchange_rate": decimal_text(rate)}
    return [
        *facts,
        conversion_leg(envelope, object_id, negated(size(left)), effective_at=made_at, status=status, attributes=told),
        conversion_leg(
            envelope, object_id, size(received), effective_at=made_at, status=status, source=size(left), attributes=told
        ),
    ]


def given_back_fact(
    envelope: PayPalEnvelope, owner: JsonObject, object_id: str, gross: Money, *, category: str, status: str
) -> list[Fact]:
    """What a refund or a reversal of `gross`, a positive sum, took from the balance; the fee given back is negative."""
    fee = optional_money(expanded(owner, "seller_payable_breakdown"), "paypal_fee", gross.currency)
    if fee is None:
        fee = optional_money(owner, "refund_from_transaction_fee", gross.currency)
    if fee is None:
        return []
    return [
        settlement_fact(
            envelope,
            object_id,
            negated(gross),
            negated(size(fee)),
            category=category,
            effective_at=envelope.made(owner),
            status=status,
        )
    ]
