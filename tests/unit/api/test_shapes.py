"""Amounts, moments and problems as they leave the API."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.amount import amount_of, on_side
from api.moment import moment
from api.problem import DETAIL_CHARS_MAX, FieldAtFault, Problem
from ledger.money import AMOUNT_MINOR_MAX


@pytest.mark.parametrize(
    ("amount_minor", "currency", "expected"),
    [
        (1250, "USD", {"amount": "1250", "currency": "USD", "exponent": 2}),
        (-7, "JPY", {"amount": "-7", "currency": "JPY", "exponent": 0}),
        (AMOUNT_MINOR_MAX, "KWD", {"amount": str(AMOUNT_MINOR_MAX), "currency": "KWD", "exponent": 3}),
    ],
)
def test_an_amount_is_a_string_of_minor_units(amount_minor: int, currency: str, expected: dict[str, object]) -> None:
    assert json.loads(msgspec.json.encode(amount_of(amount_minor, currency))) == expected


def test_a_balance_stands_on_the_normal_side() -> None:
    assert on_side(100, 30, "debit") == 70
    assert on_side(100, 30, "credit") == -70


@pytest.mark.parametrize(
    ("at_us", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_767_607_200_000_001, "2026-01-05T10:00:00.000001Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_moment_keeps_every_microsecond(at_us: int, text: str) -> None:
    assert moment(at_us) == text


@given(st.text(), st.text(), st.text())
def test_a_problem_can_say_anything(detail: str, location: str, fault: str) -> None:
    response = Problem(
        422, "request_invalid", detail, errors=[FieldAtFault(location=location, detail=fault)]
    ).response()
    body = json.loads(bytes(response.body))
    assert response.media_type == "application/problem+json"
    assert (body["status"], body["code"]) == (422, "request_invalid")
    assert len(body["detail"]) <= DETAIL_CHARS_MAX and body["detail"].isprintable()


def test_a_problem_leaves_away_what_is_empty() -> None:
    body = json.loads(bytes(Problem(404, "not_found", "Nothing.").response().body))
    assert set(body) == {"type", "title", "status", "code", "detail"}
    assert body["type"] == "urn:contraflow:problem:not_found"
