"""The envelope in which Modern Treasury tells something, and the fields that all of its objects share."""

from typing import Final, Literal

from connectors import amounts
from connectors.connector import Telling
from connectors.envelope import Envelope
from connectors.errors import TranslationError
from connectors.instants import iso_date, iso_instant
from connectors.json_fields import JsonObject, metadata, required_numbered_id, text
from connectors.modern_treasury_manifest import NAME, UNITS
from ledger.facts import Fact
from ledger.money import Money

Direction = Literal["in", "out"]

# Some bodies (an order that could not be made) name no time at all: they count on the day they are recorded.
TIME_UNTOLD: Final = "untold"

# Kinds of payment that only ever send.
_ALWAYS_OUT: Final = frozenset({"wire", "rtp", "check"})


class TreasuryEnvelope(Envelope, frozen=True):
    """An envelope around Modern Treasury's objects; `event` is the event's name alone, empty for rows."""

    event: str = ""

    @classmethod
    def around(
        cls, telling: Telling, owner: JsonObject, kind: str, event: str = "", at: str = "", delivery: str = ""
    ) -> "TreasuryEnvelope":
        """The envelope of an object; raises `TranslationError` when the endpoint has no account."""
        live = owner.get("live_mode")
        outer = Envelope.of(
            NAME,
            telling,
            type=f"{kind}.{event}" if event else "",
            at=at or iso_instant(owner, "updated_at", "created_at", "as_of_date", "event_time") or TIME_UNTOLD,
            live=str(live).lower() if isinstance(live, bool) else "",
        )
        return cls(
            outer.source, outer.account, delivery or outer.delivery, outer.type, outer.at, outer.live, event=event
        )

    def told(
        self,
        owner: JsonObject,
        fact_type: str,
        transition: str,
        gross: Money,
        *,
        effective_at: str,
        attributes: dict[str, str],
        references: tuple[str, ...] = (),
        needs: str = "",
    ) -> Fact:
        """A fact about money that moves, linked as a payment to us or as a transfer to others."""
        family = fact_type.partition(".")[0]
        return self.fact(
            fact_type,
            transition,
            effective_at=effective_at,
            amounts={"gross": gross},
            links={family: required_numbered_id(owner, "id")},
            status=text(owner, "status"),
            attributes={"type": text(owner, "type"), **attributes},
            metadata=metadata(owner),
            references=references,
            needs=needs,
        )

    def seen(
        self,
        owner: JsonObject,
        kind: str,
        what: str,
        *,
        amounts: dict[str, Money] | None = None,
        attributes: dict[str, str] | None = None,
    ) -> Fact:
        """A fact for the timeline that posts nothing, under the id of what it is about."""
        named = required_numbered_id(owner, "id")
        return self.fact(
            "event.observed",
            f"{named}/{what}/observed",
            effective_at=self.at,
            amounts=amounts or {},
            links={"object": named},
            status=text(owner, "status"),
            attributes={"object": kind, "type": text(owner, "type"), **(attributes or {})},
            metadata=metadata(owner),
        )


def money(owner: JsonObject, field: str = "amount") -> Money:
    """An amount of the object, never below zero: `direction` alone says which way it goes."""
    currency = amounts.iso_currency(owner.get("currency"), "currency", UNITS)
    value = owner.get(field)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 40:
        value = int(value)
    if value is None:
        raise TranslationError("amount_missing", f"{field} is missing")
    found = amounts.money_of(value, currency, field, UNITS)
    if found.minor < 0:
        raise TranslationError("amount_malformed", f"{field} is below zero")
    return found


def negative(of: Money) -> Money:
    """The same amount the other way."""
    return Money.of(-of.minor, of.currency)


def sum_word(gross: Money) -> str:
    """An amount as a part of a key."""
    return f"{gross.amount}-{gross.currency}"


def direction_of(owner: JsonObject, *, into: str) -> Direction:
    """Which way the money goes; `into` is the word (``credit`` or ``debit``) that means: to us.

    For payment orders that is ``debit`` (we pull), for everything a bank tells it is ``credit``.
    """
    value = owner.get("direction")
    said = value.lower() if isinstance(value, str) else ""
    if said not in ("credit", "debit"):
        if value is None and into == "debit" and owner.get("type") in _ALWAYS_OUT:
            return "out"
        raise TranslationError("direction_malformed", "direction is neither credit nor debit")
    return "in" if said == into else "out"


def day(owner: JsonObject, *fields: str) -> str:
    """The first of these dates that is there, or empty."""
    return next((found for field in fields if (found := iso_date(owner, field))), "")
