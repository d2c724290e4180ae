"""A line of a posting rule that is split over accounts: fees, taxes, the shares of a marketplace.

A command splits in the same words, with plain accounts (`commands.Post`).

::

    {"credit": "gross - fee", "rounding": "first_portion",
     "split": [{"account": "7100", "percent": "10"}, {"account": "{metadata.seller}", "remainder": true}]}
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.allocation import Part, Rounding, allocate, check_parts
from ledger.errors import AllocationError, PostingError, RulesError

FACT_FIELD: Final = re.compile(r"(status|account|(?:attributes|metadata|links|amounts)\.[A-Za-z0-9_.-]+)")


class SplitPart(Part, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """One part of a split line: an account and what it gets, as in `allocation.Part`."""

    account: str

    def plain(self) -> Part:
        """What it gets, without the account."""
        return Part(fixed=self.fixed, percent=self.percent, share=self.share, remainder=self.remainder, cap=self.cap)


@dataclass(frozen=True, slots=True)
class Split:
    """A split, ready to be applied.

    Attributes:
        accounts: for each part its code, and the field of the fact that names it; empty when the code is fixed.
    """

    accounts: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    rounding: Rounding

    @classmethod
    def of(cls, parts: Sequence[SplitPart], rounding: Rounding, rule: str) -> "Split":
        """Check a split of `rule`; raises `RulesError`."""
        if any(not part.account for part in parts):
            raise RulesError(f"rule {rule!r}: every part of a split needs an account")
        plain = tuple(part.plain() for part in parts)
        try:
            check_parts(plain)
        except AllocationError as error:
            raise RulesError(f"rule {rule!r}: split: {error}") from error
        return cls(tuple((part.account, account_field(part.account, rule)) for part in parts), plain, rounding)

    def amounts(self, amount_minor: int, rule: str) -> list[int]:
        """What each part gets; raises `PostingError` when the parts do not fit the amount."""
        try:
            return allocate(amount_minor, self.parts, self.rounding)
        except AllocationError as error:
            raise PostingError("split_impossible", "lines", f"rule {rule}: {error}") from error


def account_field(account: str, rule: str) -> str:
    """The field of the fact that an account in braces names; empty for a code. Raises `RulesError`."""
    field = account[1:-1] if account.startswith("{") and account.endswith("}") else ""
    if field and not FACT_FIELD.fullmatch(field):
        raise RulesError(f"rule {rule!r}: account {account!r} is not a field of a fact")
    return field
