"""Identifiers in the gateway's style, drawn from the day's seeded generator or derived from another identifier."""

import random
from hashlib import blake2b
from typing import Final

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id(rng: random.Random, prefix: str, chars: int = 24) -> str:
    """A fresh identifier such as ``pi_3x9..``: the prefix and `chars` letters and digits."""
    return prefix + "".join(rng.choices(_BASE62, k=chars))


def trace_number(rng: random.Random) -> str:
    """The 15 digits of a bank transfer's trace.

    They start with a zero as routing numbers of the first district do, so that no trace looks like a card number.
    """
    return f"0910000{rng.randrange(10**8):08d}"


def derived(text: str, chars: int = 16) -> str:
    """`chars` hex digits that always follow from `text`: filler for fields that must differ but mean nothing."""
    return blake2b(text.encode(), digest_size=32).hexdigest()[:chars]


def derived_uuid(text: str) -> str:
    """As `derived`, in the form of a UUID."""
    digits = derived(text, 32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
