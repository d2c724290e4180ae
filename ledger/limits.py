"""Limits of an account: how far its balance may go in a currency.

A limit refuses commands and flags facts: the outside world has happened already, a command has not. It is checked
against what is posted and what is held: a hold on one side counts as if it were posted, a hold on the other side gives
nothing until it is captured. So nobody can promise the same money twice.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from ledger.money import AMOUNT_MINOR_MAX

LimitKind = Literal["debits_must_not_exceed_credits", "credits_must_not_exceed_debits", "overdraft"]
EVERY_CURRENCY: Final = "*"
NOTHING: Final = (0, 0)


class Limit(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One limit.

    Attributes:
        kind: which side must not exceed the other; ``overdraft`` is the normal side of the account.
        overdraft: for ``overdraft``, by how many minor units the normal side may be exceeded, as a decimal string.
    """

    kind: LimitKind
    overdraft: str = "0"


def left_to_debit(
    limit: Limit | None, normal_side: str, posted: Sequence[int] = NOTHING, held: Sequence[int] = NOTHING
) -> int | None:
    """Minor units that may still be debited, below zero when the limit is broken; None when nothing limits debits."""
    if limit is None or not _limits_debits(limit, normal_side):
        return None
    return posted[1] + _overdraft(limit) - posted[0] - held[0]


def left_to_credit(
    limit: Limit | None, normal_side: str, posted: Sequence[int] = NOTHING, held: Sequence[int] = NOTHING
) -> int | None:
    """As `left_to_debit`, for credits."""
    if limit is None or _limits_debits(limit, normal_side):
        return None
    return posted[0] + _overdraft(limit) - posted[1] - held[1]


def limit_fault(limit: Limit) -> str:
    """What is wrong with a limit, or an empty string."""
    if not limit.overdraft.isascii() or not limit.overdraft.isdecimal() or len(limit.overdraft) > 39:
        return f"overdraft {limit.overdraft[:60]!r} is not an amount in minor units"
    if int(limit.overdraft) > AMOUNT_MINOR_MAX:
        return "overdraft is larger than 2^128-1 minor units"
    if limit.kind != "overdraft" and limit.overdraft != "0":
        return f"a limit of kind {limit.kind} has no overdraft"
    return ""


def _limits_debits(limit: Limit, normal_side: str) -> bool:
    if limit.kind == "overdraft":
        return normal_side == "credit"
    return limit.kind == "debits_must_not_exceed_credits"


def _overdraft(limit: Limit) -> int:
    return int(limit.overdraft) if limit.kind == "overdraft" else 0
