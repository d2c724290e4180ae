"""Cursors come back as they went out; anything else is refused with a 400, whatever it is."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursor import (
    POSITION_MAX,
    BalanceCursor,
    Cursor,
    ItemCursor,
    PaymentCursor,
    PostingCursor,
    cut_page,
    decode_cursor,
    encode_cursor,
)
from api.problem import Problem

positions = st.integers(0, POSITION_MAX)
words = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=80)
cursors = st.one_of(
    st.builds(BalanceCursor, words, words),
    st.builds(PostingCursor, st.sampled_from(["newest", "oldest"]), positions, st.integers(0, 1000)),
    st.builds(PaymentCursor, positions, words),
    st.builds(ItemCursor, positions, words, words),
)


@given(cursors)
def test_a_cursor_comes_back_as_it_went_out(cursor: Cursor) -> None:
    text = encode_cursor(cursor)
    assert text.isascii() and not set(text) & set("+/=&?#% ")
    assert decode_cursor(text, type(cursor)) == cursor


@given(cursors, st.sampled_from([BalanceCursor, PostingCursor, PaymentCursor, ItemCursor]))
def test_a_cursor_of_another_list_is_refused(cursor: Cursor, kind: type[Cursor]) -> None:
    if not isinstance(cursor, kind):
        with pytest.raises(Problem) as refused:
            decode_cursor(encode_cursor(cursor), kind)
        assert (refused.value.status, refused.value.code) == (400, "cursor_invalid")


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())))
def test_garbage_is_refused_or_harmless(text: str) -> None:
    try:
        decode_cursor(text, PostingCursor)
    except Problem as problem:
        assert problem.status == 400


@pytest.mark.parametrize(
    "raw",
    [
        b'["posting","newest",-1,1]',
        b'["posting","newest",9223372036854775808,1]',
        b'["posting","newest",1.5,1]',
        b'["posting","newest",1]',
        b'["posting","newest",1,1,1]',
        b'["posting","a\\u0000b",1,1]',
        b'["posting","\\ud800",1,1]',
        b'{"posting":1}',
        b"[" * 5000,
        b"\xff\xfe",
        b"",
    ],
)
def test_a_forged_cursor_is_refused(raw: bytes) -> None:
    with pytest.raises(Problem):
        decode_cursor(base64.urlsafe_b64encode(raw).decode(), PostingCursor)


@pytest.mark.parametrize(("count", "more"), [(0, False), (2, False), (3, False), (4, True)])
def test_a_page_is_cut_where_another_one_follows(count: int, more: bool) -> None:
    rows, following = cut_page(list(range(count)), 3, lambda row: PaymentCursor(row, ""))
    assert list(rows) == list(range(min(count, 3)))
    assert (following is not None) == more
    if following is not None:
        assert decode_cursor(following, PaymentCursor).position == 2
