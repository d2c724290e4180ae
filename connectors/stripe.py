"""Stripe: events of every API version and list pages, translated into facts.

An event that is Stripe's always translates: a type that moves nothing becomes ``event.observed``, which is kept for the
timeline and posts nothing. Translation looks at one body at a time and knows no order (law 3 does the rest).
"""

import re
from collections.abc import Callable
from typing import Final

from connectors.connector import Connector, Telling
from connectors.envelope import short_id
from connectors.errors import TranslationError
from connectors.instants import iso_instant, unix_instant
from connectors.json_fields import JsonObject, expanded, optional_id, read_object, required_id, text, word
from connectors.stripe_disputes import dispute_facts
from connectors.stripe_envelope import StripeEnvelope
from connectors.stripe_manifest import MANIFEST
from connectors.stripe_pages import classify_answer, page_call, read_page, wants
from connectors.stripe_payments import charge_facts, payment_intent_facts
from connectors.stripe_payouts import payout_facts
from connectors.stripe_plain_fields import PLAIN_FIELDS
from connectors.stripe_refunds import refund_facts
from connectors.stripe_settlement import expanded_settlements, settled_fact
from connectors.stripe_signature import verify
from connectors.stripe_transfers import transfer_facts
from ledger.facts import Fact

# The account of an endpoint that names none and of events that name none: keys must never be empty in the middle.
ACCOUNT_UNNAMED: Final = "default"

_EVENT_TYPE: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,120}")

# The longest prefix that fits decides; the object of each must be of the kind named.
_READERS: Final[tuple[tuple[str, str, Callable[[StripeEnvelope, JsonObject], list[Fact]]], ...]] = (
    ("charge.dispute.", "dispute", dispute_facts),
    ("charge.refund.", "refund", refund_facts),
    ("charge.", "charge", charge_facts),
    ("refund.", "refund", refund_facts),
    ("payment_intent.", "payment_intent", payment_intent_facts),
    ("payout.", "payout", payout_facts),
    ("transfer.", "transfer", transfer_facts),
)
_ROW_READERS: Final[dict[str, Callable[[StripeEnvelope, JsonObject], list[Fact]]]] = {
    "charge": charge_facts,
    "refund": refund_facts,
    "payment_intent": payment_intent_facts,
    "payout": payout_facts,
    "dispute": dispute_facts,
    "transfer": transfer_facts,
}


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """Facts of an event, a thin event of API v2, a list page or one row that we asked for; raises `TranslationError`.

    A page may hold balance transactions, events, charges, refunds, payment intents, payouts, disputes or transfers. For
    balance transactions ``telling.context["payout"]`` names the payout whose contents they are; without it a page with
    exactly one row of type ``payout`` is taken to be that payout's contents.
    """
    body = read_object(raw)
    kind = body.get("object")
    match kind:
        case "event":
            return _event_facts(body, telling)
        case "v2.core.event":
            return [_thin_event_fact(body, telling)]
        case "list" | "search_result":
            return _page_facts(body, telling)
        case str() if telling.is_answer and (kind == "balance_transaction" or kind in _ROW_READERS):
            return _page_facts({"data": [body]}, telling)
        case None:
            raise TranslationError("field_missing", "object is missing: neither an event nor a list page of Stripe")
    raise TranslationError("unsupported_object", "the body is neither an event nor a list page of Stripe")


STRIPE: Final = Connector(
    source="stripe",
    translate=translate,
    plain_fields=PLAIN_FIELDS,
    manifest=MANIFEST,
    verify=verify,
    wants=wants,
    page_call=page_call,
    read_page=read_page,
    classify=classify_answer,
)


def _event_facts(event: JsonObject, telling: Telling) -> list[Fact]:
    event_type = _type_of(event)
    envelope = StripeEnvelope(
        source="stripe",
        account=optional_id(event, "account") or _account(telling),
        delivery=required_id(event, "id"),
        type=event_type,
        at=unix_instant(event),
        live=_livemode(event),
        version=text(event, "api_version"),
    )
    owner = expanded(event, "data").get("object")
    if not isinstance(owner, dict):
        raise TranslationError("field_missing", "data.object is missing")
    for prefix, kind, read in _READERS:
        if event_type.startswith(prefix):
            _check_kind(owner, kind)
            facts = read(envelope, owner)
            return facts or [_observed_fact(envelope, owner)]
    return [_observed_fact(envelope, owner)]


def _thin_event_fact(event: JsonObject, telling: Telling) -> Fact:
    """API v2 sends no object, only where to fetch it: observed."""
    # The context is an account, or a path of accounts down to the one that it is about.
    context = event.get("context")
    connected = context.rpartition("/")[2] if isinstance(context, str) else ""
    if not re.fullmatch(r"acct_[A-Za-z0-9]{1,60}", connected):
        connected = ""
    envelope = StripeEnvelope(
        source="stripe",
        account=connected or _account(telling),
        delivery=required_id(event, "id"),
        type=_type_of(event),
        at=_created(event),
        live=_livemode(event),
    )
    return _observed_fact(envelope, expanded(event, "related_object"))


def _page_facts(page: JsonObject, telling: Telling) -> list[Fact]:
    data = page.get("data")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise TranslationError("field_missing", "data of a list page is not a list of objects")
    kinds = {row.get("object") if isinstance(row.get("object"), str) else None for row in data}
    facts: list[Fact] = []
    if kinds == {"event"}:
        for event in data:
            facts += _event_facts(event, telling)
        return facts
    envelope = StripeEnvelope("stripe", _account(telling), telling.delivery)
    if kinds == {"balance_transaction"}:
        payout = _payout_of(data, telling)
        return [settled_fact(envelope, row, payout) for row in data]
    if not kinds <= _ROW_READERS.keys():
        raise TranslationError(
            "unsupported_list",
            "a list page may hold balance transactions, events, charges, refunds, payment intents, payouts, disputes "
            "or transfers",
        )
    for row in data:
        facts += _ROW_READERS[row["object"]](envelope, row) or _unmapped(envelope, row)
        facts += expanded_settlements(envelope, row)
    return facts


def _unmapped(envelope: StripeEnvelope, row: JsonObject) -> list[Fact]:
    """A row whose status nobody has mapped yet is kept for the timeline."""
    kind, status = row["object"], text(row, "status")
    if MANIFEST.status(kind, status) is not None or not status:
        return []
    row_id = required_id(row, "id")
    return [envelope.observed(row_id, status, effective_at=envelope.made(row), status=status, kind=kind)]


def _payout_of(data: list[JsonObject], telling: Telling) -> str:
    if named := telling.context.get("payout", ""):
        return required_id({"context.payout": named}, "context.payout")
    sources = [optional_id(row, "source") for row in data if row.get("type") == "payout"]
    return sources[0] if len(sources) == 1 else ""


def _observed_fact(envelope: StripeEnvelope, owner: JsonObject) -> Fact:
    """An event that moves no money of ours: kept for the timeline."""
    # Some objects (products, coupons) have ids of the caller's own making, of any form and length.
    short = short_id(owner["id"]) if isinstance(owner.get("id"), str) else ""
    return envelope.fact(
        "event.observed",
        f"{envelope.delivery}/{envelope.type}/{short or '-'}/observed",
        effective_at=envelope.happened(owner),
        amounts={},
        links={"object": short},
        attributes={"object": word(owner.get("object"))},
    )


def _check_kind(owner: JsonObject, kind: str) -> None:
    if not owner:
        raise TranslationError("field_missing", "data.object is missing")
    named = owner.get("object", kind)
    is_old_payout = (kind, named) == ("payout", "transfer") and "status" in owner
    if named != kind and not is_old_payout:
        raise TranslationError("object_kind_differs", f"data.object is not a {kind}, as the event's type says")


def _type_of(event: JsonObject) -> str:
    value = event.get("type")
    if not isinstance(value, str) or not _EVENT_TYPE.fullmatch(value):
        raise TranslationError("field_missing", "type is missing or not the name of an event type")
    return value


def _account(telling: Telling) -> str:
    return required_id({"account": telling.account or ACCOUNT_UNNAMED}, "account")


def _livemode(event: JsonObject) -> str:
    value = event.get("livemode")
    return str(value).lower() if isinstance(value, bool) else ""


def _created(event: JsonObject) -> str:
    """When an event of API v2 was made."""
    at = iso_instant(event, "created")
    if not at:
        raise TranslationError("time_malformed", "created is not a time in RFC 3339")
    return at
