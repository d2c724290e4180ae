"""Whatever arrives, Flutterwave's connectors give valid facts or a `TranslationError`, and nothing else."""

import json
import os
import random
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import CONNECTORS, Telling, TranslationError
from connectors.exchange import Answer, Place
from ledger.facts import Fact, check_fact, encode_fact
from tests.unit.connectors import flutterwave_bodies as bodies
from tests.unit.connectors.flutterwave_bodies import told

V3, V4 = "flutterwave_v3", "flutterwave_v4"
MUTATIONS = int(os.environ.get("CONTRAFLOW_MUTATIONS", "300")) * 10
GOLDEN = Path(__file__).resolve().parent / "golden"
SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "flutterwave"
OF = "kind=refund&id=501&payment=1001&amount=400&status=completed"

# Values that stand where they should not.
ODD: list[Any] = [
    *(None, True, False, 0, -1, 10**30, 10**50, -(10**39), 1e308, 1.5, "", " ", "N/A", "NaN", "-0", "1e5", "12.50"),
    *("0" * 300, "é\u202e", "a\0b", "x" * 5000, "../..", "2026-13-45T99:00:00Z", "successful", "NGN", "ngn", "XXXX"),
    *([], {}, [[]], {"id": {"id": 1}}, [1, "a", None], {"value": {}}, "\ud800", "99999999999999999999-01-01"),
]
RAW_NUMBERS = ("1e400", "-1e400", "1E-400", "0.1e-20", "9" * 500, "1.0000000000000000000000000001", "1e45", "0e999999")


def seeds() -> list[tuple[str, dict[str, str], Any]]:
    """Golden bodies, and the vendor's own where they are."""
    found: list[tuple[str, dict[str, str], Any]] = []
    for source in (V3, V4):
        for path in sorted((GOLDEN / source).glob("*.json")):
            golden = json.loads(path.read_text())
            found.append((source, golden.get("context", {}), golden["body"]))
    for path in sorted(SAMPLES.glob("*/*.json")):
        source = V4 if "v4" in f"{path.parent.name}{path.name}" else V3
        found.append((source, {"via": "fetch"}, json.loads(path.read_text())))
    return found


def mutated(body: Any, rng: random.Random) -> bytes:
    """The body with a few places changed, as JSON text that may be odd or broken."""
    body = json.loads(json.dumps(body))
    for _ in range(rng.randint(1, 3)):
        owner = body
        while True:
            inner = [each for each in (owner.values() if isinstance(owner, dict) else owner) if each and _holds(each)]
            if not inner or rng.random() < 0.3:
                break
            owner = rng.choice(inner)
        if isinstance(owner, dict) and owner:
            name = rng.choice(list(owner))
            match rng.randrange(4):
                case 0:
                    del owner[name]
                case 1:
                    owner[rng.choice(list(owner))] = deepcopy(owner[name])
                case _:
                    owner[name] = deepcopy(rng.choice(ODD))
        elif isinstance(owner, list) and owner:
            owner[rng.randrange(len(owner))] = deepcopy(rng.choice(ODD))
    text = json.dumps(body)
    if rng.random() < 0.15:
        numbers = [at for at in range(len(text)) if text[at - 1 : at] == " " and text[at].isdigit()]
        if numbers:
            at = rng.choice(numbers)
            end = next((i for i in range(at, len(text)) if text[i] not in "0123456789.eE+-"), len(text))
            text = text[:at] + rng.choice(RAW_NUMBERS) + text[end:]
    raw = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        at = rng.randrange(len(raw))
        raw = raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
    return raw


def _holds(value: object) -> bool:
    return isinstance(value, (dict, list))


def tried(source: str, raw: bytes, context: dict[str, str]) -> list[Fact] | None:
    """The facts, each whole, or None for a refusal; anything else fails the test."""
    connector = CONNECTORS[source]
    telling = Telling(source, bodies.ACCOUNT, "delivery_1", context)
    try:
        facts = connector.translate(raw, telling)
    except TranslationError as error:
        assert error.code and len(error.detail) < 300
        return None
    assert facts
    for fact in facts:
        check_fact(fact)
        assert b"\\u0000" not in encode_fact(fact), "PostgreSQL's JSON holds no NUL"
    return facts


def poked(source: str, raw: bytes, context: dict[str, str]) -> None:
    """Everything else that reads bytes from outside."""
    connector = CONNECTORS[source]
    assert connector.manifest is not None and connector.wants is not None
    assert connector.read_page is not None and connector.page_call is not None
    connector.mask(raw)
    with suppress(TranslationError):
        for want in connector.wants(raw, Telling(source, bodies.ACCOUNT, "", context)):
            call = connector.page_call(Place(want.stream, id=want.id))
            assert ".." not in call.path and call.path.isascii() and call.path.isprintable()
    for stream in connector.manifest.streams:
        with suppress(TranslationError):
            connector.read_page(Place(stream.name, id="1" if stream.by_id else ""), Answer(200, {}, raw))


def test_thousands_of_mutated_bodies() -> None:
    rng = random.Random(11)
    known = seeds()
    translated = 0
    for _ in range(MUTATIONS):
        source, context, body = rng.choice(known)
        raw = mutated(body, rng)
        translated += tried(source, raw, context) is not None
        if rng.random() < 0.2:
            poked(source, raw, context)
    assert translated > MUTATIONS // 3, "mutations that are all refused try nothing"


NAMES = st.sampled_from(
    ["id", "data", "status", "event", "type", "amount", "currency", "tx_ref", "meta", "fee", "fees", "message", "x"]
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=8), st.sampled_from([V3, V4]), st.booleans())
def test_any_json(body: dict[str, Any], source: str, is_answer: bool) -> None:
    context = {"via": "fetch"} if is_answer else {}
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    tried(source, raw, context)
    poked(source, raw, context)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([V3, V4]))
def test_any_bytes(raw: bytes, source: str) -> None:
    tried(source, raw, {"via": "poll", "stream": "transfers"})
    poked(source, raw, {})


def deep(levels: int) -> Iterator[bytes]:
    yield b"[" * levels + b"]" * levels
    yield b'{"data":' * levels + b"1" + b"}" * levels
    yield b'{"event":"charge.completed","data":' + b'{"meta":' * levels + b"{}" + b"}" * levels + b"}"
    yield b'{"id":1,"status":"x","meta":"' + b"[" * levels + b'"}'


@pytest.mark.parametrize("source", [V3, V4])
def test_deep_json_and_doubled_names(source: str) -> None:
    for raw in (*deep(100), *deep(50_000)):
        tried(source, raw, {})
        tried(source, raw, {"via": "fetch"})
        poked(source, raw, {})
    twice = (
        b'{"id":1,"id":2,"status":"pending","status":"successful","amount":1,"amount":2,"currency":"NGN","tx_ref":"a"}'
    )
    facts = tried(source, twice, {"via": "fetch", "stream": "transaction" if source == V3 else "charge"})
    assert facts is not None and facts[0].amounts["gross"].amount == "200" and facts[0].links["payment"] == "2"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_malformed"),
        (b"\xff", "json_malformed"),
        (b"[]", "not_an_object"),
        (b"{}", "unsupported_object"),
        (bodies.transaction(id=None), "field_missing"),
        (bodies.transaction(id=[1]), "id_malformed"),
        (bodies.transaction(id=True), "id_malformed"),
        (bodies.transaction(id=-5), "id_malformed"),
        (bodies.transaction(amount=None), "field_missing"),
        (bodies.transaction(amount=-1), "amount_malformed"),
        (bodies.transaction(amount="NaN"), "amount_malformed"),
        (bodies.transaction(amount=True), "amount_malformed"),
        (bodies.transaction(amount=[1]), "amount_malformed"),
        (bodies.transaction(amount="1,000"), "amount_malformed"),
        (bodies.transaction(amount=10**40), "amount_too_large"),
        (bodies.transaction(currency="NAIRA"), "currency_malformed"),
        (bodies.transaction(currency=566), "currency_malformed"),
        (bodies.transaction(created_at="yesterday"), "time_malformed"),
        (bodies.transaction(app_fee="much"), "amount_malformed"),
    ],
)
def test_what_is_refused_says_why(body: object, code: str) -> None:
    for source in (V3, V4):
        stream = "transaction" if source == V3 else "charge"
        with pytest.raises(TranslationError) as refused:
            told(source, body, via="fetch", stream=stream)
        assert refused.value.code == code
        assert "1,000" not in refused.value.detail and "much" not in refused.value.detail


def test_numbers_that_no_float_holds() -> None:
    for text, amount in (("9007199254740993.01", "900719925474099301"), ("1e3", "100000"), ("1E+2", "10000")):
        raw = json.dumps(bodies.transaction(amount=0)).replace('"amount": 0', f'"amount": {text}').encode()
        assert told(V3, raw, via="fetch")[0].amounts["gross"].amount == amount
    for text in ("1e400", "1e-5", "123456789.123"):
        raw = json.dumps(bodies.transaction(amount=0)).replace('"amount": 0', f'"amount": {text}').encode()
        with pytest.raises(TranslationError):
            told(V3, raw, via="fetch")


def test_sums_that_no_account_holds() -> None:
    most = str((2**128 - 1) // 100)
    for row in (
        bodies.transaction(amount=1, charged_amount=most, app_fee=most, merchant_fee=most, amount_settled="-" + most),
        bodies.transaction(amount="0", charged_amount="-" + most, app_fee=most, amount_settled=None),
        bodies.transfer(amount=most, fee=most),
    ):
        with pytest.raises(TranslationError) as refused:
            told(V3, row, via="fetch")
        assert refused.value.code == "amount_too_large"


def test_texts_that_a_database_refuses_are_cleaned() -> None:
    [payment, _] = told(V3, bodies.transaction(tx_ref="a\0b" * 300, meta={"k\0": "v\0"}), via="fetch")
    assert len(payment.links["reference"]) <= 256 and "\0" not in repr(payment)
    assert payment.metadata == {"k�": "v�"}
