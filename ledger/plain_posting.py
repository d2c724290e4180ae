"""The plain way: a run of new facts that nothing unusual happens to, posted one after the other.

Nearly every fact is told for the first time, waits for nothing, and makes an entry of whole lines on open, unrestricted
accounts at an open date. For those this loop records the event that the book's longer way would have recorded, to the
byte and with less work (tests/unit/ledger/test_plain_posting.py holds the two against each other). It stops in
front of the first fact that is anything else.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ledger.decided import Decided, Known
from ledger.events import Recorded
from ledger.fact_digests import FactDigests
from ledger.facts import encode_fact

if TYPE_CHECKING:
    from ledger.book import Book


def post_plain_run(
    book: "Book",
    digests: FactDigests,
    start: int,
    known: Mapping[bytes, Known],
    now_us: int,
    decided: Decided,
) -> int:
    """Post facts from index `start` on; returns the index of the first one that is not plain, or their number.

    Args:
        digests: the facts, and the digests of their keys and references.
        known: what the store knows of them.
        now_us: recorded time, not before the book's last.
    """
    facts, keys, references = digests.facts, digests.keys, digests.references
    rules = book.rules
    assert rules is not None
    plain_of = rules.plain
    accounts, watched, balances = book.accounts, book.watched, book.balances
    parked = book.parked
    closed_through = book.closings[-1].through if book.closings else ""
    new = decided.known
    record, remember, count = decided.events.append, decided.keys.append, decided.heads.append
    name, position = book.id, book.version
    index = start
    for index in range(start, len(facts)):
        fact = facts[index]
        digest = keys[index]
        if digest in new or digest in known or fact.needs:
            break
        if parked and any(references[name] in parked for name in fact.references):
            break
        plain = plain_of(fact)
        if plain is None or (closed_through and fact.effective_at[:10] <= closed_through):
            break
        moves, currency, tail = plain
        for account, _ in moves:
            if account not in accounts or account in watched:
                break
        else:
            position += 1
            body = b'{"fact":' + encode_fact(fact) + tail.encode()
            record(Recorded(name, position, "EntryPosted", now_us, body))
            remember((digest, position))
            new[digest] = mine = Known(position, fact)
            for told in fact.references:
                reference = references[told]
                if reference not in new and reference not in known:
                    new[reference] = mine
                    decided.references.append((reference, position))
            count(position)
            for account, amount_minor in moves:
                key = (account, currency)
                if key in balances:
                    sums = balances[key]
                else:
                    sums = balances[key] = [0, 0]
                if amount_minor > 0:
                    sums[0] += amount_minor
                else:
                    sums[1] -= amount_minor
            continue
        break
    else:
        index = len(facts)
    if position > book.version:
        book.version = position
        book.recorded_at_us = now_us
    return index
