"""Recognizes card numbers in a row of digits: issuer prefix, length and check digit, all three.

Prefixes are those of ISO/IEC 7812 ranges that the card schemes publish. A number that no scheme issues is not a card
number, however well its check digit fits.
"""

from functools import lru_cache
from typing import Final

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
    return len(digits) in issued_lengths(digits[:6]) and _check_digit_fits(digits)


@lru_cache(maxsize=4096)
def issued_lengths(prefix: bytes) -> tuple[int, ...]:
    """How many digits a card number with these first six digits can have, the longest first; mostly none."""
    if len(prefix) != _PREFIX_DIGITS:
        return ()
    number = int(prefix)
    found: set[int] = set()
    for ranges, lengths in _SCHEMES.values():
        for first, last in ranges:
            missing = 10 ** (_PREFIX_DIGITS - len(str(first)))
            if first * missing <= number < (last + 1) * missing:
                found |= lengths
    return tuple(sorted(found, reverse=True))


def _check_digit_fits(digits: bytes) -> bool:
    """The Luhn check of ISO/IEC 7812-1, annex B: every second digit from the right counts double, digit by digit."""
    single = digits[-1::-2]
    return (sum(single) - 48 * len(single) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


_PREFIX_DIGITS: Final = 6
# ASCII digit -> what it counts when doubled: 0 2 4 6 8 1 3 5 7 9
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
