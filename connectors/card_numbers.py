"""Recognizes card numbers in a row of digits: issuer prefix, length and check digit, all three.

Prefixes are those of ISO/IEC 7812 ranges that the card schemes publish. A number that no scheme issues is not a card
number, however well its check digit fits.
"""

from typing import Final

LENGTH_MIN: Final = 13
LENGTH_MAX: Final = 19

# scheme -> (first and last prefix, both of the same length; lengths of its numbers)
_SCHEMES: Final[dict[str, tuple[tuple[tuple[int, int], ...], frozenset[int]]]] = {
    "visa": (((4, 4),), frozenset({13, 16, 18, 19})),
    "mastercard": (((51, 55), (2221, 2720)), frozenset({16})),
    "american express": (((34, 34), (37, 37)), frozenset({15})),
    "discover": (((6011, 6011), (644, 649), (65, 65)), frozenset({16, 17, 18, 19})),
    "diners club": (((300, 305), (3095, 3095), (36, 36), (38, 39)), frozenset({14, 15, 16, 17, 18, 19})),
    "jcb": (((3528, 3589),), frozenset({16, 17, 18, 19})),
    "unionpay": (((62, 62), (81, 81)), frozenset({16, 17, 18, 19})),
    "maestro": (
        ((5018, 5018), (5020, 5020), (5038, 5038), (5893, 5893), (6304, 6304), (6759, 6759), (6761, 6763)),
        frozenset({13, 14, 15, 16, 17, 18, 19}),
    ),
    "mir": (((2200, 2204),), frozenset({16, 17, 18, 19})),
    "verve": (((506099, 506198), (507865, 507964), (650002, 650027)), frozenset({16, 18, 19})),
    "rupay": (((60, 60), (82, 82), (508, 508), (353, 353), (356, 356)), frozenset({16})),
    "elo": (((504175, 504175), (5067, 5067), (509000, 509999), (636297, 636297), (636368, 636368)), frozenset({16})),
    "troy": (((9792, 9792),), frozenset({16})),
    "uzcard, humo": (((8600, 8600), (9860, 9860)), frozenset({16})),
}


def is_card_number(digits: bytes) -> bool:
    """Whether these digits, without separators, are a number that a card scheme could have issued."""
    return LENGTH_MIN <= len(digits) <= LENGTH_MAX and _is_issued(digits) and _check_digit_fits(digits)


def _is_issued(digits: bytes) -> bool:
    prefixes = _PREFIXES.get(len(digits), ())
    return any(first <= int(digits[: len(str(first))]) <= last for first, last in prefixes)


def _check_digit_fits(digits: bytes) -> bool:
    """The Luhn check of ISO/IEC 7812-1, annex B: every second digit from the right counts double, digit by digit."""
    total = sum(digit - 48 for digit in digits[-1::-2])
    total += sum(_DOUBLED[digit - 48] for digit in digits[-2::-2])
    return total % 10 == 0


_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

_PREFIXES: Final[dict[int, tuple[tuple[int, int], ...]]] = {
    length: tuple(prefix for prefixes, lengths in _SCHEMES.values() if length in lengths for prefix in prefixes)
    for length in range(LENGTH_MIN, LENGTH_MAX + 1)
}
