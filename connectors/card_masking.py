"""Masks card numbers in raw bytes before they are stored anywhere (law 11).

A card number is 13 to 19 digits with single spaces or dashes between them that a scheme could have issued (see
`connectors.card_numbers`). Its first six and last four digits stay, which reconciliation may see and thieves cannot
use. Bytes without a card number come back as they are, and that is found out first, by one regular expression.

JSON stays JSON: inside a string the digits become asterisks; a bare number becomes a string, so that nobody can
mistake a masked number for an amount. XML stays XML: only text and attribute values change.
"""

import re
from collections.abc import Callable
from typing import Final

from connectors.card_numbers import is_card_number, issued_lengths

_ESCAPE: Final = rb"\\(?:u[0-9a-fA-F]{4}|.)"  # consumed whole, so that the digits of an escape start no number
_RUN: Final = rb"[0-9](?:[ -]?[0-9]){12,}+"
# Cheaper than the exact search and true of every body with a card number: most bodies end here (18 of 47 us for 3 kB).
_LONG_ENOUGH: Final = re.compile(rb"[0-9][0-9 -]{12}")
_JSON_TEXT: Final = re.compile(_ESCAPE + rb"|" + _RUN, re.DOTALL)
_XML_TEXT: Final = re.compile(rb"&#[0-9]+;|" + _RUN)
_GROUP: Final = re.compile(rb"[0-9]+")
_JSON_TOKEN: Final = re.compile(
    rb'"(?:[^"\\]++|\\.)*+"?|-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|[{}\[\]:,]|[^"{}\[\]:,0-9-]++|.', re.DOTALL
)
# Comments, CDATA and instructions that never end take the rest: looking for an end again and again would be slow.
_XML_TOKEN: Final = re.compile(
    rb"<!--(?:[^-]++|-(?!->))*+(?:-->)?|<!\[CDATA\[(?:[^\]]++|\](?!\]>))*+(?:\]\]>)?|<\?(?:[^?]++|\?(?!>))*+(?:\?>)?"
    rb"|<[^<>]*+>?|[^<]++"
)
_XML_NAME: Final = re.compile(rb"</?(?:[^\s:/>]*:)?([^\s:/>]*)")
_XML_VALUE: Final = re.compile(rb"\"[^\"]*+\"|'[^']*+'")
# What stands under these names was named by the caller: ``reference`` there is nobody's id.
_FREE_FIELDS: Final = frozenset({b"metadata"})
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def mask_cards(raw: bytes, plain_fields: frozenset[str] = frozenset()) -> bytes:
    """The bytes with every card number masked.

    Args:
        raw: JSON, XML or any other text; XML in UTF-16 is understood by its byte order mark.
        plain_fields: names of JSON fields or local names of XML elements that hold ids or amounts and are left alone:
            their own text or number, and those in a list under them. ``name.*`` also covers everything below. In a
            JSON object ``metadata`` nothing is left alone, because its names are not the gateway's.
    """
    if raw[:2] in _UTF16_MARKS:
        return _mask_utf16(raw, plain_fields)
    if _LONG_ENOUGH.search(raw) is None:
        return raw
    is_xml = raw.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] == b"<"
    text = _XML_TEXT if is_xml else _JSON_TEXT
    if not any(_card_places(found[0]) for found in text.finditer(raw) if found[0][0] in b"0123456789"):
        return raw
    plain = frozenset(name.encode() for name in plain_fields)
    return _mask_xml(raw, plain) if is_xml else _mask_json(raw, plain)


def _mask_utf16(raw: bytes, plain_fields: frozenset[str]) -> bytes:
    try:
        text = raw.decode("utf-16")
    except UnicodeDecodeError:
        return raw
    masked = mask_cards(text.encode(), plain_fields).decode()
    if masked == text:
        return raw
    return raw[:2] + masked.encode("utf-16-le" if raw[:2] == _UTF16_MARKS[0] else "utf-16-be")


def _mask_json(raw: bytes, plain: frozenset[bytes]) -> bytes:
    """Token by token; `below` says for each open bracket which field it stands under and which names count in it."""
    masked: list[bytes] = []
    below: list[tuple[bytes, frozenset[bytes] | None]] = [(b"", plain)]  # None: everything below is plain
    field = b""  # the last string: a field's name once a colon follows
    name = b""
    for found in _JSON_TOKEN.finditer(raw):
        token = found[0]
        under, names = below[-1]
        is_plain = names is None or (name or under) in names
        first = token[:1]
        if first == b'"':
            field = token[1:-1]
            token = token if is_plain else _mask_text(token, _JSON_TEXT)
        elif first == b"{":
            below.append((b"", _names_below(name or under, names)))
            name = b""
        elif first == b"[":
            below.append((name or under, _names_below(name or under, names)))
            name = b""
        elif first in (b"}", b"]"):
            del below[max(1, len(below) - 1) :]
            name = b""
        elif first == b":":
            name = field
        elif first == b",":
            name = b""
        elif not is_plain:
            token = _mask_number(token)
        masked.append(token)
    return b"".join(masked)


def _names_below(name: bytes, names: frozenset[bytes] | None) -> frozenset[bytes] | None:
    if names is None or name + b".*" in names:
        return None
    return frozenset() if name in _FREE_FIELDS else names


def _mask_number(token: bytes) -> bytes:
    """A bare number: only its whole part can be a card number; digits after a point or an exponent are a fraction."""
    whole = _GROUP.match(token.removeprefix(b"-"))
    if whole is None or not is_card_number(whole[0]):
        return token
    return b'"' + token.replace(whole[0], _mask_run(whole[0]), 1) + b'"'


def _mask_xml(raw: bytes, plain: frozenset[bytes]) -> bytes:
    masked: list[bytes] = []
    element = b""
    for found in _XML_TOKEN.finditer(raw):
        token = found[0]
        if token.startswith((b"<!--", b"<![CDATA[", b"<?")):
            token = token if element in plain else _mask_text(token, _XML_TEXT)
        elif token.startswith(b"<"):
            named = _XML_NAME.match(token)
            element = named[1] if named and not token.startswith(b"</") else b""
            token = _XML_VALUE.sub(lambda value: _mask_text(value[0], _XML_TEXT), token)
        elif element not in plain:
            token = _mask_text(token, _XML_TEXT)
        masked.append(token)
    return b"".join(masked)


def _mask_text(text: bytes, pattern: re.Pattern[bytes]) -> bytes:
    return pattern.sub(_MASK_FOUND, text)


_MASK_FOUND: Final[Callable[[re.Match[bytes]], bytes]] = lambda found: _mask_run(found[0])  # noqa: E731


def _mask_run(run: bytes) -> bytes:
    """Digits and separators with every card number in them masked; an escape comes back as it is."""
    masked = bytearray(run)
    for places in _card_places(run):
        for place in places[6:-4]:
            masked[place] = 0x2A
    return bytes(masked)


def _card_places(run: bytes) -> list[list[int]]:
    """Where the digits of card numbers stand in a run: whole groups that together pass, the longest first.

    Looking at groups finds a number that stands beside another one: ``55 4111 1111 1111 1111``.
    """
    if not run[:1].isdigit():
        return []
    digits, places = bytearray(), list[int]()
    starts, ends = list[int](), set[int]()
    for group in _GROUP.finditer(run):
        starts.append(len(digits))
        digits += group[0]
        places += range(*group.span())
        ends.add(len(digits))
    found: list[list[int]] = []
    free_from = 0
    for start in starts:
        if start < free_from:
            continue
        for length in issued_lengths(bytes(digits[start : start + 6])):
            end = start + length
            if end in ends and is_card_number(bytes(digits[start:end])):
                found.append(places[start:end])
                free_from = end
                break
    return found
