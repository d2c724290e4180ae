"""The envelope in which Stripe tells something: when its objects were made, and facts about them."""

from connectors.envelope import Envelope
from connectors.errors import TranslationError
from connectors.instants import unix_instant
from connectors.json_fields import JsonObject, metadata, text
from ledger.facts import Fact
from ledger.money import Money


class StripeEnvelope(Envelope, frozen=True):
    """An envelope around Stripe's objects, which all have ``created``, ``status`` and ``metadata``.

    Attributes:
        version: API version in which an event was rendered, or empty.
    """

    version: str = ""

    def happened(self, owner: JsonObject) -> str:
        """When the event happened; for a row of a list page, when its object was made."""
        return self.at or self.made(owner)

    def made(self, owner: JsonObject) -> str:
        """When the object was made; for one that does not say, when the event happened."""
        at = unix_instant(owner) or self.at
        if not at:
            raise TranslationError("time_missing", "neither the object nor its event says when it was created")
        return at

    def fact_about(
        self,
        owner: JsonObject,
        fact_type: str,
        transition: str,
        *,
        effective_at: str,
        amounts: dict[str, Money],
        links: dict[str, str],
        attributes: dict[str, str] | None = None,
        references: tuple[str, ...] = (),
        needs: str = "",
    ) -> Fact:
        """A fact about `owner`; `transition` is ``<object id>/<what happened>``."""
        return self.fact(
            fact_type,
            transition,
            effective_at=effective_at,
            amounts=amounts,
            links=links,
            status=text(owner, "status"),
            attributes=attributes,
            metadata=metadata(owner),
            references=references,
            needs=needs,
        )
