"""Which bank line pays which payout: a function of the lines and payouts known, whatever came first.

First by name: the payout's id or its trace id stands in the line. Where nothing is named, by amount: a line that says
it comes from the payout's gateway, of the same currency and amount, with a value date within five days after the
payout's arrival, when it can be this payout only.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import msgspec

DAYS_AFTER_ARRIVAL_MAX: Final = 5

# Shorter words are everyday words and numbers of every statement.
_NAME_CHARS_MIN: Final = 8
_NAME_CHARS_MAX: Final = 500  # nobody's id is longer, and PostgreSQL indexes no word of some thousand
# The source of a gateway's facts, and the words by which banks name it, in the order of the posting rules. Modern
# Treasury holds no money that it could pay out.
_GATEWAYS: Final = (
    ("paystack", ("PAYSTACK",)),
    ("flutterwave", ("FLUTTERWAVE", "FLW")),
    ("paypal", ("PAYPAL",)),
    ("stripe", ("STRIPE", "PO_")),
)
_WORD: Final = re.compile(r"[A-Z0-9_]+")


class Payout(msgspec.Struct, frozen=True):
    """A payout as far as it was told.

    Attributes:
        source: the gateway that tells of it.
        amount_minor: signed; below zero the gateway takes money back.
        amounts_told: every currency and amount that its facts have told; one, unless they contradict each other.
        arrival_on: the day the gateway promised, or the day it was made when none was told.
        automatic: false when the gateway cannot tell what it is made of.
        told: the fact types told about it, sorted.
        names: words by which a bank line may name it.
    """

    payout: str
    source: str
    currency: str
    amount_minor: int
    amounts_told: tuple[tuple[str, int], ...]
    arrival_on: date
    automatic: bool
    told: tuple[str, ...]
    names: tuple[str, ...]


class BankLine(msgspec.Struct, frozen=True):
    """A booked line of a bank statement.

    Attributes:
        line: its fact's key.
        amount_minor: credits above zero.
        gateway: the one that it says it comes from, empty for any other line.
        names: words in it that may name a payout.
    """

    line: str
    account: str
    statement: str
    currency: str
    amount_minor: int
    value_on: date
    gateway: str
    names: tuple[str, ...]


class Match(msgspec.Struct, frozen=True):
    """What was found for a line: the payout, or that several could be meant.

    Attributes:
        payout: empty when ambiguous.
        by: ``name``, ``amount`` or ``ambiguous``.
    """

    payout: str
    by: str


def words_of(*texts: str) -> tuple[str, ...]:
    """The words in bank texts that may name a payout: ids and traces, upper case because banks change the case."""
    words = {word for text in texts for word in _WORD.findall(text.upper())}
    return tuple(sorted(word for word in words if _is_name(word)))


def gateway_named(*texts: str) -> str:
    """The gateway that a line says it comes from, or empty; the posting rules ask for the same words."""
    upper = [text.upper() for text in texts]
    return next((name for name, words in _GATEWAYS if any(word in text for word in words for text in upper)), "")


def _is_name(word: str) -> bool:
    if len(word) > _NAME_CHARS_MAX:
        return False
    return word.startswith("PO_") or (len(word) >= _NAME_CHARS_MIN and any(sign.isdigit() for sign in word))


def match(payouts: Iterable[Payout], lines: Iterable[BankLine]) -> dict[str, Match]:
    """The match of every line that has one, by line.

    The payouts and lines must be complete where it matters: all that share a name or a currency and amount.
    """
    payouts = sorted(payouts, key=lambda payout: payout.payout)
    lines = sorted(lines, key=lambda line: (line.value_on, line.line))
    named: dict[str, list[str]] = {}
    for payout in payouts:
        for name in payout.names:
            named.setdefault(name, []).append(payout.payout)
    found: dict[str, Match] = {}
    taken: set[str] = set()
    for line in lines:
        meant = sorted({payout for name in line.names for payout in named.get(name, ())})
        if meant:
            found[line.line] = Match(meant[0], "name")
            taken.update(meant)
    free = [payout for payout in payouts if payout.payout not in taken and _may_arrive(payout)]
    return found | _match_by_amount(free, [line for line in lines if line.line not in found and line.gateway])


def _match_by_amount(payouts: Sequence[Payout], lines: Sequence[BankLine]) -> dict[str, Match]:
    """Rounds of certainty: a line that can only be one payout takes it, which may make another line certain."""
    candidates = {line.line: {payout.payout for payout in payouts if _fits(payout, line)} for line in lines}
    found: dict[str, Match] = {}
    while True:
        certain: dict[str, list[str]] = {}
        for line, possible in candidates.items():
            if len(possible) == 1:
                certain.setdefault(next(iter(possible)), []).append(line)
        settled = {payout: wanting[0] for payout, wanting in certain.items() if len(wanting) == 1}
        if not settled:
            break
        for payout, line in settled.items():
            found[line] = Match(payout, "amount")
            del candidates[line]
        for possible in candidates.values():
            possible.difference_update(settled)
    return found | {line: Match("", "ambiguous") for line, possible in candidates.items() if possible}


def _fits(payout: Payout, line: BankLine) -> bool:
    return (
        payout.source == line.gateway
        and payout.currency == line.currency
        and payout.amount_minor == line.amount_minor
        and 0 <= (line.value_on - payout.arrival_on).days <= DAYS_AFTER_ARRIVAL_MAX
    )


def _may_arrive(payout: Payout) -> bool:
    return "payout.failed" not in payout.told and "payout.canceled" not in payout.told
