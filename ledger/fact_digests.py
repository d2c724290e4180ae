"""The digests of a batch of facts: of their keys, of their references, and of whatever else decides them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.decided import Known
from ledger.facts import Fact, name_digest, reference_digest


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
    def of(cls, facts: Sequence[Fact], parked: Mapping[bytes, Sequence[Known]]) -> "FactDigests":
        """Of `facts`, in a book where `parked` wait for references.

        A parked fact that one of them releases brings references of its own, which may be known already.
        """
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
        while released:
            for name in released.pop().fact.references:
                reference = reference_digest(name)
                if reference not in asked:
                    asked[reference] = None
                    released += parked.get(reference, ())
        return cls(facts, keys, references, list(asked))

    def covers(self, facts: Sequence[Fact]) -> bool:
        """True when these are the digests of `facts`."""
        return self.facts is facts and len(self.keys) == len(facts)


NO_DIGESTS: Final = FactDigests((), (), {}, ())
