"""What Modern Treasury tells of money without moving any by it: returns, reversals, expected payments.

A return and a reversal name the object they take back but not which way its money went; a reversal does not even name
a sum. So they are kept for the timeline and make us fetch that object, which tells the rest (`wants` in
`modern_treasury_pages`). An ACH notification of change is a return that returns nothing.
"""

from connectors.json_fields import JsonObject, numbered_id, rows, text
from connectors.modern_treasury_envelope import TreasuryEnvelope, money, sum_word
from ledger.facts import Fact
from ledger.money import Money


def return_facts(envelope: TreasuryEnvelope, returned: JsonObject) -> list[Fact]:
    """A return in the state it is in."""
    amounts = {"gross": money(returned)} if returned.get("amount") is not None else {}
    return [
        envelope.seen(
            returned,
            "return",
            f"{_word(envelope, returned)}/{sum_word(amounts['gross']) if amounts else '-'}",
            amounts=amounts,
            attributes={
                "role": text(returned, "role"),
                "return_code": text(returned, "code"),
                "return_reason": text(returned, "reason"),
                "of": numbered_id(returned, "returnable_id"),
                "of_object": text(returned, "returnable_type"),
                "transaction": numbered_id(returned, "transaction_id"),
                "reconciliation_status": text(returned, "reconciliation_status"),
            },
        )
    ]


def reversal_facts(envelope: TreasuryEnvelope, reversal: JsonObject) -> list[Fact]:
    """A reversal in the state it is in."""
    return [
        envelope.seen(
            reversal,
            "reversal",
            _word(envelope, reversal),
            attributes={
                "reason": text(reversal, "reason"),
                "of": numbered_id(reversal, "payment_order_id"),
                "of_object": "payment_order",
            },
        )
    ]


def expected_payment_facts(envelope: TreasuryEnvelope, expected: JsonObject) -> list[Fact]:
    """What is expected and whether it came. The gross is told where the sum expected is one and no span."""
    # Newer versions write what is expected into the variables of reconciliation rules, one set for each rule.
    variables = rows(expected, "reconciliation_rule_variables")
    said = variables[0] if len(variables) == 1 and expected.get("amount_upper_bound") is None else expected
    lower, upper = _bound(said, "amount_lower_bound"), _bound(said, "amount_upper_bound")
    bounds = {name: bound for name, bound in (("lower", lower), ("upper", upper)) if bound is not None}
    if lower is not None and lower == upper:
        bounds["gross"] = lower
    span = "_".join(sum_word(bound) for bound in (lower, upper) if bound is not None)
    return [
        envelope.seen(
            expected,
            "expected_payment",
            f"{_word(envelope, expected)}/{span or '-'}",
            amounts=bounds,
            attributes={
                "direction": text(said, "direction"),
                "transaction": numbered_id(expected, "transaction_id"),
                "reconciliation_method": text(expected, "reconciliation_method"),
                "internal_account": numbered_id(said, "internal_account_id"),
                "counterparty": numbered_id(said, "counterparty_id"),
            },
        )
    ]


def is_notification_of_change(returned: JsonObject) -> bool:
    """Whether a return only corrects account details."""
    return text(returned, "type") == "ach_noc" or text(returned, "code").startswith("C")


def _bound(expected: JsonObject, field: str) -> Money | None:
    return money(expected, field) if expected.get(field) is not None and expected.get("currency") else None


def _word(envelope: TreasuryEnvelope, owner: JsonObject) -> str:
    """The state that is told: the status, or the event of a body without one."""
    told = text(owner, "status") or envelope.event
    return "".join(letter for letter in told[:60] if letter.isascii() and (letter.isalnum() or letter == "_")) or "-"
