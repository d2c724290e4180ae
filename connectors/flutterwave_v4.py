"""Flutterwave, version 4: signed webhooks, rows of lists and fetched objects, as facts of the source `flutterwave`."""

from typing import Final

from connectors.connector import Connector, Telling
from connectors.errors import TranslationError
from connectors.flutterwave_answers import classify_answer, is_answer_frame, told_objects
from connectors.flutterwave_currency import STREAM as PAYMENT_OF
from connectors.flutterwave_currency import facts_with_currency
from connectors.flutterwave_envelope import FlutterwaveEnvelope, instant
from connectors.flutterwave_kinds import kind_of, object_facts
from connectors.flutterwave_plain_fields import PLAIN_FIELDS
from connectors.flutterwave_v4_events import delivery_of, is_event, told_by_event, verified
from connectors.flutterwave_v4_manifest import MANIFEST, SCHEME
from connectors.flutterwave_v4_pages import page_call, read_page, wants
from connectors.json_fields import JsonObject, read_object, text
from connectors.signatures import body_verifier
from ledger.facts import Fact

# What the rows of a stream are.
_KINDS: Final = {
    "charges": "transaction",
    "charge": "transaction",
    "refunds": "refund",
    "refund": "refund",
    "transfers": "transfer",
    "transfer": "transfer",
    "chargebacks": "chargeback",
    "chargeback": "chargeback",
    "settlements": "settlement",
    "settlement": "settlement",
}


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """Facts of a webhook, a row, a fetched object or a whole answer; raises `TranslationError`."""
    body = read_object(raw)
    if not body:
        raise TranslationError("unsupported_object", "the body is empty")
    if is_answer_frame(body):
        facts: list[Fact] = []
        for owner in told_objects(body):
            facts += _object_facts(owner, _KINDS.get(telling.stream, ""), telling)
        return facts or [FlutterwaveEnvelope.around(telling).seen("answer", body, "")]
    if is_event(body):
        return _event_facts(body, telling)
    return _object_facts(body, _KINDS.get(telling.stream, ""), telling)


FLUTTERWAVE_V4: Final = Connector(
    source="flutterwave_v4",
    translate=translate,
    plain_fields=PLAIN_FIELDS,
    manifest=MANIFEST,
    verify=body_verifier(SCHEME, verified),
    wants=wants,
    page_call=page_call,
    read_page=read_page,
    classify=classify_answer,
)


def _event_facts(body: JsonObject, telling: Telling) -> list[Fact]:
    envelope = FlutterwaveEnvelope.around(
        telling, type=text(body, "type"), at=instant(body, "timestamp"), delivery=delivery_of(body)
    )
    facts: list[Fact] = []
    for kind, owner in told_by_event(body):
        facts += object_facts(envelope, owner, kind) if kind else [envelope.seen("object", owner, envelope.type)]
    return facts


def _object_facts(owner: JsonObject, kind: str, telling: Telling) -> list[Fact]:
    envelope = FlutterwaveEnvelope.around(telling)
    if telling.stream == PAYMENT_OF:
        return facts_with_currency(envelope, owner, telling.context)
    return object_facts(envelope, owner, kind or kind_of(owner), telling.context.get("payout", ""))
