"""Judges a payout against the bank and against its contents: matched, expected, or broken with reasons.

A function of what is known; nothing is called late here, because nothing here knows the time (law 5).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from projections.payout_matching import BankLine, Match, Payout

AMOUNT_DIFFERS: Final = "amount_differs"
PAYMENT_MISSING: Final = "payment_missing"
CONTENTS_DIFFER: Final = "contents_differ"
PAYOUT_UNKNOWN: Final = "payout_unknown"
PAYOUT_AMBIGUOUS: Final = "payout_ambiguous"
PAYOUT_FAILED: Final = "payout_failed"

REASONS: Final = (
    AMOUNT_DIFFERS,
    PAYMENT_MISSING,
    CONTENTS_DIFFER,
    PAYOUT_UNKNOWN,
    PAYOUT_AMBIGUOUS,
    PAYOUT_FAILED,
)

# More than these are counted and not listed: an item has to fit into a record of its topic.
MISSING_LISTED_MAX: Final = 100
LINES_LISTED_MAX: Final = 100


class MissingPayment(msgspec.Struct, frozen=True):
    """A content row whose payment was never told; net in minor units, as text."""

    transaction: str
    source: str
    net: str
    currency: str


class Contents(msgspec.Struct, frozen=True):
    """The movements told for one payout, without the row of the payout itself.

    Attributes:
        rows: how many.
        net_minor: their sum by currency.
        missing: payments among them that were never told, by transaction.
    """

    rows: int = 0
    net_minor: dict[str, int] = {}
    missing: tuple[MissingPayment, ...] = ()


class Item(msgspec.Struct, frozen=True):
    """One reconciliation item; evidence is what a person needs to see why."""

    kind: str
    item: str
    payout: str
    state: str
    reasons: tuple[str, ...]
    currency: str
    amount_minor: int
    evidence: dict[str, Any]


def payout_item(payout: Payout, lines: Sequence[tuple[BankLine, Match]], contents: Contents) -> Item:
    """The item of a payout that was told, with the bank lines that pay it and what it is made of."""
    failed = "payout.failed" in payout.told
    canceled = "payout.canceled" in payout.told
    arrived_minor = _sums((line.currency, line.amount_minor) for line, _ in lines)
    due = {payout.currency: payout.amount_minor} if payout.amount_minor else {}
    # What failed may have arrived and gone back; what was canceled never left.
    fine = ({},) if canceled else (due, {}) if failed else (due,)
    reasons = []
    if lines and arrived_minor not in fine:
        reasons.append(AMOUNT_DIFFERS)
    if contents.missing:
        reasons.append(PAYMENT_MISSING)
    if contents.rows and contents.net_minor != due:
        reasons.append(CONTENTS_DIFFER)
    if failed:
        reasons.append(PAYOUT_FAILED)
    waiting_for = []
    if not failed and not canceled:
        if "payout.paid" not in payout.told:
            waiting_for.append("payout_paid")
        if not lines:
            waiting_for.append("bank_line")
        if not contents.rows and payout.automatic:
            waiting_for.append("contents")
    return Item(
        kind="payout",
        item=payout.payout,
        payout=payout.payout,
        state="broken" if reasons else "expected" if waiting_for else "matched",
        reasons=tuple(reasons),
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        evidence={
            "arrival_on": payout.arrival_on.isoformat(),
            "told": list(payout.told),
            "waiting_for": waiting_for,
            "bank_lines": [_line_evidence(line) | {"matched_by": how.by} for line, how in lines[:LINES_LISTED_MAX]],
            **({"bank_lines_told": len(lines)} if len(lines) > LINES_LISTED_MAX else {}),
            "bank_difference": _text(_difference(arrived_minor, due)) if lines else {},
            "contents": {
                "rows": contents.rows,
                "net": _text(contents.net_minor),
                "difference": _text(_difference(contents.net_minor, due)) if contents.rows else {},
                "missing_payments": len(contents.missing),
                "missing": [msgspec.to_builtins(row) for row in contents.missing[:MISSING_LISTED_MAX]],
            },
        },
    )


def line_item(line: BankLine, found: Match | None) -> Item:
    """The item of a bank line that names the gateway: absorbed by its payout's item, or broken."""
    reason = PAYOUT_AMBIGUOUS if found is not None and found.by == "ambiguous" else PAYOUT_UNKNOWN
    payout = found.payout if found is not None else ""
    return Item(
        kind="bank_line",
        item=line.line,
        payout=payout,
        state="absorbed" if payout else "broken",
        reasons=() if payout else (reason,),
        currency=line.currency,
        amount_minor=line.amount_minor,
        evidence={"bank_lines": [_line_evidence(line)], "names": list(line.names)},
    )


def _line_evidence(line: BankLine) -> dict[str, str]:
    return {
        "line": line.line,
        "account": line.account,
        "statement": line.statement,
        "amount": str(line.amount_minor),
        "currency": line.currency,
        "value_on": line.value_on.isoformat(),
    }


def _sums(amounts: Any) -> dict[str, int]:
    sums: dict[str, int] = {}
    for currency, amount_minor in amounts:
        sums[currency] = sums.get(currency, 0) + amount_minor
    return {currency: amount_minor for currency, amount_minor in sums.items() if amount_minor}


def _difference(found: dict[str, int], due: dict[str, int]) -> dict[str, int]:
    """Found less due, where they differ."""
    off = {currency: found.get(currency, 0) - due.get(currency, 0) for currency in found.keys() | due.keys()}
    return {currency: amount_minor for currency, amount_minor in off.items() if amount_minor}


def _text(amounts: dict[str, int]) -> dict[str, str]:
    return {currency: str(amount_minor) for currency, amount_minor in sorted(amounts.items())}
