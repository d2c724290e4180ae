"""Whatever stands in a body: facts that keep their contract, or a refusal with a code, and nothing else."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from connectors import CONNECTORS, Telling, TranslationError
from connectors.exchange import Answer, Place
from ledger.facts import check_fact
from tests.unit.connectors import paystack_bodies as b

PAYSTACK = CONNECTORS["paystack"]
SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "paystack"
OWN = [
    b.event(
        "charge.success",
        b.transaction(split={"split_code": "SPL_1", "shares": {"integration": 1, "subaccounts": [{"amount": 9749}]}}),
    ),
    b.event("charge.success", b.transaction(fees_split={"paystack": 250, "integration": 1, "subaccount": 9749})),
    b.refund_told("processed"),
    b.event("charge.dispute.resolve", b.dispute(status="resolved", resolution="merchant-accepted")),
    b.event("transfer.success", b.transfer()),
    b.event("preauthorization.capture.success", b.preauthorization("captured", transaction=b.transaction())),
    b.event("invoice.update", {"invoice_code": "INV_1", "transaction": b.transaction(), "paid_at": "2026-01-05"}),
    b.answer([b.settlement(), b.transaction(), b.refund(), b.dispute(), b.transfer()]),
    b.settlement(effective_amount=1),
    b.refund(transaction=b.transaction()),
]
FROM_SAMPLES = [json.loads(path.read_bytes()) for path in sorted(SAMPLES.glob("webhooks/*.json"))]
HOSTILE: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**63, 2**128, 10**39, -(10**39), 10**60, 0.5, 1.0, 1e40, 1e308, -0.0),
    *("", "0", "-1", "1.0", "1e5", "٣", "9" * 60, "x" * 600, "\0", "a\0b", "é", "\ud800", "{", '{"a":', "NaN"),
    *('{"custom_fields":1}', "2026-13-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "/", "a/b", ":1"),
    *([], {}, [[]], [{}], {"id": None}, {"id": []}, {"id": {"id": 1}}, [1, "x"], {"data": {"data": []}}),
    *("success", "failed", "reversed", "resolved", "NGN", "XOF", "KWD", "ngn", "NG", "EURO"),
]
STREAMS = ("", *(stream.name for stream in PAYSTACK.manifest.streams)) if PAYSTACK.manifest else ()


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a body."""
    found = [at]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        found += places(each, (*at, name))
    return found


def changed(rng: random.Random, body: Any) -> Any:
    body = copy.deepcopy(body)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.choice(places(body))
        if not at:
            continue
        owner = body
        for name in at[:-1]:
            owner = owner[name]
        if isinstance(owner, dict) and rng.random() < 0.2:
            del owner[at[-1]]
        else:
            owner[at[-1]] = copy.deepcopy(rng.choice(HOSTILE))
    return body


def survives(raw: bytes, telling: Telling) -> bool:
    """Whether it gave facts; fails the test on anything but facts or a refusal."""
    assert PAYSTACK.wants is not None
    for want in PAYSTACK.wants(raw, telling):
        assert PAYSTACK.page_call is not None
        assert PAYSTACK.page_call(Place(want.stream, id=want.id)).path.isascii()
    try:
        facts = PAYSTACK.translate(raw, telling)
    except TranslationError as error:
        assert error.code and error.detail
        return False
    assert facts == PAYSTACK.translate(raw, telling)
    for fact in facts:
        check_fact(fact)
        assert "\0" not in repr(fact) and "\\x00" not in repr(fact)
        assert fact.key.startswith("paystack/")
    return True


@pytest.mark.parametrize("seed", range(4))
def test_mutated_bodies(seed: int) -> None:
    rng = random.Random(seed)
    told = 0
    for _ in range(1500):
        body = changed(rng, rng.choice(OWN + FROM_SAMPLES))
        stream = rng.choice(STREAMS)
        context = {"via": "fetch", "stream": stream} if stream else {}
        if stream == "payment_refunds":
            context |= {"payment": "order-1", "number": "1"}
        raw = json.dumps(body).encode("utf-8", "surrogatepass")
        told += survives(raw, Telling("paystack", "acct_1", "digest_1", context))
    assert told > 300, "hardly anything was understood: the mutations are too coarse to find anything"


@pytest.mark.parametrize("seed", range(2))
def test_mutated_pages(seed: int) -> None:
    rng = random.Random(seed)
    assert PAYSTACK.read_page is not None
    for _ in range(1000):
        rows = [b.refund(n) for n in range(3)] + [b.settlement(), b.transaction(status="reversed"), b.dispute()]
        body = changed(rng, b.answer(rows, page=1, pageCount=2))
        for stream in STREAMS[1:]:
            place = Place(stream, until_s=60, id="1:order-1" if stream == "payment_refunds" else "id:1")
            try:
                page = PAYSTACK.read_page(place, Answer(200, {}, json.dumps(body).encode("utf-8", "surrogatepass")))
            except TranslationError as error:
                assert error.code in ("page_malformed", "not_an_object", "json_malformed")
                continue
            assert all(isinstance(item.raw, bytes) for item in page.items)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "json_malformed"),
        (b"\xff\xfe", "json_malformed"),
        (b"[" * 100_000, "json_malformed"),
        (b'{"event":' * 5000, "json_malformed"),
        (
            b'{"event":"charge.success","data":{"id":1,"reference":"r","amount":NaN,"status":"success"}}',
            "json_malformed",
        ),
        (b'{"event":"charge.success","data":{"reference":"r","amount":1e400,"currency":"NGN"}}', "amount_malformed"),
        (b'{"event":"charge.success","data":{"reference":"r","amount":10.5,"currency":"NGN"}}', "amount_malformed"),
        (b'{"event":"charge.success","data":{"reference":"r","amount":-1,"currency":"NGN"}}', "amount_malformed"),
        (b'{"event":"charge.success","data":{"reference":"r","amount":true,"currency":"NGN"}}', "amount_malformed"),
        (b'{"event":"charge.success","data":{"reference":"r","amount":"1 000","currency":"NGN"}}', "amount_malformed"),
        (
            b'{"event":"charge.success","data":{"reference":"r","amount":' + b"9" * 39 + b',"currency":"NGN"}}',
            "amount_too_large",
        ),
        (b'{"event":"charge.success","data":{"reference":"r","currency":"NGN"}}', "field_missing"),
        (b'{"event":"charge.success","data":{"reference":"r","amount":1}}', "currency_malformed"),
        (b'{"event":"charge.success","data":{"amount":1,"currency":"NGN"}}', "field_missing"),
        (b'{"event":"charge.success","data":null}', "field_missing"),
        (b'{"event":"charge.success","data":[]}', "field_missing"),
        (b'{"event":"charge.success"}', "field_missing"),
        (b'{"event":7,"data":{}}', "field_missing"),
        (b'{"event":"a b","data":{}}', "field_missing"),
        (b'{"event":"refund.processed","data":{"amount":1,"currency":"NGN"}}', "field_missing"),
        (b'{"event":"charge.dispute.create","data":{"status":"pending"}}', "field_missing"),
        (b'{"event":"transfer.success","data":{"amount":1,"currency":"NGN"}}', "field_missing"),
        (b'{"status":false,"message":"no"}', "answer_failed"),
        (b'{"status":true,"message":"none"}', "unsupported_object"),
        (b'{"status":true,"data":[1]}', "unsupported_object"),
        (b'"text"', "not_an_object"),
        (b"7", "not_an_object"),
    ],
)
def test_what_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(TranslationError) as refused:
        PAYSTACK.translate(raw, b.TELLING)
    assert refused.value.code == code


def test_an_account_that_is_no_word_is_refused_and_none_has_a_name() -> None:
    with pytest.raises(TranslationError):
        b.facts(b.settlement(), Telling("paystack", "a b"))
    assert b.facts(b.settlement(), Telling("paystack", ""))[0].account == "default"


def test_the_last_of_two_equal_names_counts_once() -> None:
    raw = b'{"event":"charge.success","data":{"reference":"r","amount":1,"amount":2,"currency":"NGN"}}'
    [fact] = PAYSTACK.translate(raw, b.TELLING)
    assert fact.amounts["gross"].amount == "2"
