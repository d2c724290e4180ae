"""Fields as Paystack writes them: amounts as numbers or digits in text, ids as numbers, the caller's references.

Bodies of the same object differ by endpoint: ``created_at`` and ``createdAt``, a transaction as its id or as the whole
object, metadata as an object, as text or as JSON within text. All of that is read alike here.
"""

import re
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any, Final

from connectors.amounts import iso_currency, money_of, vendor_digits
from connectors.envelope import short_id
from connectors.errors import TranslationError
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, clean, expanded, read_json, text, texts
from connectors.paystack_manifest import UNITS
from ledger.facts import LINK_CHARS_MAX
from ledger.money import Money, exponent

_DIGITS: Final = re.compile(r"-?[0-9]{1,40}")
# Paystack allows letters, digits and `-.=` in references and makes some with `_`; a colon never, so that our own
# names of other objects (`dispute:1`) cannot be a payment's.
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.=-]{1,120}")


def currency_of(*owners: JsonObject) -> str:
    """The upper-case currency of the first of these objects that names one; `TranslationError` when none does."""
    named = next((owner["currency"] for owner in owners if owner.get("currency") not in (None, "")), None)
    return iso_currency(named, "currency", UNITS)


def optional_money(owner: JsonObject, field: str, currency: str, *, signed: bool = False) -> Money | None:
    """Money of a field in hundredths; None when it is missing, null or empty. Below zero only where `signed`."""
    value = owner.get(field)
    if value is None or value == "":
        return None
    amount = _whole(value, field)
    if amount < 0 and not signed:
        raise TranslationError("amount_malformed", f"{field} is below zero")
    return money_of(amount, currency, field, UNITS)


def required_money(owner: JsonObject, field: str, currency: str) -> Money:
    """As `optional_money`, for an amount that must be there."""
    found = optional_money(owner, field, currency)
    if found is None:
        raise TranslationError("field_missing", f"{field} is missing")
    return found


def computed_money(owner: JsonObject, field: str, currency: str, *, signed: bool = False) -> Money | None:
    """As `optional_money` for what Paystack computes, a fee or a sum without fees: parts of a unit are rounded.

    Only a currency without decimals has such parts here: a fee of 19550 is 195.5 francs
    (`docs/adr/0032-computed-fees-are-rounded.md`).
    """
    try:
        return optional_money(owner, field, currency, signed=signed)
    except TranslationError as error:
        if error.code != "amount_not_convertible":
            raise
    rounded = int(_major(owner, field, currency).to_integral_value(ROUND_HALF_EVEN))
    return money_of(rounded * 10 ** (vendor_digits(currency, UNITS) - exponent(currency)), currency, field, UNITS)


def exactly_told(owner: JsonObject, currency: str, **fields: str) -> dict[str, str]:
    """What was told of those fields that had to be rounded, as attributes: ``fee="fees"`` becomes ``fee_told``."""
    told: dict[str, str] = {}
    for name, field in fields.items():
        if owner.get(field) not in (None, ""):
            major = _major(owner, field, currency)
            if major != major.to_integral_value():
                told[f"{name}_told"] = format(major, "f").rstrip("0")
    return told if vendor_digits(currency, UNITS) > exponent(currency) else {}


def _major(owner: JsonObject, field: str, currency: str) -> Decimal:
    """A sum in units of the currency, of one whose smallest unit is that."""
    with localcontext() as context:
        context.prec = 80
        return Decimal(_whole(owner[field], field)).scaleb(exponent(currency) - vendor_digits(currency, UNITS))


def _whole(value: object, field: str) -> int:
    """A whole number that is one, or stands in text, or is written with a fraction of nothing but zeros."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, Decimal) and -20 <= value.adjusted() <= 40 and value == value.to_integral_value():
        return int(value)
    raise TranslationError("amount_malformed", f"{field} is not a whole number of hundredths")


def reference_of(owner: JsonObject, *fields: str) -> str:
    """The first reference among `fields`, as it was written, cut to what a link holds; empty when there is none."""
    for field in fields:
        value = owner.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**40:
            value = str(value)
        if isinstance(value, str) and value:
            return clean(value)[:LINK_CHARS_MAX]
    return ""


def key_part(reference: str) -> str:
    """A reference as it stands in keys: as it is, or a digest where it holds what Paystack does not allow in one."""
    if _REFERENCE.fullmatch(reference):
        return reference
    return short_id(
        f"{reference}\0"
    )  # never itself: a reference that looks like one of our own names is not taken for it


def sum_part(money: Money | None) -> str:
    """An amount as the part of a key that keeps apart what may be told again with another sum."""
    return "" if money is None else f"/{money.amount}-{money.currency}"


def made_at(owner: JsonObject) -> str:
    """When an object was made, or empty."""
    return iso_instant(owner, "created_at", "createdAt", "transaction_date")


def changed_at(owner: JsonObject) -> str:
    """When an object was changed last, or empty."""
    return iso_instant(owner, "updated_at", "updatedAt") or made_at(owner)


def livemode(*owners: JsonObject) -> str:
    """``true``, ``false`` or empty when no object names its domain."""
    domains = [owner.get("domain") for owner in owners]
    return "true" if "live" in domains else "false" if "test" in domains else ""


def metadata_of(owner: JsonObject) -> dict[str, str]:
    """The caller's metadata, with its custom fields under their variable names."""
    value: Any = owner.get("metadata")
    if isinstance(value, str) and value[:1] == "{":
        try:
            value = read_json(value.encode("utf-8", "surrogatepass"))
        except TranslationError:
            return {"metadata": clean(value)}
    if isinstance(value, str):
        return {"metadata": clean(value)} if value else {}
    if not isinstance(value, dict):
        return {}
    found = texts(value.items())
    custom = value.get("custom_fields")
    for field in custom if isinstance(custom, list) else ():
        if isinstance(field, dict):
            found |= texts([(field.get("variable_name"), field.get("value"))])
    return found


def transaction_of(owner: JsonObject) -> tuple[str, str]:
    """Id and reference of the transaction that an object belongs to; either may be empty."""
    transaction = expanded(owner, "transaction")
    if transaction:
        reference = reference_of(transaction, "reference") or reference_of(owner, "transaction_reference")
        return reference_of(transaction, "id"), reference
    named = reference_of(owner, "transaction") or reference_of(owner, "transaction_id")
    reference = reference_of(owner, "transaction_reference")
    return (named, reference) if named.isascii() and named.isdigit() else ("", reference or named)


def status_of(owner: JsonObject) -> str:
    """The status word in lower case."""
    return text(owner, "status").lower()
