"""Wrong changes to holds of facts and to the sums that answer for the past."""

from typing import Final

from tests.mutants.mutant import Mutant

HOLD_MUTANTS: Final = (
    Mutant(
        "end-of-a-hold-forgotten",
        "3: a hold of facts ends once",
        "ledger/fact_hold_decisions.py",
        "        return (digest,)",
        "        return ()",
    ),
    Mutant(
        "end-of-a-hold-not-asked-for",
        "3: what a store knows of an end is asked",
        "ledger/fact_hold_decisions.py",
        "late=digest in decided.known or digest in decided.told",
        "late=digest in decided.known",
    ),
    Mutant(
        "last-authorization-counts",
        "holds: the largest authorization counts in whatever order",
        "ledger/fact_holds.py",
        "authorized = max(before.authorized, step.lines, key=_size)",
        "authorized = step.lines",
    ),
    Mutant(
        "last-capture-counts",
        "holds: captures that keep the rest add up",
        "ledger/fact_holds.py",
        "_added(before.captured, posted)",
        "_added((), posted)",
    ),
    Mutant(
        "capture-of-the-whole-flagged",
        "holds: only more than was held exceeds it",
        "ledger/fact_holds.py",
        "minor > authorized.get(currency, 0)",
        "minor >= authorized.get(currency, 0)",
    ),
    Mutant(
        "accounts-at-the-gateway-mixed-up",
        "holds: a hold is named by source, account and link",
        "ledger/fact_holds.py",
        "encode((source, account, name))",
        "encode((source, name))",
    ),
    Mutant(
        "captured-hold-counted-against-the-limit",
        "limits: a capture within its hold breaks none",
        "ledger/fact_hold_decisions.py",
        "    move(book.held, before, -1, _FORWARD)\n",
        "    move(book.held, before, 0, _FORWARD)\n",
    ),
    Mutant(
        "snapshot-forgets-fact-holds",
        "6: a book out of a snapshot decides as the one that was kept",
        "ledger/snapshot.py",
        "book.fact_holds = dict(self.fact_holds)",
        "book.fact_holds = {}",
    ),
    Mutant(
        "late-step-counted-in-hindsight",
        "holds: what comes after the end changes nothing",
        "ledger/hindsight.py",
        "    if step.late:\n        return\n",
        "",
    ),
    Mutant(
        "segment-that-is-not-whole",
        "the past: only whole segments are kept",
        "ledger/day_sums.py",
        "segments = upto // SEGMENT_POSITIONS",
        "segments = -(-upto // SEGMENT_POSITIONS)",
    ),
    Mutant(
        "segments-folded-again",
        "the past: an event counts once",
        "ledger/day_sums.py",
        "after=segments * SEGMENT_POSITIONS",
        "after=max(segments - 1, 0) * SEGMENT_POSITIONS",
    ),
    Mutant(
        "undurable-events-counted-twice",
        "the past: what the store has is passed over",
        "ledger/past.py",
        "if head < recorded.position <= upto",
        "if recorded.position <= upto",
    ),
)
