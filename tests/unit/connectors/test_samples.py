"""Events that Stripe sent over the years and statements that banks sent: each translates, or is refused as stated.

The samples are not part of this repository; they lie in a folder beside it where there is one.
"""

import json
from pathlib import Path

import pytest

from connectors import CONNECTORS, Telling, TranslationError
from ledger.facts import Fact, check_fact, differing_field

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples"
EVENTS = sorted((SAMPLES / "stripe" / "webhooks").glob("*.json"))
STATEMENTS = sorted((SAMPLES / "statements" / "camt").glob("*.xml"))

pytestmark = pytest.mark.skipif(not EVENTS, reason="the folder of samples is not beside the repository")

DOES_NOT_ADD_UP = "statement_does_not_add_up"
NOTIFICATION = "unsupported_message"
# file -> the code with which it is refused, and why that is right; every other file translates
REFUSED = {
    "bsp_invalid.xml": ("not_camt053", "an empty Document"),
    "camt053_garbled_amount.xml": ("amount_malformed", "12..34"),
    "genkgo_camt053.v2.five.decimals.xml": (DOES_NOT_ADD_UP, "18.150 + 8.850 is 27.000 and not 27.050"),
    "genkgo_camt053.v2.minimal.xml": (DOES_NOT_ADD_UP, "opening in EUR, closing in SEK"),
    "genkgo_camt053.v2.minimal.ultimate.xml": (DOES_NOT_ADD_UP, "opening in EUR, closing in SEK"),
    "genkgo_camt053.v2.with-party-ids.xml": (DOES_NOT_ADD_UP, "opening in EUR, closing in SEK"),
    "genkgo_camt053.v2.wrong.xml": ("statement_missing", "a header alone"),
    "genkgo_camt054.v2.with-account-name.xml": (NOTIFICATION, "camt.054"),
    "genkgo_camt054.v4.xml": (NOTIFICATION, "camt.054"),
    "genkgo_camt054.v8-with-UETR.xml": (NOTIFICATION, "camt.054"),
    "genkgo_camt054.v8-with-financial-institution.xml": (NOTIFICATION, "camt.054"),
}
# Events that tell money; the rest is observed.
MONEY = {
    "charge.captured": ["payment.succeeded"],
    "charge.dispute.created": ["dispute.opened"],
    "charge.dispute.funds_reinstated": ["dispute.funds_reinstated", "settlement.recorded"],
    "charge.dispute.funds_withdrawn": ["dispute.funds_withdrawn", "settlement.recorded"],
    "charge.failed": ["payment.failed"],
    "charge.refund.updated": ["refund.succeeded"],
    "charge.refunded": ["payment.succeeded", "refund.succeeded"],
    "charge.updated": ["payment.succeeded"],
    "payment_intent.amount_capturable_updated": ["payment.authorized"],
    "payment_intent.canceled": ["payment.canceled"],
    "payment_intent.created": ["payment.initiated"],
    "payment_intent.processing": ["payment.pending"],
    "payment_intent.requires_action": ["payment.initiated"],
    "payment_intent.succeeded": ["payment.succeeded"],
    "payout.paid": ["payout.paid"],
    "payout.updated": ["payout.paid"],
    "transfer.created": ["payout.initiated"],
    "transfer.paid": ["payout.paid"],
    "transfer.updated": ["payout.initiated"],
}


def translate(source: str, path: Path) -> list[Fact]:
    connector = CONNECTORS[source]
    raw = path.read_bytes()
    assert connector.mask(raw) is raw, "no sample holds a card number outside its ids"
    facts = connector.translate(raw, Telling(source, "acct_1", "digest_1"))
    for fact in facts:
        check_fact(fact)
    return facts


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_every_event_translates(path: Path) -> None:
    assert [fact.type for fact in translate("stripe", path)] == MONEY.get(path.stem, ["event.observed"])


def test_no_key_has_two_contents_among_the_events() -> None:
    """The samples' ids collide (``pi_000..``); what they tell under one key must agree all the same."""
    known: dict[str, Fact] = {}
    for path in EVENTS:
        for fact in translate("stripe", path):
            assert differing_field(known.setdefault(fact.key, fact), fact) == "", fact.key


def test_example_objects_translate_as_events_and_pages() -> None:
    objects = {path.stem: json.loads(path.read_text()) for path in (SAMPLES / "stripe" / "api").glob("*.json")}
    telling = Telling("stripe", "acct_1")
    translate_stripe = CONNECTORS["stripe"].translate
    for name in ("charge", "refund", "payout", "payment_intent", "balance_transaction"):
        assert translate_stripe(json.dumps({"object": "list", "data": [objects[name]]}).encode(), telling), name
    for event_type, name in (
        ("charge.dispute.created", "dispute"),
        ("charge.dispute.funds_withdrawn", "dispute"),
        ("payout.created", "payout"),
        ("refund.created", "refund"),
        ("charge.succeeded", "charge"),
        ("payment_intent.created", "payment_intent"),
        ("customer.created", "customer"),
        ("transfer.reversed", "transfer"),
    ):
        body = {"id": "evt_1", "object": "event", "created": 1, "type": event_type, "data": {"object": objects[name]}}
        [fact] = translate_stripe(json.dumps(body).encode(), telling)
        check_fact(fact)


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.name)
def test_every_statement_translates_or_is_refused_as_stated(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(TranslationError) as refused:
            translate("camt053", path)
        assert refused.value.code == REFUSED[path.name][0]
        return
    facts = translate("camt053", path)
    assert facts[0].type == "bank.statement.received"
    assert {fact.type for fact in facts[1:]} <= {"bank.line.booked", "bank.statement.received"}


def test_no_name_of_a_counterparty_is_carried() -> None:
    for path in STATEMENTS:
        if path.name not in REFUSED:
            told = repr(translate("camt053", path))
            for name in ("MUELLER", "ACME GMBH", "JANE CLIENT", "NAME NAME", "Company Name", "FINPETROL", "NL56AGDH"):
                assert name not in told, path.name


def test_a_sample_statement_in_full() -> None:
    facts = translate("camt053", SAMPLES / "statements" / "camt" / "bsp_camt.053.001.02.xml")
    assert [fact.amounts["gross"].amount for fact in facts[1:]] == ["10567850", "-20000000", "3000000"]
    assert {name: money.amount for name, money in facts[0].amounts.items()} == {
        "opening": "50000000",
        "closing": "43567850",
    }
    assert facts[0].attributes["balance_check"] == "passed"
