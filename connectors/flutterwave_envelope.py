"""The envelope in which Flutterwave tells something: ids, times, metadata, and facts about its objects.

Version 3 numbers every kind of object from one, so a key says the kind beside the number; ids of version 4 begin with
their kind themselves. Field names differ by version and by the age of the sender (``tx_ref``, ``txRef``), so every
reader takes several.
"""

import json
from decimal import Decimal
from hashlib import sha256
from typing import Final

from connectors.connector import Telling
from connectors.envelope import Envelope, short_id
from connectors.errors import TranslationError
from connectors.instants import iso_instant, unix_instant
from connectors.json_fields import JsonObject, clean, texts
from ledger.facts import Fact

SOURCE: Final = "flutterwave"
# The account of an endpoint that names none: keys must never be empty in the middle.
ACCOUNT_UNNAMED: Final = "default"
# Where neither the object nor its event says when it was; the day of recording counts then.
TIME_UNTOLD: Final = "untold"

CREATED: Final = ("created_at", "createdAt", "created_datetime", "date_created", "dateCreated", "transaction_date")
UPDATED: Final = ("updated_at", "updatedAt", "updated_datetime")

_MS_FROM: Final = 100_000_000_000  # a Unix time above this is in milliseconds: in seconds it would be the year 5138
# What Flutterwave itself puts into metadata, or asks for there to send a transfer: persons and their bank accounts
# (law 11), by the names it gives them. Whatever else stands there is the caller's.
_PERSONAL: Final = frozenset(
    {
        *("originatorname", "originatoraccountnumber", "originatoramount", "originatornarration", "bankname"),
        *("first_name", "last_name", "email", "mobile_number", "phone_number", "recipient_address", "address"),
        *("account_number", "accountnumber", "routing_number", "swift_code", "bank_name", "bank_code", "iban"),
        *("street_name", "street_number", "city", "postal_code", "wallet_email"),
        *("consumer_id", "consumer_mac"),
    }
)
_PERSONAL_STARTS: Final = ("__", "sender", "beneficiary_", "recipient_")
_META_NAMES: Final = (("metaname", "metavalue"), ("meta_name", "meta_value"), ("MetaName", "MetaValue"))


class FlutterwaveEnvelope(Envelope, frozen=True):
    """An envelope around Flutterwave's objects."""

    @classmethod
    def around(cls, telling: Telling, *, type: str = "", at: str = "", delivery: str = "") -> "FlutterwaveEnvelope":
        """The envelope of a telling; raises `TranslationError` for an account that fits into no key."""
        named = Envelope.of(
            SOURCE, Telling(telling.source, telling.account or ACCOUNT_UNNAMED, telling.delivery), type=type, at=at
        )
        return cls(named.source, named.account, delivery or named.delivery, named.type, named.at)

    def made(self, owner: JsonObject) -> str:
        """When the object was made; when its event happened, where it does not say."""
        return instant(owner, *CREATED) or self.at or TIME_UNTOLD

    def happened(self, owner: JsonObject) -> str:
        """When the object came into its present state."""
        return self.at or loose_instant(owner, *UPDATED) or self.made(owner)

    def seen(self, kind: str, owner: JsonObject, status: str) -> Fact:
        """A fact for the timeline: an unproved body, a status that nobody has mapped, an object that moves no money."""
        try:
            named = key_of(kind, object_id(owner, "id"))
        except TranslationError:
            named = ""
        return self.observed(
            named or kind,
            status or self.type or "seen",
            effective_at=self.happened(owner),
            status=clean(status),
            kind=kind,
            raw=b"" if named else repr(owner).encode("utf-8", "backslashreplace"),
        )


def key_of(kind: str, named: str) -> str:
    """An object as keys and references name it: ``transaction-288200108``, ``chg_nONgeAGY97``; empty for no id."""
    return f"{kind}-{named}" if named.isdigit() else named


def object_id(owner: JsonObject, *fields: str) -> str:
    """The id in the first of `fields` that is there, also of an object in its place; empty when none is.

    A text of any form is an id: one that fits into no key stands there as its digest. Raises `TranslationError`.
    """
    for field in fields:
        value = owner.get(field)
        if isinstance(value, dict):
            value = value.get("id")
        if value is None or value == "":
            continue
        if isinstance(value, Decimal) and -40 < value.adjusted() < 40 and value == int(value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**40:
            return str(value)
        if isinstance(value, str) and value.isprintable():
            return short_id(value)
        raise TranslationError("id_malformed", f"{field} is not an id")
    return ""


def required_object_id(owner: JsonObject, *fields: str) -> str:
    """As `object_id`, for one that must be there."""
    found = object_id(owner, *fields)
    if not found:
        raise TranslationError("field_missing", f"{fields[0]} is missing")
    return found


def first_text(owner: JsonObject, *fields: str) -> str:
    """The text in the first of `fields` that holds one; numbers become their digits, ``N/A`` counts as nothing."""
    for field in fields:
        value = owner.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
            value = str(value)
        if isinstance(value, str) and value.strip() and value.strip().upper() != "N/A":
            return clean(value)
    return ""


def link(named: str) -> str:
    """A reference of any form as a link, which holds 256 characters: a longer one as its digest."""
    return named if len(named) <= 200 else f"sha256-{sha256(named.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def instant(owner: JsonObject, *fields: str) -> str:
    """A time from the first of `fields` that is there: ISO 8601, or Unix seconds or milliseconds; empty for none."""
    for field in fields:
        value = owner.get(field)
        if value is None or value in ("", "N/A"):
            continue
        if isinstance(value, str) and value.isascii() and value.isdigit() and 9 < len(value) < 16:
            value = int(value)
        if isinstance(value, Decimal) and abs(value.adjusted()) < 40:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return unix_instant({field: value // 1000 if value >= _MS_FROM else value}, field)
        return iso_instant({field: value}, field)
    return ""


def loose_instant(owner: JsonObject, *fields: str) -> str:
    """As `instant` for times that only explain: one that is malformed counts as not told."""
    for field in fields:
        try:
            found = instant(owner, field)
        except TranslationError:
            continue
        if found:
            return found
    return ""


def is_path_safe(named: str) -> bool:
    """Whether an id may stand in the path of a call as it is: nobody outside chooses what we ask for."""
    if named.startswith("sha256-"):
        return False  # a digest of ours, which the vendor does not know
    return 0 < len(named) <= 120 and all(each.isascii() and (each.isalnum() or each in "_-") for each in named)


def metadata_of(owner: JsonObject, *fields: str) -> dict[str, str]:
    """The caller's metadata, which is an object, a list of names and values, or either of them as JSON text."""
    found: dict[str, str] = {}
    for field in fields or ("meta",):
        value = owner.get(field)
        if isinstance(value, str) and len(value) < 20_000:
            try:
                value = json.loads(value, parse_float=str, parse_constant=str)
            except (ValueError, RecursionError):
                continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                found |= texts(_pairs(each))
    return {name: value for name, value in list(found.items())[:50] if not _is_personal(name)}


def _pairs(each: JsonObject) -> list[tuple[object, object]]:
    for name, value in _META_NAMES:
        if name in each and value in each:
            return [(each[name], each[value])]
    return list(each.items())


def _is_personal(name: str) -> bool:
    lower = name.lower()
    return lower in _PERSONAL or lower.startswith(_PERSONAL_STARTS)
