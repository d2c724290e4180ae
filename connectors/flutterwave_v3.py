"""Flutterwave, version 3: webhooks that are only a reason to ask, and the answers that are believed.

The header of a webhook repeats a shared secret and proves nothing about its body. So a body becomes `event.observed`,
whatever it claims, and what it names is fetched; the answer, and rows of our own polls, become facts of money. Both
versions tell facts of one source, `flutterwave`.
"""

from typing import Final

from connectors.connector import Connector, Telling
from connectors.errors import TranslationError
from connectors.flutterwave_answers import classify_answer, is_answer_frame, told_objects
from connectors.flutterwave_currency import STREAM as PAYMENT_OF
from connectors.flutterwave_currency import facts_with_currency
from connectors.flutterwave_envelope import FlutterwaveEnvelope, first_text
from connectors.flutterwave_kinds import CONTENT, kind_of, object_facts
from connectors.flutterwave_plain_fields import PLAIN_FIELDS
from connectors.flutterwave_v3_manifest import MANIFEST, SCHEME
from connectors.flutterwave_v3_pages import page_call, read_page, wants
from connectors.flutterwave_v3_shapes import event_of, told_by_webhook
from connectors.json_fields import JsonObject, read_object
from connectors.signatures import body_verifier
from ledger.facts import Fact

# What the rows of a stream are, for those that need not be recognized.
_KINDS: Final = {
    "transactions": "transaction",
    "transaction": "transaction",
    "transaction_by_reference": "transaction",
    "refunds": "refund",
    "refund": "refund",
    "transfers": "transfer",
    "transfer": "transfer",
    "chargebacks": "chargeback",
    "chargebacks_of": "chargeback",
    "settlements": "settlement",
    "settlement_contents": CONTENT,
}


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """Facts of a webhook, a row, a fetched object or a whole answer; raises `TranslationError`."""
    body = read_object(raw)
    if not body:
        raise TranslationError("unsupported_object", "the body is empty")
    inner = body.get("body")
    if isinstance(inner, dict) and len(body) == 1:
        body = inner
    if is_answer_frame(body) and not event_of(body):
        return _answer_facts(body, telling)
    if not telling.is_answer:
        return _unproved(body, telling)
    if event_of(body) and kind_of(body) == "":
        return [fact for kind, owner in told_by_webhook(body) for fact in _object_facts(owner, kind, telling)]
    return _object_facts(body, _KINDS.get(telling.stream, ""), telling)


FLUTTERWAVE_V3: Final = Connector(
    source="flutterwave_v3",
    translate=translate,
    plain_fields=PLAIN_FIELDS,
    manifest=MANIFEST,
    verify=body_verifier(SCHEME),
    wants=wants,
    page_call=page_call,
    read_page=read_page,
    classify=classify_answer,
)


def _answer_facts(body: JsonObject, telling: Telling) -> list[Fact]:
    """A whole answer, as somebody saved it; without our own call behind it, it proves no more than a webhook."""
    owners = told_objects(body)
    if not owners or not telling.is_answer:
        envelope = FlutterwaveEnvelope.around(telling)
        seen = [envelope.seen(kind_of(each) or "object", each, first_text(each, "status")) for each in owners]
        return seen or [envelope.seen("answer", body, "")]
    facts: list[Fact] = []
    for owner in owners:
        facts += _object_facts(owner, _KINDS.get(telling.stream, ""), telling)
    return facts


def _object_facts(owner: JsonObject, kind: str, telling: Telling) -> list[Fact]:
    envelope = FlutterwaveEnvelope.around(telling)
    if telling.stream == PAYMENT_OF:
        return facts_with_currency(envelope, owner, telling.context)
    return object_facts(envelope, owner, kind or kind_of(owner), telling.context.get("payout", ""))


def _unproved(body: JsonObject, telling: Telling) -> list[Fact]:
    event = event_of(body)
    envelope = FlutterwaveEnvelope.around(telling, type=event)
    return [
        envelope.seen(kind or "object", owner, first_text(owner, "status") or event)
        for kind, owner in told_by_webhook(body)
    ]
