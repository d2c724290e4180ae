"""Flutterwave's own examples and deliveries: each translates, and money is what another reading of the JSON says.

The samples are not part of this repository; they lie in a folder beside it where there is one.
"""

import base64
import hmac
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors import CONNECTORS, SignatureError, Telling, TranslationError
from connectors.exchange import Keys, WebhookRequest
from ledger.facts import Fact, check_fact, differing_field
from ledger.money import exponent

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples"
FILES = sorted((SAMPLES / "flutterwave").glob("*/*.json"))

pytestmark = pytest.mark.skipif(not FILES, reason="the folder of samples is not beside the repository")

ERRORS = {"error.timeout.503", "error.verify.not_found"}
REVERSAL = "v4.transfer.reversal.schema_example.json"
SUCCEEDED = {"successful", "succeeded"}


def source_of(path: Path) -> str:
    return "flutterwave_v4" if path.parent.name == "v4" or path.name.startswith("v4.") else "flutterwave_v3"


def translate(path: Path, **context: str) -> list[Fact]:
    source = source_of(path)
    facts = CONNECTORS[source].translate(path.read_bytes(), Telling(source, "acct_1", "digest_1", context))
    for fact in facts:
        check_fact(fact)
    return facts


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """Every object in a file, found without the connector: decimals exact, envelopes opened."""
    body = json.loads(path.read_text(), parse_float=Decimal)
    inner = body.get("data", body.get("body", body))
    yield from inner if isinstance(inner, list) else [inner]


def minor(value: object, currency: str) -> int:
    scaled = Decimal(str(value)).scaleb(exponent(currency))
    assert scaled == int(scaled)
    return int(scaled)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sample_translates_or_is_refused_as_an_error(path: Path) -> None:
    if path.stem in ERRORS:
        for context in ({}, {"via": "fetch"}):
            with pytest.raises(TranslationError) as refused:
                translate(path, **context)
            assert refused.value.code == "answer_failed"
        return
    assert translate(path, via="fetch")
    if source_of(path) == "flutterwave_v3":
        assert {fact.type for fact in translate(path)} == {"event.observed"}, "a body that proves nothing"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_payments_are_what_the_json_says(path: Path) -> None:
    if path.stem in ERRORS:
        return
    facts = {
        (fact.type.partition(".")[0], fact.links.get("payment", "")): fact for fact in translate(path, via="fetch")
    }
    fees = {fact.key: fact for fact in translate(path, via="fetch") if fact.type == "settlement.recorded"}
    for row in objects(path):
        if not (("tx_ref" in row or "txRef" in row or "payment_method_details" in row) and "status" in row):
            continue
        named = str(row["id"])
        payment = facts["payment", named]
        assert payment.amounts["gross"].currency == row["currency"]
        assert payment.amounts["gross"].minor == minor(row["amount"], row["currency"])
        assert payment.status == row["status"]
        assert payment.links["reference"] == row.get("tx_ref", row.get("txRef", row.get("reference")))
        assert (payment.type == "payment.succeeded") == (row["status"] in SUCCEEDED)
        fee = row.get("app_fee", row.get("appfee"))
        recorded = fees.get(f"flutterwave/acct_1/transaction-{named}/recorded")
        if row["status"] in SUCCEEDED and fee is not None:
            assert recorded is not None
            assert recorded.amounts["fee"].minor == minor(fee, row["currency"])
            assert recorded.amounts["gross"].minor == minor(row["charged_amount"], row["currency"])
            settled = row.get("amount_settled")
            if settled is not None:
                assert recorded.amounts["net"].minor == minor(settled, row["currency"])
        else:
            assert recorded is None


@pytest.mark.parametrize("path", [path for path in FILES if "settlements" in path.stem], ids=lambda path: path.stem)
def test_settlements_are_what_the_json_says(path: Path) -> None:
    facts = translate(path, via="fetch")
    payouts = {fact.links["payout"]: fact for fact in facts if fact.type.startswith("payout.")}
    contents = {fact.links["source"]: fact for fact in facts if fact.type == "settlement.recorded"}
    for row in objects(path):
        payout = payouts.pop(str(row["id"]))
        assert payout.amounts["gross"].minor == minor(row["net_amount"], row["currency"])
        assert payout.type == ("payout.paid" if row["status"] == "completed" else "payout.initiated")
        assert payout.links["category"] == ("wallet" if "wallet" in row["destination"] else "bank")
        assert payout.attributes.get("trace_id") == row["disburse_ref"]
        for each in row.get("transactions", []):
            content = contents.pop(str(each["id"]))
            assert content.amounts["net"].minor == minor(each["settlement_amount"], each["currency"])
            assert content.amounts["fee"].minor == minor(each["app_fee"], each["currency"])
            assert content.links["payout"] == str(row["id"])
    assert not payouts and not contents


@pytest.mark.parametrize("path", [path for path in FILES if "transfers__" in path.stem], ids=lambda path: path.stem)
def test_transfers_are_what_the_json_says(path: Path) -> None:
    facts = translate(path, via="fetch")
    ends = {"FAILED": "transfer.failed", "NEW": "transfer.initiated"}
    for row in objects(path):
        if "reference" not in row:
            continue
        mine = {fact.type: fact for fact in facts if fact.links.get("transfer") == str(row["id"])}
        told = mine[ends[row["status"]]]
        assert told.amounts["gross"].minor == minor(row["amount"], row["currency"])
        assert (told.amounts["gross"].currency, told.links["reference"]) == (row["currency"], row["reference"])
        assert told.status == row["status"] and "transfer.succeeded" not in mine


def test_refunds_name_their_payment_and_what_they_lack() -> None:
    for path in FILES:
        if "refund" not in path.stem:
            continue
        [row] = objects(path)
        [seen] = translate(path, via="fetch")
        assert (seen.type, seen.status) == ("event.observed", row["status"])
        of = f"kind=refund&id={row['id']}&payment=7&status={row['status']}"
        of += f"&amount={row.get('amount_refunded', row.get('AmountRefunded'))}"
        payment = {"id": 7, "tx_ref": "r", "amount": 9000, "currency": "NGN", "status": "successful"}
        source = source_of(path)
        context = {"via": "fetch", "stream": "payment_of", "of": of}
        facts = CONNECTORS[source].translate(json.dumps(payment).encode(), Telling(source, "acct_1", "", context))
        [refund] = [fact for fact in facts if fact.type == "refund.succeeded"]
        assert refund.amounts["gross"].minor == 500000 and refund.links == {"refund": str(row["id"]), "payment": "7"}


def test_a_reversal_that_succeeded_first() -> None:
    facts = {fact.key.rpartition("/")[2]: fact for fact in translate(SAMPLES / "flutterwave/webhooks" / REVERSAL)}
    assert {"initiated", "succeeded", "failed", "reversed"} <= facts.keys()
    assert facts["reversed"].amounts["gross"].minor == 300044 and facts["reversed"].amounts["gross"].currency == "EUR"
    assert facts["recorded"].amounts["gross"].minor == -10035 and facts["recorded"].amounts["gross"].currency == "NGN"
    assert facts["reversed"].effective_at == "2023-11-07T05:31:56Z"


def test_no_key_has_two_contents_and_no_person_is_carried() -> None:
    known: dict[str, Fact] = {}
    for path in FILES:
        if path.stem in ERRORS:
            continue
        for fact in translate(path, via="fetch"):
            assert differing_field(known.setdefault(fact.key, fact), fact) == "", fact.key
            shown = {**fact.attributes, **fact.metadata, "flw_ref": ""}  # the vendor's reference may begin with a name
            for word in ("Yemi", "Yolande", "gmail", "flutterwavego", "0690000031", "Lyra", "Earth Gang", "0803"):
                assert word not in repr(shown), (path.name, word)


def test_signature_vectors() -> None:
    vectors = json.loads((SAMPLES / "signature_vectors.json").read_text())
    raw = vectors["body_utf8"].encode()
    mine = [each for each in vectors["vectors"] if each["system"].startswith("flutterwave")]
    assert {each["system"] for each in mine} == {"flutterwave_v3", "flutterwave_v4"}
    for each in mine:
        verify = CONNECTORS[each["system"]].verify
        assert verify is not None
        request = WebhookRequest({each["header"].lower(): each["value"]}, raw)
        verify(request, Keys(("another", each["secret"])), 0)
        with pytest.raises(SignatureError):
            verify(request, Keys(("another",)), 0)
        with pytest.raises(SignatureError):
            verify(WebhookRequest({each["header"].lower(): each["value"][:-1]}, raw), Keys((each["secret"],)), 0)
    digest = hmac.new(b"hash", raw, "sha256").digest()
    assert base64.b64encode(digest).decode() in {each["value"] for each in mine}
