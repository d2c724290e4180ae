"""The options of a Beancount journal that matter to a book: names of the five roots, tolerances, rounding account."""

import re
from fractions import Fraction
from typing import Final

from connectors.beancount_syntax import Row, string_of
from connectors.journal_faults import BadLine

_ROOTS: Final = {
    "name_assets": ("Assets", "asset"),
    "name_liabilities": ("Liabilities", "liability"),
    "name_equity": ("Equity", "equity"),
    "name_income": ("Income", "income"),
    "name_expenses": ("Expenses", "expense"),
}
# These tell people or reports something and change no balance.
_HARMLESS: Final = frozenset(
    {
        "title",
        "operating_currency",
        "render_commas",
        "documents",
        "conversion_currency",
        "account_previous_balances",
        "account_previous_earnings",
        "account_previous_conversions",
        "account_current_earnings",
        "account_current_conversions",
        "account_unrealized_gains",
        "long_string_maxlines",
        "booking_method",
    }
)
EVERY: Final = "*"


class BeancountSettings:
    """What the options of one journal say.

    Attributes:
        multiplier: of the last written digit, what a tolerance is.
        tolerances: by commodity where no digits tell one, ``*`` for every commodity.
        rounding: leaf of the rounding account, below equity; empty when there is none.
    """

    def __init__(self) -> None:
        """What holds without options."""
        self._roots = dict(_ROOTS)
        self.multiplier = Fraction(1, 2)
        self.tolerances: dict[str, Fraction] = {}
        self.rounding = ""

    def read(self, head: Row) -> None:
        """Take one ``option "name" "value"``; raises `BadLine` for those that would change balances unseen."""
        head.take("word", what="option")
        name = string_of(head.take("string", what="the option's name"))
        value = string_of(head.take("string", what="the option's value"))
        head.end()
        if name in _ROOTS:
            self._roots[name] = (value, _ROOTS[name][1])
        elif name == "inferred_tolerance_default":
            commodity, _, number = value.partition(":")
            self.tolerances[commodity.strip()] = _positive(name, number)
        elif name in ("inferred_tolerance_multiplier", "tolerance_multiplier"):
            self.multiplier = _positive(name, value)
        elif name == "account_rounding":
            self.rounding = value
        elif name == "infer_tolerance_from_cost":
            if value.upper() not in ("FALSE", "0"):
                raise BadLine("not_supported", "tolerances inferred from costs are not supported")
        elif name not in _HARMLESS:
            raise BadLine("not_supported", f"option {name[:60]!r} is not supported: it could change what is read")

    @property
    def equity(self) -> str:
        """Root of the equity accounts."""
        return self._roots["name_equity"][0]

    def type_of(self, account: str) -> str:
        """The type that an account's root gives it; raises `BadLine` when it has none of the five."""
        root, _, rest = account.partition(":")
        for name, kind in self._roots.values():
            if root == name and rest:
                if all(part[0].isupper() or part[0].isdecimal() for part in account.split(":")):
                    return kind
                raise BadLine("account_name", f"every part of account {account!r} begins with a capital or a digit")
        names = ", ".join(name for name, _ in self._roots.values())
        raise BadLine("account_name", f"account {account!r} is below none of {names}")


def rounded(value: Fraction, tolerance: Fraction) -> Fraction:
    """A left-out amount to the last digit of twice the tolerance, half to even; as it is without a tolerance.

    A tolerance of five digits or more is none that somebody chose, and rounds nothing.
    """
    digits, last = tolerance * 2, Fraction(1)
    if not tolerance:
        return value
    while digits.denominator != 1:
        digits, last = digits * 10, last / 10
    while digits.numerator % 10 == 0:
        digits, last = digits / 10, last * 10
    if len(str(_significant(tolerance))) >= 5:
        return value
    return round(value / last) * last


def _significant(value: Fraction) -> int:
    """The digits of a decimal fraction without its point."""
    while value.denominator != 1:
        value *= 10
    return value.numerator


def _positive(name: str, text: str) -> Fraction:
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,30}(\.[0-9]{0,30})?", text):
        raise BadLine("number_malformed", f"option {name}: {text[:40]!r} is not a decimal number from zero up")
    return Fraction(text)
