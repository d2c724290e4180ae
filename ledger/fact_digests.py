"""The digests of a batch of facts: of their keys, of their references, and of whatever else decides them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.decided import Known
from ledger.fact_holds import hold_digest
from ledger.facts import Fact, name_digest, reference_digest

if TYPE_CHECKING:
    from ledger.book import Book


@dataclass(frozen=True, slots=True)
class FactDigests:
    """Computed once, to ask the store and then to decide.

    Attributes:
        facts: whose they are.
        keys: of their keys, in order.
        references: name -> digest of every reference of theirs.
        asked: everything that the store must be asked about, each once.
    """

    facts: Sequence[Fact]
    keys: Sequence[bytes]
    references: Mapping[str, bytes]
    asked: Sequence[bytes]

    @classmethod
    def of(cls, facts: Sequence[Fact], book: "Book") -> "FactDigests":
        """Of `facts`, which `book` will decide.

        A parked fact that one of them releases brings references of its own, which may be known already.
        """
        parked = book.parked
        keys = [name_digest(fact.key) for fact in facts]
        asked = dict.fromkeys(keys)
        references: dict[str, bytes] = {}
        released: list[Known] = []
        for fact in facts:
            for name in fact.references:
                references[name] = reference = reference_digest(name)
                asked[reference] = None
                released += parked.get(reference, ())
            if fact.needs:
                asked[reference_digest(fact.needs)] = None
        freed = 0
        while freed < len(released):
            for name in released[freed].fact.references:
                reference = reference_digest(name)
                if reference not in asked:
                    asked[reference] = None
                    released += parked.get(reference, ())
            freed += 1
        if book.rules is not None and book.rules.holding:
            asked.update(dict.fromkeys(_ends_of_holds(book, (*facts, *(known.fact for known in released)))))
        return cls(facts, keys, references, list(asked))

    def covers(self, facts: Sequence[Fact]) -> bool:
        """True when these are the digests of `facts`."""
        return self.facts is facts and len(self.keys) == len(facts)


def _ends_of_holds(book: "Book", facts: Iterable[Fact]) -> Iterator[bytes]:
    assert book.rules is not None
    for fact in facts:
        # Of every rule of its type: which one holds may hang on the amounts of a fact that it needs.
        for clause in book.rules.holding.get(fact.type, ()):
            if name := clause.name(fact):
                yield hold_digest(fact.source, fact.account, name)


NO_DIGESTS: Final = FactDigests((), (), {}, ())
