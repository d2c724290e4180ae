"""Bank transactions: the lines of the bank's own statement as Modern Treasury reads them.

A posted transaction is a booked bank line, one that is not posted a pending line, which may never come. A posted one
that is discarded later is undone below zero. ``credit`` is money into the internal account.
"""

from connectors.json_fields import JsonObject, metadata, numbered_id, required_numbered_id, text
from connectors.modern_treasury_envelope import TreasuryEnvelope, day, direction_of, money, negative, sum_word
from ledger.facts import Fact
from ledger.money import Money


def transaction_facts(envelope: TreasuryEnvelope, transaction: JsonObject) -> list[Fact]:
    """The bank line of a transaction, and its end where it was discarded."""
    amount = money(transaction)
    gross = amount if direction_of(transaction, into="credit") == "in" else negative(amount)
    is_discarded = bool(transaction.get("discarded_at"))
    if not is_true(transaction, "posted"):
        if is_discarded:
            return [envelope.seen(transaction, "transaction", "discarded")]
        return [_line(envelope, transaction, "bank.line.pending", f"pending/{sum_word(gross)}", gross)]
    booked = _line(envelope, transaction, "bank.line.booked", "booked", gross)
    if not is_discarded:
        return [booked]
    return [booked, _line(envelope, transaction, "bank.line.booked", "discarded", negative(gross))]


def is_true(owner: JsonObject, field: str) -> bool:
    """Whether a field is true; some clients write truth values as text."""
    value = owner.get(field)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _line(envelope: TreasuryEnvelope, transaction: JsonObject, fact_type: str, what: str, gross: Money) -> Fact:
    transaction_id = required_numbered_id(transaction, "id")
    booked = envelope.reference(f"{transaction_id}/booked")
    value_on = day(transaction, "as_of_date")
    return envelope.fact(
        fact_type,
        f"{transaction_id}/{what}",
        effective_at=value_on or envelope.at,
        amounts={"gross": gross},
        links={"transaction": transaction_id},
        references=(booked,) if what == "booked" else (),
        needs=booked if what == "discarded" else "",
        status="posted" if fact_type == "bank.line.booked" else "pending",
        attributes={
            "object": "transaction",
            "type": text(transaction, "type"),
            "direction": text(transaction, "direction"),
            "reconciled": str(is_true(transaction, "reconciled")).lower(),
            "value_date": value_on,
            "as_of_time": text(transaction, "as_of_time"),
            "bank_code": text(transaction, "vendor_code"),
            "bank_code_type": text(transaction, "vendor_code_type"),
            "account_servicer_ref": text(transaction, "vendor_id"),
            "internal_account": numbered_id(transaction, "internal_account_id"),
        },
        metadata=metadata(transaction),
    )
