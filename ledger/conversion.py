"""The amount before a conversion, which one fact knows and another needs."""

import msgspec

from ledger.facts import Fact
from ledger.money import Money


def with_source(fact: Fact, needed: Fact) -> Fact:
    """The fact with ``amounts.source`` filled from the fact it needed, in the direction of its own gross."""
    gross = fact.amounts.get("gross")
    theirs = needed.amounts.get("gross")
    if gross is None or theirs is None or "source" in fact.amounts or gross.currency == theirs.currency:
        return fact
    sign = -1 if gross.minor < 0 else 1
    return msgspec.structs.replace(
        fact, amounts={**fact.amounts, "source": Money.of(sign * abs(theirs.minor), theirs.currency)}
    )
