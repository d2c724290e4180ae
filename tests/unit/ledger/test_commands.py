"""Reading commands never raises; what is none is answered with its field."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.commands import COMMAND_BYTES_MAX, Malformed, Post, command_name, decode_command

POST = {"command": "post", "key": "a", "lines": [["1", "debit", "1", "USD"], ["2", "credit", "1", "USD"]]}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({**POST, "lines": "x"}, "lines"),
        ({**POST, "lines": [["1", "left", "1", "USD"]]}, "lines[0][1]"),
        ({**POST, "lines": [["1", "debit", 1, "USD"]]}, "lines[0][2]"),
        ({**POST, "colour": "red"}, "colour"),
        ({**POST, "at_most": "all"}, "at_most"),
        ({**POST, "key": ""}, "key"),
        ({**POST, "key": "k" * 257}, "key"),
        ({**POST, "key": "k\x00"}, ""),
        ({**POST, "lines": [["1\x00", "debit", "1", "USD"]]}, ""),
        ({"command": "adopt_rules", "key": "a", "rules": {"version": ["\x00"]}}, ""),
        ({**POST, "description": "d" * 2001}, "description"),
        ({**POST, "metadata": {str(n): "" for n in range(65)}}, "metadata"),
        ({**POST, "metadata": {"a": "\x00"}}, ""),
        ({**POST, "metadata": {"": "a"}}, "metadata"),
        ({**POST, "metadata": {"a": "x" * 2001}}, "metadata"),
        ({**POST, "lines": [["1", "debit", "1", "USD"]] * 1001}, "lines"),
        ({**POST, "linked": "yes"}, "linked"),
        ({"command": "post", "key": "a"}, "lines"),
        ({"command": "destroy", "key": "a"}, "command"),
        ({"key": "a"}, "command"),
        ({"command": "hold", "key": "a", "lines": [], "expires_after_s": -1}, "expires_after_s"),
        ({"command": "hold", "key": "a", "lines": [], "expires_after_s": 1.5}, "expires_after_s"),
    ],
)
def test_the_field_at_fault_is_named(document: dict[str, object], field: str) -> None:
    read = decode_command(msgspec.json.encode(document))
    assert isinstance(read, Malformed)
    assert (read.code, read.field) == ("command_malformed", field)
    assert read.detail


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({**POST, "lines": [["1", "debit", 1, "USD"]]}, "1"),
        ({**POST, "lines": [["1", "left", "1", "USD"]]}, "left"),
        ({**POST, "metadata": {"rate": 1.5}}, '{"rate":1.5}'),
        ({**POST, "at_most": "all"}, "all"),
        ({**POST, "colour": "red"}, "red"),
        ({**POST, "linked": "yes"}, "yes"),
        ({**POST, "linked": "y" * 100}, "y" * 80),
        ({"command": "destroy", "key": "a"}, "destroy"),
        ({"command": "post", "key": "a"}, ""),
        ({"key": "a"}, ""),
        ([], ""),
    ],
)
def test_the_value_at_fault_is_shown(document: object, value: str) -> None:
    read = decode_command(msgspec.json.encode(document))
    assert isinstance(read, Malformed)
    assert read.value == value


def test_key_and_link_of_what_is_no_command_are_kept_where_they_are_legible() -> None:
    read = decode_command(b'{"command":"nope","key":"a","linked":true}')
    assert isinstance(read, Malformed)
    assert (read.key, read.linked) == ("a", True)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'"' + b"x" * COMMAND_BYTES_MAX])
def test_bytes_that_are_no_command_are_answered(raw: bytes) -> None:
    assert isinstance(decode_command(raw), Malformed)


def test_a_backslash_before_u0000_is_text_like_any_other() -> None:
    read = decode_command(msgspec.json.encode({**POST, "description": "\\u0000"}))
    assert isinstance(read, Post)
    assert read.description == "\\u0000"


def test_half_a_character_is_refused() -> None:
    assert isinstance(decode_command(b'{"command":"clock","key":"\\ud800","at":"2026-01-01"}'), Malformed)


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    decode_command(raw)


def test_a_command_keeps_its_name() -> None:
    read = decode_command(msgspec.json.encode(POST))
    assert isinstance(read, Post)
    assert command_name(read) == "post"
