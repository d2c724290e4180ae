"""Splits: which part of a payment Paystack pays to subaccounts and not to us, and who of them bears the fee.

``fees_split`` tells it for one subaccount, ``split.shares`` for several. Fee, shares of others and our own part add up
to the payment (https://paystack.com/docs/payments/split-payments). A split whose parts are not told is not guessed:
`shares_of` is then None, and the payment is fetched.
"""

import msgspec

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, expanded, read_json, rows, text
from connectors.paystack_fields import optional_money
from ledger.money import Money


class Shares(msgspec.Struct, frozen=True):
    """What others get of a payment.

    Attributes:
        others: what Paystack pays to subaccounts.
        borne: how much of Paystack's fee they bear.
        bearer: Paystack's word for who bears the fee.
    """

    others: Money
    borne: Money
    bearer: str = ""


def shares_of(transaction: JsonObject, gross: Money, fee: Money) -> Shares | None:
    """The shares of a payment, of zero where nothing is split, or None where a split is named and its parts are not."""
    currency = gross.currency
    nothing = Money("0", currency)
    told = _object(transaction, "fees_split")
    ours, others = optional_money(told, "integration", currency), optional_money(told, "subaccount", currency)
    if ours is not None and others is not None:
        bearer = text(expanded(told, "params"), "bearer")
        return _checked(gross, fee, ours, Shares(others, fee if bearer == "subaccount" else nothing, bearer))
    shares = expanded(transaction, "split", "shares")
    ours = optional_money(shares, "integration", currency)
    parts = [optional_money(part, "amount", currency) for part in rows(shares, "subaccounts")]
    if ours is not None and parts:
        amounts = [part.minor for part in parts if part is not None]
        fees = [optional_money(part, "fees", currency) or nothing for part in rows(shares, "subaccounts")]
        bearer = text(expanded(transaction, "split", "formula"), "bearer_type")
        borne = Money.of(sum(each.minor for each in fees), currency)
        return _checked(gross, fee, ours, Shares(Money.of(sum(amounts), currency), borne, bearer))
    return None if is_split(transaction) else Shares(nothing, nothing)


def is_split(transaction: JsonObject) -> bool:
    """Whether a subaccount or a split is named."""
    if text(expanded(transaction, "subaccount"), "subaccount_code") or _object(transaction, "fees_split"):
        return True
    split = expanded(transaction, "split")
    return bool(text(split, "split_code") or split.get("id") or text(transaction, "split_code"))


def _checked(gross: Money, fee: Money, ours: Money, shares: Shares) -> Shares:
    if fee.minor + ours.minor + shares.others.minor != gross.minor or shares.borne.minor > fee.minor:
        raise TranslationError("net_does_not_add_up", "fee, our part and the parts of subaccounts are not the payment")
    return shares


def _object(owner: JsonObject, field: str) -> JsonObject:
    """An object, or the object in a text of JSON; empty for anything else."""
    value = owner.get(field)
    if isinstance(value, str) and value[:1] == "{":
        try:
            value = read_json(value.encode("utf-8", "surrogatepass"))
        except TranslationError:
            return {}
    return value if isinstance(value, dict) else {}
