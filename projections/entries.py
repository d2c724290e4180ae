"""Entries: the postings of every entry, one row a line, as account statements show them.

Law 1 is asserted here a second time, by the table itself: a trigger refuses a statement whose entries do not sum to
zero per currency. The book asserts it before the append; this one catches what went wrong after.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final, LiteralString

import msgspec
import psycopg

from ledger.events import Recorded
from projections.bodies import decode_body
from projections.tables import tables_of

US_PER_DAY: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()


class Entries:
    """The projection `entries`."""

    name: LiteralString = "entries"

    def tables_sql(self) -> LiteralString:
        """DDL of ``posting`` with the trigger that keeps law 1."""
        return tables_of(self.name)

    def apply(self, cursor: psycopg.Cursor[Any], book: str, events: Sequence[Recorded]) -> None:
        """Copy the batch's postings, all in one statement, so that the trigger sees whole entries."""
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in postings(events):
                copy.write_row(row)


def postings(events: Iterable[Recorded]) -> Iterator[tuple[Any, ...]]:
    """One row of ``posting`` for each line of each entry, lines counted from 1."""
    for recorded in events:
        if recorded.type != "EntryPosted":
            continue
        entry = decode_body(_decoder, recorded.body)
        fact = entry.fact
        told = (
            fact.effective_at,
            effective_day(fact.effective_at, recorded.recorded_at_us),
            recorded.recorded_at_us,
            fact.type,
            fact.key,
            fact.source,
            fact.account,
            entry.rule,
        )
        for line, (account, side, amount, currency) in enumerate(entry.lines, start=1):
            yield (recorded.book, recorded.position, line, account, side, amount, currency, *told)


def effective_day(effective_at: str, recorded_at_us: int) -> str:
    """The day on which a fact counts, ISO 8601: that of `effective_at`, or of the recording when that is no date.

    Outside input is not refused for an odd date (law 6); the text itself is kept beside it.
    """
    return _day(effective_at[:10]) or date.fromordinal(_EPOCH + recorded_at_us // US_PER_DAY).isoformat()


@lru_cache(maxsize=4096)
def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


class _Fact(msgspec.Struct):
    """The part of a fact that a statement shows."""

    type: str
    key: str
    source: str
    account: str
    effective_at: str


class _Entry(msgspec.Struct):
    """The part of `EntryPosted` that a statement shows."""

    fact: _Fact
    rule: str
    lines: tuple[tuple[str, str, str, str], ...]


_decoder: Final = msgspec.json.Decoder(_Entry)

_COPY: Final = """
COPY posting (
    book, position, line, account, side, amount, currency,
    effective_at, effective_on, recorded_at_us, fact_type, fact_key, source, source_account, rule
) FROM STDIN
"""
_TYPES: Final = ["text", "int8", "int4", *["text"] * 6, "int8", *["text"] * 5]
