"""The envelope in which Stripe tells something, and the facts made under it.

A fact's key is ``stripe/<account>/<object id>/<transition>``: it names what happened and never the delivery, so that
two events about the same money meet under one key (law 3).
"""

import msgspec

from connectors.errors import TranslationError
from connectors.stripe_fields import JsonObject, instant, metadata, text
from ledger.facts import Fact
from ledger.money import Money


class Envelope(msgspec.Struct, frozen=True):
    """What surrounds an object.

    Attributes:
        account: the Stripe account whose money it is.
        delivery: id of the event (``evt_...``), or the delivery of the page.
        type: the event's type, or empty for a row of a list page.
        at: when the event happened, RFC 3339 in UTC, or empty for a row of a list page.
        live: ``true``, ``false`` or empty when not said.
    """

    account: str
    delivery: str
    type: str = ""
    at: str = ""
    live: str = ""

    def reference(self, object_id: str) -> str:
        """The name under which other facts may ask for an object."""
        return f"stripe/{self.account}/{object_id}"

    def happened(self, owner: JsonObject) -> str:
        """When the event happened; for a row of a list page, when its object was made."""
        return self.at or self.made(owner)

    def made(self, owner: JsonObject) -> str:
        """When the object was made; for one that does not say, when the event happened."""
        at = instant(owner) or self.at
        if not at:
            raise TranslationError("time_missing", "neither the object nor its event says when it was created")
        return at

    def fact(
        self,
        fact_type: str,
        transition: str,
        owner: JsonObject,
        *,
        effective_at: str,
        amounts: dict[str, Money],
        links: dict[str, str],
        attributes: dict[str, str] | None = None,
        references: tuple[str, ...] = (),
        needs: str = "",
    ) -> Fact:
        """A fact about `owner`; `transition` is ``<object id>/<what happened>``; empty links drop out."""
        told = {"event": self.type, "livemode": self.live, **(attributes or {})}
        return Fact(
            type=fact_type,
            key=self.reference(transition),
            source="stripe",
            account=self.account,
            effective_at=effective_at,
            amounts=amounts,
            links={name: value for name, value in links.items() if value},
            references=references,
            needs=needs,
            status=text(owner, "status"),
            delivery=self.delivery,
            attributes={name: value for name, value in told.items() if value},
            metadata=metadata(owner),
        )
