"""The envelope in which a source tells something, and the facts made under it.

A fact's key is ``<source>/<account>/<object id>/<transition>``: it names what happened and never the delivery, so that
the webhook, the polled row and the fetched object about the same money meet under one key (law 3). Amounts and links
are compared between tellings of one key, so a fact carries what every telling of it knows and no more: fee and net
belong into a `settlement.recorded` of their own.
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from connectors.connector import Telling
from connectors.errors import TranslationError
from connectors.json_fields import word
from ledger.facts import Fact
from ledger.money import Money


class Envelope(msgspec.Struct, frozen=True):
    """What surrounds an object.

    Attributes:
        source: the first part of every key; two interfaces of one vendor share it.
        account: the account whose money it is.
        delivery: id of the event or delivery.
        type: the event's type, or empty for a row or a fetched object.
        at: when the event happened, RFC 3339 in UTC, or empty when not said.
        live: ``true``, ``false`` or empty when not said.
    """

    source: str
    account: str
    delivery: str = ""
    type: str = ""
    at: str = ""
    live: str = ""

    @classmethod
    def of(cls, source: str, telling: Telling, *, type: str = "", at: str = "", live: str = "") -> "Envelope":
        """The envelope of a telling whose account is the endpoint's; raises `TranslationError` without one."""
        if not word(telling.account):
            raise TranslationError("account_missing", "neither the bytes nor the endpoint name an account")
        return cls(source, telling.account, telling.delivery, type, at, live)

    def reference(self, object_id: str) -> str:
        """The name under which other facts may ask for an object."""
        return f"{self.source}/{self.account}/{object_id}"

    def fact(
        self,
        fact_type: str,
        transition: str,
        *,
        effective_at: str,
        amounts: Mapping[str, Money],
        links: Mapping[str, str],
        status: str = "",
        attributes: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        references: tuple[str, ...] = (),
        needs: str = "",
    ) -> Fact:
        """A fact; `transition` is ``<object id>/<what happened>``; links and attributes that are empty drop out."""
        if not (effective_at or self.at):
            raise TranslationError("time_missing", "neither the object nor its event says when it was")
        told = {"event": self.type, "livemode": self.live, **(attributes or {})}
        return Fact(
            type=fact_type,
            key=self.reference(transition),
            source=self.source,
            account=self.account,
            effective_at=effective_at or self.at,
            amounts=dict(amounts),
            links={name: value for name, value in links.items() if value},
            references=references,
            needs=needs,
            status=status,
            delivery=self.delivery,
            attributes={name: value for name, value in told.items() if value},
            metadata=dict(metadata or {}),
        )

    def observed(
        self, object_id: str, what: str, *, effective_at: str, status: str = "", kind: str = "", raw: bytes = b""
    ) -> Fact:
        """A fact for the timeline that moves no money: an event that means none, or a status that nobody has mapped.

        Args:
            object_id: what it is about; one that does not fit into a key is shortened to a digest.
            what: what is observed, for example the event's type or the unknown status.
            raw: where nothing else tells two of them apart, the bytes; their digest then stands in the key.
        """
        named = short_id(object_id) or "-"
        told = short_id(what) or "-"
        digest = f"/{sha256(raw).hexdigest()[:32]}" if raw else ""
        return self.fact(
            "event.observed",
            f"{named}/{told}{digest}/observed",
            effective_at=effective_at,
            amounts={},
            links={"object": short_id(object_id)},
            status=status,
            attributes={"object": kind},
        )


def short_id(named: str) -> str:
    """An id as it may stand in a key: as it is, or a digest of one that is too long or holds other characters."""
    if not named or word(named):
        return named
    return f"sha256-{sha256(named.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
