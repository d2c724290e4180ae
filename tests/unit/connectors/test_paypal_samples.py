"""What PayPal sent and what its description shows: each translates as an independent reading of its JSON expects.

The samples are not part of this repository; they lie in a folder beside it where there is one.
"""

import copy
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import CONNECTORS, Telling, TranslationError
from ledger.facts import Fact, check_fact, differing_field
from tests.unit.connectors import paypal_bodies as bodies

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "paypal"
FILES = sorted(SAMPLES.glob("*/*.json"))
EVENTS = [path for path in FILES if path.parent.name.startswith("webhooks")]
REPORTS = [path for path in FILES if path.stem.startswith("reporting_transactions.response")]
PAYPAL = CONNECTORS["paypal"]
GOLDEN = sorted((Path(__file__).parent / "golden" / "paypal").glob("*.json"))

needs_samples = pytest.mark.skipif(not FILES, reason="the folder of samples is not beside the repository")

# By event type and, where it decides, the status: what is told first.
EXPECTED = {
    "CUSTOMER.DISPUTE.CREATED": "dispute.opened",
    "CUSTOMER.DISPUTE.RESOLVED": "dispute.lost",
    "RISK.DISPUTE.CREATED": "dispute.opened",
    "PAYMENT.AUTHORIZATION.CREATED": "payment.authorized",
    "PAYMENT.AUTHORIZATION.VOIDED": "payment.canceled",
    "PAYMENT.CAPTURE.COMPLETED": "payment.succeeded",
    "PAYMENT.CAPTURE.DECLINED": "payment.failed",
    "PAYMENT.CAPTURE.DENIED": "payment.failed",
    "PAYMENT.CAPTURE.PENDING": "payment.pending",
    "PAYMENT.CAPTURE.REFUNDED": "refund.succeeded",
    "PAYMENT.ORDER.CANCELLED": "payment.canceled",
    "PAYMENT.ORDER.CREATED": "payment.initiated",
    "PAYMENT.PAYOUTS-ITEM.BLOCKED": "transfer.failed",
    "PAYMENT.PAYOUTS-ITEM.DENIED": "transfer.failed",
    "PAYMENT.PAYOUTS-ITEM.FAILED": "transfer.failed",
    "PAYMENT.PAYOUTS-ITEM.HELD": "transfer.initiated",
    "PAYMENT.PAYOUTS-ITEM.RETURNED": "transfer.pending",
    "PAYMENT.PAYOUTS-ITEM.SUCCEEDED": "transfer.pending",
    "PAYMENT.PAYOUTS-ITEM.UNCLAIMED": "transfer.pending",
    "PAYMENT.PAYOUTSBATCH.PROCESSING": "transfer.initiated",
    "PAYMENT.PAYOUTSBATCH.SUCCESS": "transfer.initiated",
    "PAYMENT.SALE.COMPLETED": "payment.succeeded",
    "PAYMENT.SALE.DENIED": "payment.failed",
    "PAYMENT.SALE.PENDING": "payment.pending",
    "PAYMENT.SALE.REFUNDED": "refund.succeeded",
}
# An excerpt without the capture's id: observed with its sums, and its order is fetched.
UNNAMED = "PAYMENT.CAPTURE.COMPLETED.2024.payee"


def translate(raw: bytes, context: dict[str, str] | None = None) -> list[Fact]:
    facts = PAYPAL.translate(raw, Telling("paypal", "acct_1", "digest_1", context or {}))
    for fact in facts:
        check_fact(fact)
    return facts


def minor(amount: dict[str, str]) -> tuple[str, str]:
    """Hundredths: no sample is in a currency without them."""
    value = Decimal(amount.get("value") or amount.get("total") or "")
    return str(abs(int(value * 100))), amount.get("currency_code") or amount.get("currency") or ""


@needs_samples
@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_every_event_tells_what_stands_in_it(path: Path) -> None:
    raw = path.read_bytes()
    body = json.loads(raw)
    assert PAYPAL.mask(raw) is raw, "no sample holds a card number outside its ids"
    facts = translate(raw)
    first, resource = facts[0], body["resource"]
    assert first.type == ("event.observed" if path.stem == UNNAMED else EXPECTED[body["event_type"]])
    header = resource.get("batch_header", {})
    amount = (
        resource.get("amount")
        or resource.get("dispute_amount")
        or resource.get("payout_item", {}).get("amount")
        or header["amount"]
    )
    assert {
        (fact.amounts["gross"].amount, fact.amounts["gross"].currency) for fact in facts if "transfer" in fact.key
    } <= {minor(amount)}
    assert (first.amounts["gross"].amount, first.amounts["gross"].currency) == minor(amount)
    status = (
        resource.get("dispute_outcome", {}).get("outcome_code")
        or resource.get("status")
        or resource.get("state")
        or resource.get("transaction_status")
        or header.get("batch_status")
    )
    assert first.status == (status or ("COMPLETED" if path.stem == UNNAMED else ""))
    named = (resource.get(name) for name in ("transaction_id", "id", "dispute_id"))
    object_id = next(filter(None, named), header.get("payout_batch_id"))
    if path.stem == UNNAMED:
        assert [(want.stream, want.id) for want in PAYPAL.wants(raw, Telling("paypal", "a"))] == [  # type: ignore[misc]
            ("order", resource["supplementary_data"]["related_ids"]["order_id"])
        ]
        assert first.amounts["fee"].amount == minor(resource["seller_receivable_breakdown"]["paypal_fee"])[0]
        return
    assert first.key.startswith(f"paypal/acct_1/{object_id}/")
    assert first.links.get("parent_payment") == resource.get("parent_payment")
    paid = resource.get("capture_id") or resource.get("sale_id")
    if paid or "disputed_transactions" in resource:
        assert first.links["payment"] == (paid or resource["disputed_transactions"][0]["seller_transaction_id"])
    fee = resource.get("seller_receivable_breakdown", resource).get("paypal_fee") or resource.get("transaction_fee")
    if first.type == "payment.succeeded":
        [settled] = facts[1:]
        assert settled.amounts["fee"].amount == minor(fee)[0]
        assert int(settled.amounts["net"].amount) == int(minor(amount)[0]) - int(minor(fee)[0])


@needs_samples
@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_every_row_tells_what_stands_in_it(path: Path) -> None:
    [listed] = json.loads(path.read_bytes())["transaction_details"]
    info = listed["transaction_info"]
    for raw in (path.read_bytes(), json.dumps(listed).encode()):
        paid, settled = translate(raw)
        assert (paid.type, paid.links["payment"]) == ("payment.succeeded", info["transaction_id"])
        assert paid.metadata.get("invoice_id") == info.get("invoice_id")
        assert paid.metadata["custom_id"] == info["custom_field"]
        assert (settled.amounts["gross"].amount, settled.amounts["gross"].currency) == minor(info["transaction_amount"])
        assert settled.amounts["fee"].amount == minor(info["fee_amount"])[0]


@needs_samples
def test_a_request_to_paypal_is_no_telling_of_paypals() -> None:
    requests = [path for path in FILES if path.parent.name == "api" and path not in REPORTS]
    assert len(requests) > 15
    for path in requests:
        with pytest.raises(TranslationError) as refused:
            translate(path.read_bytes())
        assert refused.value.code in {"unsupported_object", "unsupported_list", "field_missing", "id_malformed"}, (
            path.name
        )


@needs_samples
def test_no_key_has_two_contents_among_the_samples() -> None:
    known: dict[str, Fact] = {}
    for path in EVENTS + REPORTS:
        for fact in translate(path.read_bytes()):
            assert differing_field(known.setdefault(fact.key, fact), fact) == "", fact.key


@needs_samples
def test_no_person_is_carried() -> None:
    told = "".join(repr(translate(path.read_bytes())) for path in EVENTS + REPORTS)
    for name in ("@", "beamdaddy", "ACME", "I'm the buyer", "Tamil", "1680371069474696023", "First payout"):
        assert name not in told


VARIANTS: list[tuple[Any, dict[str, str]]] = [
    # nulls, missing fields, numbers for texts, texts for numbers
    (bodies.capture(seller_receivable_breakdown=None, links=None, supplementary_data=None, status_details=None), {}),
    (bodies.capture(amount={"currency_code": "USD", "value": 20}), {}),
    (bodies.capture(amount={"currency_code": "usd", "value": "20"}), {}),
    (bodies.capture(amount={"currency": "USD", "total": "20.00"}, status=None, state="completed"), {}),
    (bodies.capture(links={"href": "x"}), {}),
    (bodies.capture(custom_id=None, invoice_id=7, extra={"deep": [1, None]}), {}),
    (bodies.capture(create_time="2023-11-14t22:13:20.5z"), {}),
    (bodies.capture(create_time=None), {}),
    (bodies.sale(amount={"total": "20.00", "currency": "USD", "details": {}}, transaction_fee=None), {}),
    (bodies.sale(state="partially_refunded"), {}),
    (bodies.capture(amount=None), {}),
    ([bodies.capture()], {}),
]


@pytest.mark.parametrize(("resource", "context"), VARIANTS)
def test_a_payment_written_otherwise_is_the_same_payment(resource: Any, context: dict[str, str]) -> None:
    facts = translate(json.dumps(bodies.event("PAYMENT.CAPTURE.COMPLETED", resource)).encode(), context)
    assert (facts[0].type, facts[0].amounts["gross"].amount) == ("payment.succeeded", "2000")


def test_a_list_of_events_and_pages_of_every_status() -> None:
    two = [bodies.event("PAYMENT.CAPTURE.COMPLETED", bodies.capture()), bodies.event("X.Y", {"id": 7})]
    assert [fact.type for fact in bodies.facts(two)] == ["payment.succeeded", "settlement.recorded", "event.observed"]
    assert [fact.type for fact in bodies.facts({"events": two, "count": 2})][-1] == "event.observed"
    page = bodies.page(*(bodies.row(transaction_id=f"T{s}", transaction_status=s) for s in "SVPDX"))
    assert [fact.type for fact in bodies.facts(page) if fact.type != "settlement.recorded"] == [
        *("payment.succeeded", "payment.succeeded", "payment.pending", "payment.failed", "event.observed")
    ]
    assert bodies.facts({"items": [], "links": []}) == []
    disputes = {"items": [bodies.dispute(), bodies.dispute(dispute_id="PP-D-2", status="RESOLVED")]}
    assert [fact.type for fact in bodies.facts(disputes)] == ["dispute.opened", "dispute.opened"]
    batch = bodies.batch(items=[bodies.item(), bodies.item("FAILED", payout_item_id="I2", transaction_id=None)])
    assert bodies.told(batch)["transfer.failed I2/failed"] == "1000 USD"
    old = {
        "payments": [
            {
                "id": "PAY-1",
                "state": "approved",
                "create_time": bodies.AT,
                "transactions": [
                    {"amount": bodies.old_money("20.00"), "custom": "c", "related_resources": [{"sale": bodies.sale()}]}
                ],
            }
        ]
    }
    assert list(bodies.told(old))[:2] == [
        "payment.initiated PAY-1/initiated/2000-USD",
        "payment.succeeded SALE1/succeeded",
    ]


def test_an_event_without_an_object() -> None:
    assert [fact.type for fact in bodies.facts(bodies.event("IDENTITY.REVOKED", None))] == ["event.observed"]  # type: ignore[arg-type]
    with pytest.raises(TranslationError, match="resource is missing"):
        bodies.facts(bodies.event("PAYMENT.CAPTURE.COMPLETED", {}))


def test_currencies_without_decimals() -> None:
    for currency, value, minor_units in (("JPY", "1250", "1250"), ("HUF", "1250", "125000"), ("TWD", "10", "1000")):
        [fact, *_] = bodies.facts(bodies.event("PAYMENT.CAPTURE.COMPLETED", bodies.capture(value, "1", currency)))
        assert (fact.amounts["gross"].amount, fact.amounts["gross"].currency) == (minor_units, currency)


def test_a_fee_in_another_currency() -> None:
    capture = bodies.capture()
    capture["seller_receivable_breakdown"]["paypal_fee"] = bodies.money("0.80", "EUR")
    [_, settled] = bodies.facts(bodies.event("PAYMENT.CAPTURE.COMPLETED", capture))
    assert {name: (each.amount, each.currency) for name, each in settled.amounts.items()} == {
        "gross": ("2000", "USD"),
        "fee": ("80", "EUR"),
    }


HOSTILE: list[Any] = [
    *(None, True, [], {}, "", "\0", "x" * 10_000, "💸", "../..", "a/b", -1, 0, 10**60, 1.5, "1e400", "NaN", "-20.00"),
    *("20.005", "∞", "20,00", [[[]]], {"id": {}}, {"value": "1", "currency_code": "USD"}, {"value": []}, "2023-13-45"),
    *("COMPLETED", "word_of_tomorrow", "USD", "T1106", "P"),
]
RAW = [b"1e400", b"-1e400", b"NaN", b"Infinity", b"1" * 400, b'"\\ud800"', b"{", b"[" * 2000, b'{"a":1,"a":2}']


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, each in inner for found in places(each, (*path, name)))]


def changed(rng: random.Random, body: Any) -> bytes:
    body = copy.deepcopy(body)
    mark = "a-mark-to-be-replaced"
    raw = b""
    for _ in range(rng.randint(1, 3)):
        path = rng.choice([each for each in places(body) if each])
        owner = body
        for name in path[:-1]:
            owner = owner[name]
        match rng.randrange(4):
            case 0:
                del owner[path[-1]]
            case 1:
                raw = rng.choice(RAW)
                owner[path[-1]] = mark
            case _:
                owner[path[-1]] = rng.choice(HOSTILE)
        if not body:
            break
    written = json.dumps(body).encode()
    return written.replace(f'"{mark}"'.encode(), raw) if raw else written


@settings(max_examples=1500, deadline=None)
@given(st.randoms(use_true_random=False))
def test_nothing_but_a_reason_comes_of_garbage(rng: random.Random) -> None:
    path = rng.choice(GOLDEN + FILES)
    body = json.loads(path.read_bytes())
    context = body.get("context", {}) if path in GOLDEN else {}
    raw = changed(rng, body["body"] if path in GOLDEN else body)
    telling = Telling("paypal", "acct_1", "digest_1", context)
    try:
        facts = PAYPAL.translate(PAYPAL.mask(raw), telling)
        assert PAYPAL.wants is not None
        PAYPAL.wants(raw, telling)
    except TranslationError as error:
        assert error.code and len(error.detail) < 200
        return
    for fact in facts:
        check_fact(fact)
        assert "\0" not in repr(fact)
