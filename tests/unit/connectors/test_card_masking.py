"""Card numbers: masked wherever they stand in text, and nothing else is touched."""

import json
import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import CONNECTORS
from connectors.card_masking import mask_cards
from connectors.card_numbers import is_card_number

VISA = "4111111111111111"
MASKED = "411111******1111"
PLAIN = frozenset({"id", "amounts.*", "Id"})


def check_digit(digits: str) -> str:
    """The Luhn check digit, written the long way round as a second opinion."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


@pytest.mark.parametrize(
    "number",
    [
        "4242424242424242", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005",
        "6011111111111117", "30569309025904", "36227206271667", "3566002020360505", "6200000000000005",
        "6759649826438453", "2200000000000004", "9792030000000000",
    ],
)  # fmt: skip
def test_published_test_numbers_are_card_numbers(number: str) -> None:
    assert is_card_number(number.encode())
    assert mask_cards(f'{{"note":"{number}"}}'.encode()) == (
        f'{{"note":"{number[:6]}{"*" * (len(number) - 10)}{number[-4:]}"}}'.encode()
    )


@pytest.mark.parametrize(
    "number", ["4111111111111112", "1111111111111117", "411111111111", "41111111111111111115", "9" * 16, "0" * 16]
)
def test_other_numbers_are_not(number: str) -> None:
    raw = f'{{"note":"{number}"}}'.encode()
    assert mask_cards(raw) is raw


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        (f'"{VISA}"', f'"{MASKED}"'),
        ('"4111 1111 1111 1111"', '"4111 11** **** 1111"'),
        ('"4111-1111-1111-1111"', '"4111-11**-****-1111"'),
        ('"55 4111 1111 1111 1111 2026"', '"55 4111 11** **** 1111 2026"'),
        (f'"{VISA} {VISA}"', f'"{MASKED} {MASKED}"'),
        ('"4111  1111 1111 1111"', '"4111  1111 1111 1111"'),
        (f'"\\n{VISA}"', f'"\\n{MASKED}"'),
        (f'"\\u00e9{VISA}"', f'"\\u00e9{MASKED}"'),
        ('"\\u4111111111111111"', '"\\u4111111111111111"'),
        (f'{{"{VISA}":1}}', f'{{"{MASKED}":1}}'),
        (f'{{"a":{VISA}}}', f'{{"a":"{MASKED}"}}'),
        (f'{{"a":-{VISA}.5e3}}', f'{{"a":"-{MASKED}.5e3"}}'),
        (f'{{"a":[{VISA},1]}}', f'{{"a":["{MASKED}",1]}}'),
        ('{"rate":0.4111111111111111}', '{"rate":0.4111111111111111}'),
        (f'{{"id":"{VISA}","b":"{VISA}"}}', f'{{"id":"{VISA}","b":"{MASKED}"}}'),
        (f'{{"id":["{VISA}",{VISA}]}}', f'{{"id":["{VISA}",{VISA}]}}'),
        (f'{{"id":{{"b":"{VISA}"}}}}', f'{{"id":{{"b":"{MASKED}"}}}}'),
        (f'{{"id":[{{"b":"{VISA}"}}]}}', f'{{"id":[{{"b":"{MASKED}"}}]}}'),
        (f'{{"amounts":{{"x":["{VISA}"]}},"y":"{VISA}"}}', f'{{"amounts":{{"x":["{VISA}"]}},"y":"{MASKED}"}}'),
        (f'{{"a":"\\"id\\":\\"{VISA}\\""}}', f'{{"a":"\\"id\\":\\"{MASKED}\\""}}'),
        (f'{{"id":1,"b":[1,"{VISA}"]}}', f'{{"id":1,"b":[1,"{MASKED}"]}}'),
        (f"plain text {VISA}", f'plain text "{MASKED}"'),
        (f'{{"broken":"{VISA}', f'{{"broken":"{MASKED}'),
        (f"<a><Id>{VISA}</Id><b>{VISA}</b></a>", f"<a><Id>{VISA}</Id><b>{MASKED}</b></a>"),
        (f"<a xmlns:p='u'><p:Id x='{VISA}'>{VISA}</p:Id></a>", f"<a xmlns:p='u'><p:Id x='{MASKED}'>{VISA}</p:Id></a>"),
        (f"<a><!-- {VISA} --><![CDATA[{VISA}]]></a>", f"<a><!-- {MASKED} --><![CDATA[{MASKED}]]></a>"),
        (f"<a>&#233;{VISA}</a>", f"<a>&#233;{MASKED}</a>"),
        (f"<a><Id>1</Id>{VISA}</a>", f"<a><Id>1</Id>{MASKED}</a>"),
    ],
)  # fmt: skip
def test_where_it_stands(raw: str, masked: str) -> None:
    assert mask_cards(raw.encode(), PLAIN) == masked.encode()


def test_xml_in_utf_16() -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        mark = "﻿".encode(encoding)
        raw = mark + f"<?xml version='1.0' encoding='UTF-16'?><a>{VISA}</a>".encode(encoding)
        assert mask_cards(raw).decode("utf-16").endswith(f"<a>{MASKED}</a>")
    clean = "<a>é</a>".encode("utf-16")
    assert mask_cards(clean) is clean
    odd = b"\xff\xfe<"
    assert mask_cards(odd) is odd


PREFIXES = st.sampled_from(["4", "51", "2221", "2720", "6011", "3528", "62"])
CARD = st.builds(
    lambda prefix, rest: (prefix + rest)[:15], PREFIXES, st.text("0123456789", min_size=15, max_size=15)
).map(lambda digits: digits + check_digit(digits))
TEXT = st.text(st.characters(exclude_characters="0123456789", exclude_categories=("Cs",)), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | TEXT | CARD | CARD.map(int) | st.floats(0, 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(card=CARD, before=TEXT, after=TEXT, ascii_only=st.booleans())
def test_a_card_number_never_stays(card: str, before: str, after: str, ascii_only: bool) -> None:
    body = {"note": f"{before}{card}{after}"}
    raw = json.dumps(body, ensure_ascii=ascii_only).encode()
    masked = mask_cards(raw)
    assert card.encode() not in masked
    assert json.loads(masked)["note"] == f"{before}{card[:6]}******{card[-4:]}{after}"


@given(value=JSON, ascii_only=st.booleans())
def test_json_stays_json_and_keeps_its_shape(value: object, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    masked = mask_cards(raw)
    assert mask_cards(masked) == masked
    assert shape(json.loads(masked)) == shape(value)


def shape(value: object) -> object:
    """A value with each text and number that could be a card's replaced by one word."""
    if isinstance(value, dict):
        return [shape(inner) for inner in value.values()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "text" if isinstance(value, str) or (isinstance(value, int) and value > 999) else value


@given(card=CARD, text=st.text(st.characters(categories=("L", "Zs")), max_size=12))
def test_xml_stays_xml(card: str, text: str) -> None:
    raw = f"<a b='{card}'>{text}<c>{card}</c>{text}</a>".encode()
    root = ET.fromstring(mask_cards(raw).decode())
    assert [root.get("b"), root[0].text] == [f"{card[:6]}******{card[-4:]}"] * 2


@given(raw=st.binary(max_size=300))
def test_bytes_of_any_kind_pass_through(raw: bytes) -> None:
    assert len(mask_cards(raw)) >= len(raw)


@pytest.mark.parametrize(
    "part", [b"4 ", b"41", b"4111 ", b"<", b"<!--", b"<![CDATA[", b"<?", b"<a ", b'"', b"\\", b"\\u", b"-", b"{", b"0."]
)
def test_nothing_takes_long(part: bytes) -> None:
    """Time grows with the size and not with its square: 200 kB of the worst are done in seconds on any machine."""
    raw = part * (200_000 // len(part))
    start_s = time.perf_counter()
    mask_cards(raw)
    mask_cards(b'{"a":"4111111111111111"}' + raw)
    mask_cards(b"<a>4111111111111111</a>" + raw)
    assert time.perf_counter() - start_s < 10


@pytest.mark.parametrize("name", [b"reference", b"id", b"customer", b"total"])
def test_names_that_the_caller_chose_protect_no_card_number(name: bytes) -> None:
    body = b'{"metadata":{"x":{"%b":["%b"]},"%b":"%b"},"%b":"4111111111111111"}'
    raw = body % (name, b"4111111111111111", name, b"4111111111111111", name)
    masked = body % (name, b"411111******1111", name, b"411111******1111", name)
    assert CONNECTORS["stripe"].mask(raw) == masked
