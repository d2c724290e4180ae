"""The envelope in which PayPal tells something: when its objects were made, and the caller's own words.

Every object of PayPal names what surrounds it by address (``links``), in old ones by field; both are read here.
"""

import re
from itertools import pairwise
from typing import Final

from connectors.envelope import Envelope
from connectors.errors import TranslationError
from connectors.instants import iso_instant
from connectors.json_fields import JsonObject, expanded, rows, text, texts, word
from ledger.facts import Fact
from ledger.money import Money

# The caller's own words, by the names that versions and interfaces give them.
_CALLERS: Final = (
    ("custom_id", ("custom_id", "custom", "custom_field")),
    ("invoice_id", ("invoice_id", "invoice_number")),
    ("reference_id", ("reference_id",)),
    ("sender_item_id", ("sender_item_id",)),
    ("sender_batch_id", ("sender_batch_id",)),
)
_PARTS: Final = re.compile(r"[/?#]")


class PayPalEnvelope(Envelope, frozen=True):
    """An envelope around PayPal's objects."""

    def made(self, owner: JsonObject) -> str:
        """When the object was made; for one that does not say, when the event happened."""
        return instant_of(owner, "create_time", "time_created", "time_processed", "update_time") or self.at

    def happened(self, owner: JsonObject) -> str:
        """When the event happened; for a fetched object, when it last changed."""
        return self.at or instant_of(owner, "update_time", "time_processed", "time_completed", "create_time")

    def fact_about(
        self,
        owner: JsonObject,
        fact_type: str,
        transition: str,
        *,
        effective_at: str,
        amounts: dict[str, Money],
        links: dict[str, str],
        status: str,
        attributes: dict[str, str] | None = None,
        references: tuple[str, ...] = (),
        needs: str = "",
    ) -> Fact:
        """A fact about `owner`; `transition` is ``<object id>/<what happened>``, `status` PayPal's own word."""
        return self.fact(
            fact_type,
            transition,
            effective_at=effective_at,
            amounts=amounts,
            links=links,
            status=status,
            attributes=attributes,
            metadata=callers_words(owner),
            references=references,
            needs=needs,
        )


def status_of(owner: JsonObject, *fields: str) -> str:
    """The status word as it is written, from the first of `fields` that has one."""
    return next((found for field in fields or ("status", "state") if (found := text(owner, field))), "")


def callers_words(owner: JsonObject) -> dict[str, str]:
    """What the caller gave the object to carry: custom and invoice ids, references, ids of a payout's sender."""
    found = {}
    for name, fields in _CALLERS:
        for field in fields:
            value = owner.get(field)
            if value is not None and value != "":
                found[name] = value
                break
    return texts(found.items())


def linked_id(owner: JsonObject, kinds: tuple[str, ...], *, rel: tuple[str, ...] = ()) -> str:
    """The id of an object of one of `kinds` (``captures``, ``sale``) that ``links`` lead to, or empty."""
    for link in rows(owner, "links"):
        href = link.get("href")
        if isinstance(href, str) and (not rel or link.get("rel") in rel):
            parts = _PARTS.split(href[:2000])
            for kind, object_id in pairwise(parts):
                if kind in kinds and plain_id(object_id):
                    return object_id
    return ""


def own_id(owner: JsonObject, kinds: tuple[str, ...]) -> str:
    """The object's id, from its field or from its own address; empty when neither says."""
    value = owner.get("id")
    if value is None or value == "":
        return linked_id(owner, kinds, rel=("self",))
    found = plain_id(value)
    if not found:
        raise TranslationError("id_malformed", "id is not an id")
    return found


def plain_id(value: object) -> str:
    """An id as it may stand in a key; a whole number becomes its digits, anything else is empty."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**40:
        return str(value)
    return word(value)


def related_id(owner: JsonObject, name: str) -> str:
    """An id from ``supplementary_data.related_ids``, or empty."""
    return word(expanded(owner, "supplementary_data", "related_ids").get(name))


def instant_of(owner: JsonObject, *fields: str) -> str:
    """A time from the first of `fields` that is there; empty when none is."""
    # RFC 3339 allows small letters, and so does PayPal's own pattern.
    for field in fields:
        value = owner.get(field)
        if isinstance(value, str) and value:
            return iso_instant({field: value.upper()}, field)
    return iso_instant(owner, *fields)
