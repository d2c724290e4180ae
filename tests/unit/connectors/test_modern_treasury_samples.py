"""Bodies that Modern Treasury publishes, and lists made of them: each translates to what its raw JSON says.

The samples are not part of this repository; they lie in a folder beside it where there is one.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors import CONNECTORS, SignatureError, Telling
from connectors.exchange import Keys, WebhookRequest
from ledger.facts import Fact, check_fact
from tests.unit.connectors.modern_treasury_bodies import ACCOUNT, TELLING, facts, fetched

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples"
BODIES = sorted((SAMPLES / "modern_treasury").glob("*/*.json"))

pytestmark = pytest.mark.skipif(not BODIES, reason="the folder of samples is not beside the repository")

# file -> the types of its facts; a file that is not named here is observed
TYPES = {
    "incoming_payment_detail.created": ["transfer.pending"],
    "payment_order.completed.reconciled": ["transfer.succeeded", "transfer.pending"],
    "payment_order.rtp.response": ["transfer.pending"],
    "transaction.reconciled.rtp": ["bank.line.booked"],
}
# Fields that clients and older versions leave out or write as null.
OPTIONAL = ("metadata", "description", "reference_numbers", "transaction_ids", "live_mode", "reconciliation_status")


def object_of(body: dict[str, Any]) -> dict[str, Any]:
    """What a body is about, read without our code."""
    data = body.get("data") if "event" in body else body
    assert isinstance(data, dict)
    return data


def check(told: list[Fact], owner: dict[str, Any]) -> None:
    """Amount, currency, status, time and references against the raw object."""
    for fact in told:
        check_fact(fact)
        assert fact.source == "modern_treasury" and fact.account == ACCOUNT
        assert owner["id"] in fact.links.values()
        assert fact.key.startswith(f"modern_treasury/{ACCOUNT}/{owner['id']}/")
        if fact.type == "event.observed":
            continue
        sign = -1 if owner["object"] == "transaction" and owner["direction"] == "debit" else 1
        assert fact.amounts["gross"].minor == sign * owner["amount"]
        assert fact.amounts["gross"].currency == owner["currency"].upper()
        assert fact.status == owner.get("status", "posted")
        assert fact.attributes["direction"] == owner["direction"] and fact.attributes["type"] == owner["type"]
        days = {owner.get(name) for name in ("effective_date", "as_of_date")} | {owner["updated_at"]}
        assert fact.effective_at in days


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_every_sample_says_what_its_raw_body_says(path: Path) -> None:
    raw = path.read_bytes()
    body = json.loads(raw)
    assert CONNECTORS["modern_treasury"].mask(raw) is raw, "no sample holds a card number"
    told = facts(raw)
    assert [fact.type for fact in told] == TYPES.get(path.stem, ["event.observed"])
    check(told, object_of(body))


@pytest.mark.parametrize("path", [each for each in BODIES if each.stem in TYPES], ids=lambda path: path.stem)
def test_a_sample_with_fields_missing_or_null_says_the_same(path: Path) -> None:
    keys = [fact.key for fact in facts(path.read_bytes())]
    for field in OPTIONAL:
        without = json.loads(path.read_bytes())
        object_of(without).pop(field, None)
        null = json.loads(path.read_bytes())
        object_of(null)[field] = None
        for changed in (without, null):
            assert [fact.key for fact in facts(changed)] == keys, field


@pytest.mark.parametrize("status", sorted(CONNECTORS["modern_treasury"].manifest.statuses["payment_order"]))  # type: ignore[union-attr]
def test_a_list_page_of_orders_in_every_status(status: str) -> None:
    [path] = [path for path in BODIES if path.stem == "payment_order.rtp.response"]
    row = {**json.loads(path.read_bytes()), "status": status}
    if status == "returned":
        row["current_return"] = {"id": "r-1", "object": "return", "amount": row["amount"], "currency": row["currency"]}
    told = facts([row, {**row, "id": "order-2"}], fetched("payment_orders"))
    half = len(told) // 2
    check(told[:half], row)
    check(told[half:], {**row, "id": "order-2"})
    assert told[0].attributes["transition"] == ("approved" if status == "approved" else status)


def test_a_webhook_and_the_row_of_its_object_are_one_money() -> None:
    for path in BODIES:
        body = json.loads(path.read_bytes())
        owner = object_of(body)
        if path.stem not in TYPES:
            continue
        hook = {"event": "updated", "data": owner}
        row, told = facts(owner, fetched(owner["object"])), facts(hook)
        assert [(fact.key, fact.type, fact.amounts) for fact in row] == [
            (fact.key, fact.type, fact.amounts) for fact in told
        ]


def test_the_published_signatures_verify() -> None:
    published = json.loads((SAMPLES / "signature_vectors.json").read_text(encoding="utf-8"))
    vectors = [vector for vector in published["vectors"] if vector["system"] == "modern_treasury"]
    assert vectors
    verify = CONNECTORS["modern_treasury"].verify
    assert verify is not None
    for vector in vectors:
        raw = vector.get("body", published["body_utf8"]).encode()
        request = WebhookRequest({vector["header"].lower(): vector["value"]}, raw)
        verify(request, Keys(("another", vector["secret"])), 0)
        for wrong in (Keys(("another",)), Keys(())):
            with pytest.raises(SignatureError):
                verify(request, wrong, 0)
        with pytest.raises(SignatureError):
            verify(WebhookRequest(request.headers, raw + b" "), Keys((vector["secret"],)), 0)


def test_an_endpoint_is_known_by_its_account() -> None:
    told = facts(BODIES[0].read_bytes(), Telling("modern_treasury", "org_2", TELLING.delivery))
    assert {fact.account for fact in told} == {"org_2"}
