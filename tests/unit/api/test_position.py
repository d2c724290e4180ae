"""Position headers: what is asked for is understood exactly or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.config import WAIT_S_MAX
from api.cursor import POSITION_MAX
from api.position import entity_tag, format_position, is_known, parse_min_position, parse_wait_s
from api.problem import Problem

books = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=60)


@given(books, st.integers(0, POSITION_MAX))
def test_what_an_answer_says_can_be_asked_for(book: str, position: int) -> None:
    text = format_position(book, position)
    assert text.isascii() and "\r" not in text and "\n" not in text
    assert parse_min_position(text, book) == position


@given(st.text(max_size=200))
def test_whatever_comes_is_a_position_or_a_400(text: str) -> None:
    try:
        assert 0 <= parse_min_position(text, "main") <= POSITION_MAX
    except Problem as problem:
        assert (problem.status, problem.code) == (400, "min_position_malformed")


@pytest.mark.parametrize(
    ("text", "position"),
    [("main=1", 1), (" main=7 , other=9", 7), ("other=9,main=0", 0), (f"main={2**63 - 1}", 2**63 - 1)],
)
def test_several_books_may_be_named(text: str, position: int) -> None:
    assert parse_min_position(text, "main") == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "main",
        "main=",
        "=1",
        "main=-1",
        "main=1.0",
        "main=0x1",
        "main=١",
        f"main={2**63}",
        "main=1;other=2",
        "other=1",
        "main=1," * 500,
    ],
)
def test_a_malformed_header_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        parse_min_position(text, "main")


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("wait=2", 2),
        ("respond-async, wait=3", 3),
        ('WAIT="4"', 4),
        ("wait=5; x=y", 5),
        ("wait=100000", WAIT_S_MAX),
        ("", 0),
        ("wait", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=x", 0),
        ("waiting=9", 0),
        ("wait=" + "9" * 5000, 0),
    ],
)
def test_a_preference_is_honoured_or_passed_over(text: str, wait_s: int) -> None:
    assert parse_wait_s(text) == wait_s


def test_entity_tags_are_compared_weakly() -> None:
    tag = entity_tag("balances", 12)
    for known in (tag, "*", f'"x", {tag}', tag.removeprefix("W/")):
        assert is_known(known, tag)
    for other in ("", '"x"', entity_tag("balances", 13), entity_tag("entries", 12), "balances-12"):
        assert not is_known(other, tag)
