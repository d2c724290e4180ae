"""What the store must be asked before facts can be decided: keys, references, and ends of holds."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ledger.decided import Known
from ledger.fact_holds import hold_digest
from ledger.facts import Fact, name_digest, reference_digest

if TYPE_CHECKING:
    from ledger.book import Book


def fact_questions(book: "Book", facts: Sequence[Fact]) -> list[bytes]:
    """The digests to ask for, each once.

    A parked fact that one of these releases brings references of its own, which may be known already.
    """
    asked: dict[bytes, None] = {}
    released: list[Known] = []
    for fact in facts:
        asked[name_digest(fact.key)] = None
        for name in fact.references:
            reference = reference_digest(name)
            asked[reference] = None
            released += book.parked.get(reference, ())
        if fact.needs:
            asked[reference_digest(fact.needs)] = None
    freed = 0
    while freed < len(released):
        for name in released[freed].fact.references:
            reference = reference_digest(name)
            if reference not in asked:
                asked[reference] = None
                released += book.parked.get(reference, ())
        freed += 1
    if book.rules is not None and book.rules.holding:
        asked.update(_ends_of_holds(book, (*facts, *(known.fact for known in released))))
    return list(asked)


def _ends_of_holds(book: "Book", facts: Iterable[Fact]) -> dict[bytes, None]:
    assert book.rules is not None
    found: dict[bytes, None] = {}
    for fact in facts:
        # Of every rule of its type: which one holds may hang on the amounts of a fact that it needs.
        for clause in book.rules.holding.get(fact.type, ()):
            if name := clause.name(fact):
                found[hold_digest(fact.source, fact.account, name)] = None
    return found
