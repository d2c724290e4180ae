"""Settlement: what a balance transaction says that no event says: fee, net, rate, category and payout.

Amounts are in the settlement currency and signed as the balance saw them. Where the payment was in another currency
the amount before conversion is ``source``: read from the expanded source, or filled in by the book from the fact that
the row asks for in ``needs``.
"""

from typing import Final

from connectors.errors import TranslationError
from connectors.instants import unix_instant
from connectors.json_fields import (
    JsonObject,
    decimal_text,
    expanded,
    optional_id,
    optional_whole,
    required_id,
    text,
    whole,
    word,
)
from connectors.stripe_amounts import currency, iso_currency, iso_money
from connectors.stripe_envelope import StripeEnvelope
from ledger.facts import Fact
from ledger.money import Money

# Sources about which a fact exists: charges, refunds, disputes and payouts. Waiting for any other would last for ever.
_TOLD_SOURCES: Final = ("ch_", "py_", "re_", "pyr_", "dp_", "du_", "po_")


def settled_fact(envelope: StripeEnvelope, row: JsonObject, payout: str = "") -> Fact:
    """The fact of one balance transaction of a list.

    Stripe keeps what it holds back in a balance of its own and lists that balance's rows beside ours (``balance_type``
    of 2026-01-28 and later). Such a row is the other side of one that moved our balance: it is told and posts nothing.
    """
    if text(row, "balance_type") != "risk_reserved":
        return settlement_fact(envelope, row, payout)
    amount = whole(row, "amount")
    return envelope.fact_about(
        row,
        "reserve.held" if amount >= 0 else "reserve.released",
        f"{required_id(row, 'id')}/recorded",
        effective_at=envelope.made(row),
        amounts={"gross": iso_money(abs(amount), currency(row), "amount")},
        links={"transaction": required_id(row, "id"), "source": optional_id(row, "source")},
    )


def settlement_fact(envelope: StripeEnvelope, row: JsonObject, payout: str = "") -> Fact:
    """The fact of one balance transaction; `payout` is the payout it is part of, where known."""
    transaction = required_id(row, "id")
    settled = currency(row)
    gross = whole(row, "amount")
    fee, net = optional_whole(row, "fee"), optional_whole(row, "net")
    if fee is None and net is None:
        raise TranslationError("field_missing", "a balance transaction needs fee or net")
    fee = gross - net if fee is None and net is not None else fee or 0
    net = gross - fee if net is None else net
    if net != gross - fee:
        raise TranslationError("net_does_not_add_up", "net of a balance transaction is not its amount less its fee")
    amounts = {
        "gross": iso_money(gross, settled, "amount"),
        "fee": iso_money(fee, settled, "fee"),
        "net": iso_money(net, settled, "net"),
    }
    source = optional_id(row, "source")
    rate = decimal_text(row.get("exchange_rate"))
    before = _before_conversion(row, settled)
    needs = ""
    if before is not None:
        amounts["source"] = before
    elif rate and not expanded(row, "source") and source.startswith(_TOLD_SOURCES):
        needs = envelope.reference(source)
    return envelope.fact_about(
        row,
        "settlement.recorded",
        f"{transaction}/recorded",
        effective_at=envelope.made(row),
        amounts=amounts,
        links={"transaction": transaction, "category": word(row.get("type")), "source": source, "payout": payout},
        attributes={
            "exchange_rate": rate,
            "settlement_currency": settled,
            "available_on": unix_instant(row, "available_on")[:10],
            "reporting_category": text(row, "reporting_category"),
            "balance_type": text(row, "balance_type"),
        },
        needs=needs,
    )


def expanded_settlements(envelope: StripeEnvelope, owner: JsonObject) -> list[Fact]:
    """The balance transactions that were asked for together with their object, or with the charge of an intent."""
    owners = [owner, expanded(owner, "latest_charge")]
    return [
        settlement_fact(envelope, {**row, "source": row.get("source") if expanded(row, "source") else each})
        for each in owners
        for field in ("balance_transaction", "failure_balance_transaction")
        if (row := expanded(each, field)).get("object") == "balance_transaction"
    ]


def _before_conversion(row: JsonObject, settled: str) -> Money | None:
    """The expanded source's amount in its own currency, with the row's sign, where that currency differs."""
    source = expanded(row, "source")
    if source.get("currency") is None:
        return None
    original = iso_currency(source["currency"], "source.currency")
    if original == settled:
        return None
    captured = optional_whole(source, "amount_captured")
    amount = abs(whole(source, "amount") if captured is None else captured)
    return iso_money(-amount if whole(row, "amount") < 0 else amount, original, "source.amount")
