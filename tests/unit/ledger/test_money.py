"""Money is an integer with a currency (law 7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MoneyError
from ledger.money import AMOUNT_MINOR_MAX, Money, exponent, from_major, major


@given(st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX), st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_major_and_minor_are_the_same_money(amount_minor: int, currency: str) -> None:
    assert from_major(major(amount_minor, currency), currency) == amount_minor


def test_exponents_of_iso_4217() -> None:
    assert [exponent(code) for code in ("USD", "JPY", "KWD", "MGA", "ISK", "CLF")] == [2, 0, 3, 2, 0, 4]


# Every currency of ISO 4217 whose minor unit is not a hundredth.
NOT_HUNDREDTHS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


@pytest.mark.parametrize(
    ("digits", "currency"), [(digits, code) for digits, codes in NOT_HUNDREDTHS.items() for code in codes.split()]
)
def test_every_currency_that_does_not_count_in_hundredths(digits: int, currency: str) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    "amount", ["", "1.0", "1e3", "01", "-0", "+1", " 1", "1 ", "0x1", "１", "NaN", str(AMOUNT_MINOR_MAX + 1), "9" * 400]
)
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(MoneyError, match="minor units"):
        Money(amount, "USD").check()


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "U$D", "ÜSD"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(MoneyError, match="currency"):
        Money("1", currency).check()


@pytest.mark.parametrize(("text", "currency"), [("1.005", "USD"), ("1.5", "JPY"), ("1,00", "USD"), ("", "USD")])
def test_digits_are_never_lost(text: str, currency: str) -> None:
    with pytest.raises(MoneyError):
        from_major(text, currency)


def test_zeros_past_the_exponent_lose_nothing() -> None:
    assert from_major("12.34000", "USD") == 1234
