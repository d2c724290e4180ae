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
from projections.appended import Appended, Row
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
        """Add the batch's postings, all in one statement, so that the trigger sees whole entries."""
        _POSTING.write(cursor, postings(events), lambda: joined_postings(events))


def postings(events: Iterable[Recorded]) -> Iterator[Row]:
    """One row of ``posting``, in texts, for each line of each entry, lines counted from 1."""
    for recorded in events:
        if recorded.type != "EntryPosted":
            continue
        entry = decode_body(_decoder, recorded.body)
        fact = entry.fact
        told = (
            fact.effective_at,
            effective_day(fact.effective_at, recorded.recorded_at_us),
            f"{recorded.recorded_at_us}",
            fact.type,
            fact.key,
            fact.source,
            fact.account,
            entry.rule,
        )
        position = f"{recorded.position}"
        for line, posted in enumerate(entry.lines, start=1):
            yield (recorded.book, position, f"{line}", *posted, *told)


def joined_postings(events: Iterable[Recorded]) -> list[str]:
    """As `postings`, the fields of a row joined by tabs: what an entry's lines share is written once."""
    joined = []
    told: tuple[str, int] = ("", -1)
    when = ""
    for recorded in events:
        if recorded.type != "EntryPosted":
            continue
        entry = decode_body(_decoder, recorded.body)
        fact = entry.fact
        if told != (fact.effective_at, recorded.recorded_at_us):  # neighbours often share both
            told = (fact.effective_at, recorded.recorded_at_us)
            when = f"{fact.effective_at}\t{effective_day(*told)}\t{recorded.recorded_at_us}"
        head = f"{recorded.book}\t{recorded.position}"
        tail = f"{when}\t{fact.type}\t{fact.key}\t{fact.source}\t{fact.account}\t{entry.rule}"
        for line, (account, side, amount, currency) in enumerate(entry.lines, start=1):
            joined.append(f"{head}\t{line}\t{account}\t{side}\t{amount}\t{currency}\t{tail}")
    return joined


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


class _Fact(msgspec.Struct, gc=False):
    """The part of a fact that a statement shows."""

    type: str
    key: str
    source: str
    account: str
    effective_at: str


class _Entry(msgspec.Struct, gc=False):
    """The part of `EntryPosted` that a statement shows."""

    fact: _Fact
    rule: str
    lines: tuple[tuple[str, str, str, str], ...]


_decoder: Final = msgspec.json.Decoder(_Entry)

_POSTING: Final = Appended(
    "posting",
    {
        "book": "text",
        "position": "bigint",
        "line": "integer",
        "account": "text",
        "side": "text",
        "amount": "numeric",
        "currency": "text",
        "effective_at": "text",
        "effective_on": "date",
        "recorded_at_us": "bigint",
        "fact_type": "text",
        "fact_key": "text",
        "source": "text",
        "source_account": "text",
        "rule": "text",
    },
)
