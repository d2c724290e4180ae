"""Canonical facts: for anyone who already speaks our words; one JSON fact a record."""

from typing import Final

from connectors.connector import Connector, Telling
from connectors.errors import TranslationError
from ledger.facts import Fact, decode_fact

# Whoever reads the journal holds thousands of facts at a time, and each fits into a record of the journal topic. The
# largest fact of a gateway, with all the metadata that it allows, is smaller.
FACT_BYTES_MAX: Final = 128 * 1024


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """The one fact in `raw`, as `ledger.facts` defines it; raises `TranslationError`."""
    if len(raw) > FACT_BYTES_MAX:
        raise TranslationError("fact_too_large", f"the fact has {len(raw)} bytes, at most {FACT_BYTES_MAX}")
    try:
        fact = decode_fact(raw)
    except (ValueError, RecursionError) as error:  # FactError and MoneyError are ValueErrors
        raise TranslationError("fact_malformed", str(error)) from error
    # Only an escape can bring a NUL into a JSON text, so most facts need no closer look.
    if b"\\u0000" in raw and any("\0" in text for text in _texts(fact)):
        raise TranslationError("fact_malformed", "a fact may not contain NUL: PostgreSQL's JSON cannot hold it")
    return [fact]


CANONICAL_FACTS: Final = Connector(
    source="facts",
    translate=translate,
    plain_fields=frozenset({"key", "account", "needs", "references", "delivery", "links.*", "amounts.*"}),
)


def _texts(fact: Fact) -> list[str]:
    texts = [fact.type, fact.key, fact.source, fact.account, fact.effective_at, fact.needs, fact.status, fact.delivery]
    texts += fact.references
    for named in (fact.links, fact.attributes, fact.metadata):
        texts += named.keys()
        texts += named.values()
    return [*texts, *fact.amounts.keys()]
