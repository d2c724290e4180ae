"""Canonical facts: what is a fact comes through unchanged, everything else is refused."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import CONNECTORS, Telling, TranslationError
from ledger.facts import Fact, encode_fact
from ledger.money import Money

TELLING = Telling("facts", "")
FACT = Fact(
    type="payment.succeeded",
    key="shop/1/payment/7",
    source="shop",
    account="1",
    effective_at="2026-11-20T10:00:00Z",
    amounts={"gross": Money.of(2**128 - 1, "EUR")},
    links={"payment": "7"},
    metadata={"order": "6735"},
)


def translate(raw: bytes) -> list[Fact]:
    return CONNECTORS["facts"].translate(raw, TELLING)


def test_a_fact_comes_through() -> None:
    assert translate(encode_fact(FACT)) == [FACT]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "payment.imagined"},
        {"key": ""},
        {"account": ""},
        {"amounts": {"gross": [12, "EUR"]}},
        {"amounts": {"gross": ["1.5", "EUR"]}},
        {"amounts": {"gross": ["12", "eur"]}},
        {"surprise": 1},
        {"status": "a\0b"},
        {"links": {"payment": "\0"}},
    ],
)
def test_what_is_no_fact_is_refused(change: dict[str, object]) -> None:
    body = {**json.loads(encode_fact(FACT)), **change}
    with pytest.raises(TranslationError) as refused:
        translate(json.dumps(body).encode())
    assert refused.value.code == "fact_malformed"


@pytest.mark.parametrize("raw", [b"", b"[]", b"[" * 100_000, b'{"a":"\xff"}', b'{"type":' + b"9" * 5000 + b"}"])
def test_broken_json_is_refused(raw: bytes) -> None:
    with pytest.raises(TranslationError):
        translate(raw)


@given(raw=st.binary(max_size=100))
def test_garbage_raises_nothing_else(raw: bytes) -> None:
    with pytest.raises(TranslationError):
        translate(raw)


def test_masking_leaves_ids_and_money_alone() -> None:
    number = "4111111111111111"
    fact = Fact(
        type="payment.succeeded",
        key=number,
        source="shop",
        account=number,
        effective_at="2026-11-20",
        amounts={"gross": Money.of(int(number), "IDR")},
        links={"payment": number},
        references=(number,),
        needs=number,
        metadata={"note": number},
    )
    [masked] = translate(CONNECTORS["facts"].mask(encode_fact(fact)))
    assert masked.metadata == {"note": "411111******1111"}
    assert (masked.key, masked.account, masked.amounts, masked.links) == (number, number, fact.amounts, fact.links)
    assert (masked.references, masked.needs) == ((number,), number)


def test_what_no_projection_or_topic_could_hold_is_refused() -> None:
    told = Fact(type="event.observed", key="k", source="shop", account="a", effective_at="2026-11-20")
    most = msgspec.structs.replace(told, links={"payment": "x" * 256})
    assert translate(encode_fact(most)) == [most]
    with pytest.raises(TranslationError, match="has more than 256"):
        translate(encode_fact(msgspec.structs.replace(told, links={"payment": "x" * 257})))
    with pytest.raises(TranslationError, match="at most 131072"):
        translate(encode_fact(msgspec.structs.replace(told, metadata={"note": "x" * 128 * 1024})))
