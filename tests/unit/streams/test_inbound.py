"""The inbound record: what is built can be parsed, what is missing is filled in, what is wrong is refused by name."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import BodyTooLarge, InboundError
from streams.inbound import BODY_BYTES_MAX, RECEIVED_AT_US_MAX, InboundRecord, build_inbound, parse_inbound
from streams.kafka import RECORD_BYTES_MAX

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50)


@given(
    body=st.binary(min_size=1, max_size=300),
    account=TEXT,
    delivery=TEXT,
    context=st.dictionaries(TEXT, TEXT, max_size=4),
    received_at_us=st.integers(min_value=1, max_value=2**53),
)
def test_what_is_built_is_parsed(
    body: bytes, account: str, delivery: str, context: dict[str, str], received_at_us: int
) -> None:
    built = build_inbound(
        body,
        body,
        book="main",
        source="stripe",
        account=account,
        delivery=delivery,
        context=context,
        received_at_us=received_at_us,
    )
    assert parse_inbound("x.inbound.stripe", built.key(), built.body, list(built.headers()), 7) == built


def test_the_digest_is_of_the_original_and_the_body_is_the_masked_one() -> None:
    built = build_inbound(b"4242", b"****", book="main", source="stripe", account="acct_1")
    assert (built.digest, built.body) == (sha256(b"4242").hexdigest(), b"****")
    assert b"4242" not in built.body and "****" not in repr(built)


def test_a_producer_without_headers_is_understood() -> None:
    parsed = parse_inbound("prefix.inbound.facts", b"shop.eu", b"{}", None, 1_700_000_000_123)
    assert parsed == InboundRecord(
        book="shop.eu",
        source="facts",
        account="",
        received_at_us=1_700_000_000_123_000,
        digest=sha256(b"{}").hexdigest(),
        delivery="",
        context={},
        attempts=0,
        body=b"{}",
    )


@pytest.mark.parametrize("book", ["", "a/b", "a\nb", "-a", "a" * 101, "ü", "a b"])
def test_a_book_that_is_not_a_name_is_refused(book: str) -> None:
    with pytest.raises(InboundError, match="is not a name") as refused:
        build_inbound(b"x", b"x", book=book, source="stripe", account="")
    assert refused.value.code == "book_malformed"


def test_sizes_are_bounded() -> None:
    most = b"x" * BODY_BYTES_MAX
    assert build_inbound(most, most, book="main", source="stripe", account="").body == most
    with pytest.raises(BodyTooLarge, match=str(BODY_BYTES_MAX + 1)):
        build_inbound(most + b"x", most, book="main", source="stripe", account="")
    with pytest.raises(InboundError, match="body is empty"):
        build_inbound(b"", b"", book="main", source="stripe", account="")
    with pytest.raises(InboundError, match="at most 32768"):
        build_inbound(b"x", b"x", book="main", source="stripe", account="", context={"a": "x" * 40_000})


@pytest.mark.parametrize(
    ("key", "value", "headers", "says"),
    [
        (None, b"x", [], "is not a name"),
        (b"\xff", b"x", [], "key is not UTF-8"),
        (b"main", None, [], "value is empty"),
        (b"main", b"x", [("digest", b"abc")], "'abc' is not a SHA-256"),
        (b"main", b"x", [("context", b"[]")], "header context"),
        (b"main", b"x", [("context", b"{")], "header context"),
        (b"main", b"x", [("attempts", b"-1")], "header attempts: '-1'"),
        (b"main", b"x", [("attempts", "²".encode())], "header attempts"),
        (b"main", b"x", [("received_at_us", b"9" * 19)], "header received_at_us"),
        (b"main", b"x", [("received_at_us", b"9" * 18)], "header received_at_us"),
        (b"main", b"x", [("attempts", b"9" * 7)], "header attempts"),
        (b"main", b"x", [("account", b"\xff")], "account is not UTF-8"),
        (b"main", b"x", [("account", b"a\0b")], "must not contain NUL"),
        (b"main", b"x", [("source", b"\0")], "must not contain NUL"),
        (b"main", b"x", [("context", b'{"a":"\\u0000"}')], "must not contain NUL"),
        (b"main", b"x", [("account", b"a" * 40_000)], "at most 32768"),
        (b"main", b"x" * (RECORD_BYTES_MAX + 1), [], "at most 4194304"),
    ],
)
def test_a_record_that_cannot_be_read_says_why(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, str | bytes | None]], says: str
) -> None:
    with pytest.raises(InboundError, match=says):
        parse_inbound("inbound.stripe", key, value, headers, 1)


def test_what_posting_would_not_read_is_not_built() -> None:
    for told in ({"account": "a\0"}, {"delivery": "\0"}, {"context": {"a": "\0"}}, {"context": {"\0": "a"}}):
        with pytest.raises(InboundError, match="must not contain NUL"):
            build_inbound(b"x", b"x", **{"book": "main", "source": "stripe", "account": "", **told})  # type: ignore[arg-type]


def test_a_timestamp_beyond_the_calendar_is_its_end() -> None:
    assert parse_inbound("inbound.facts", b"main", b"x", None, 2**62).received_at_us == RECEIVED_AT_US_MAX


def test_headers_are_bounded_as_they_are_written() -> None:
    told = {"book": "main", "source": "stripe", "account": ""}
    with pytest.raises(InboundError, match="at most 32768"):
        build_inbound(b"x", b"x", **told, context={"a": "\1" * 5_500})  # six bytes each in JSON
    with pytest.raises(InboundError, match="at most 32768"):
        build_inbound(b"x", b"x", **told, context={f"{number:05d}": "" for number in range(3_200)})
    assert build_inbound(b"x", b"x", **told, context={"a": "\1" * 5_300}).context == {"a": "\1" * 5_300}
