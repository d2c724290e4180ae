"""Amounts and times as vendors write them, exactly or not at all."""

from typing import Any

import pytest

from connectors import TranslationError
from connectors.amounts import iso_currency, money_of
from connectors.instants import iso_instant, unix_ms_instant
from connectors.json_fields import decimal_text, numbered_id, read_json
from connectors.manifest import Units

MAJOR = Units("major", digits={"TWD": 0})
MINOR = Units("minor", digits={"XOF": 2}, refused=frozenset({"IQD"}))


@pytest.mark.parametrize(
    ("json", "currency", "minor"),
    [
        *(('"12.50"', "USD", "1250"), ('"12.5"', "USD", "1250"), ("12.5", "USD", "1250"), ("12", "USD", "1200")),
        *(('"-0.07"', "USD", "-7"), ('"-0.00"', "USD", "0"), ("43.4", "NGN", "4340"), ("0.1", "USD", "10")),
        *(('"1000"', "JPY", "1000"), ('"1000.00"', "JPY", "1000"), ('"1.234"', "KWD", "1234"), ("1e2", "USD", "10000")),
        *(("100000000000000000.01", "USD", "10000000000000000001"), ('"12.500000"', "USD", "1250")),
    ],
)
def test_major_units(json: str, currency: str, minor: str) -> None:
    money = money_of(read_json(json.encode()), currency, "amount", MAJOR)
    assert (money.amount, money.currency) == (minor, currency)
    money.check()


@pytest.mark.parametrize(
    ("json", "currency", "units", "code"),
    [
        *(('"12.505"', "USD", MAJOR, "amount_not_convertible"), ('"1.5"', "JPY", MAJOR, "amount_not_convertible")),
        *(('"1,5"', "USD", MAJOR, "amount_malformed"), ('" 1"', "USD", MAJOR, "amount_malformed")),
        *(("true", "USD", MAJOR, "amount_malformed"), ("null", "USD", MAJOR, "amount_malformed")),
        *(("1e999999", "USD", MAJOR, "amount_malformed"), ("1e-999999", "USD", MAJOR, "amount_malformed")),
        *(('"١"', "USD", MAJOR, "amount_malformed"), ('"1' + "0" * 44 + '"', "USD", MAJOR, "amount_too_large")),
        *(("12.5", "USD", MINOR, "amount_malformed"), ('"12"', "USD", MINOR, "amount_malformed")),
        *(("true", "USD", MINOR, "amount_malformed"), ("150", "XOF", MINOR, "amount_not_convertible")),
    ],
)
def test_what_is_no_exact_money(json: str, currency: str, units: Units, code: str) -> None:
    with pytest.raises(TranslationError) as refused:
        money_of(read_json(json.encode()), currency, "amount", units)
    assert refused.value.code == code


def test_minor_units() -> None:
    assert money_of(1250, "USD", "amount", MINOR).amount == "1250"
    assert money_of(15000, "XOF", "amount", MINOR).amount == "150"
    assert iso_currency("xof", "currency", MINOR) == "XOF"
    for code, refused_as in (("iqd", "currency_not_supported"), ("x", "currency_malformed"), (7, "currency_malformed")):
        with pytest.raises(TranslationError) as refused:
            iso_currency(code, "currency", MINOR)
        assert refused.value.code == refused_as


@pytest.mark.parametrize(
    ("told", "at"),
    [
        *(("2026-01-05T10:00:00.123Z", "2026-01-05T10:00:00Z"), ("2026-01-05T10:00:00+0100", "2026-01-05T09:00:00Z")),
        *(("2026-01-05 10:00:00", "2026-01-05T10:00:00Z"), ("2026-01-05", "2026-01-05T00:00:00Z")),
    ],
)
def test_times(told: str, at: str) -> None:
    assert iso_instant({"none": None, "at": told}, "none", "at") == at


@pytest.mark.parametrize("told", ["yesterday", 7, "0001-01-01T00:00:00+23:00", ["x"], True])
def test_what_is_no_time(told: Any) -> None:
    with pytest.raises(TranslationError):
        iso_instant({"at": told}, "at")


def test_milliseconds_ids_and_rates() -> None:
    assert unix_ms_instant({"at": 1_700_000_000_999}, "at") == "2023-11-14T22:13:20Z"
    assert numbered_id({"id": 2**63}, "id") == str(2**63) and numbered_id({"id": "T-1"}, "id") == "T-1"
    assert numbered_id({}, "id") == ""
    with pytest.raises(TranslationError):
        numbered_id({"id": True}, "id")
    assert [decimal_text(read_json(raw)) for raw in (b"0.90", b'"1.25"', b"3", b"true", b'"x"', b"1e9999")] == [
        *("0.90", "1.25", "3", "", "", ""),
    ]
