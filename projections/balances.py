"""Balances: posted debits and credits per account and currency.

The hottest fold: only `EntryPosted` carries lines, so every other event is skipped by its type, and of an entry only
the lines are decoded. A batch is summed in memory and written by one statement.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, LiteralString

import msgspec
import psycopg

from ledger.events import Recorded
from projections.columns import numbers, texts
from projections.tables import tables_of

# account, currency -> debits, credits, entries, position of the last entry
Sums = dict[tuple[str, str], list[int]]


class Balances:
    """The projection `balances`."""

    name: LiteralString = "balances"

    def tables_sql(self) -> LiteralString:
        """DDL of ``balance``."""
        return tables_of(self.name)

    def apply(self, cursor: psycopg.Cursor[Any], book: str, events: Sequence[Recorded]) -> None:
        """Add the batch's sums to the rows they belong to."""
        sums = fold(events)
        if not sums:
            return
        keys = sorted(sums)
        cursor.execute(
            _ADD,
            {
                "book": book,
                "accounts": texts([account for account, _ in keys]),
                "currencies": texts([currency for _, currency in keys]),
                "debits": numbers([sums[key][0] for key in keys]),
                "credits": numbers([sums[key][1] for key in keys]),
                "entries": numbers([sums[key][2] for key in keys]),
                "positions": numbers([sums[key][3] for key in keys]),
            },
        )


def fold(events: Iterable[Recorded]) -> Sums:
    """What the entries among `events` add: debits and credits in minor units, entries that touch the account."""
    sums: Sums = {}
    decode = _decoder.decode
    for recorded in events:
        if recorded.type != "EntryPosted":
            continue
        position = recorded.position
        for account, side, amount, currency in decode(recorded.body).lines:
            row = sums.get((account, currency))
            if row is None:
                row = sums[account, currency] = [0, 0, 0, 0]
            row[0 if side == "debit" else 1] += int(amount)
            if row[3] != position:  # the entry's first line on this account and currency
                row[2] += 1
                row[3] = position
    return sums


class _Lines(msgspec.Struct, gc=False):
    """The part of `EntryPosted` that moves money; everything else is skipped undecoded."""

    lines: tuple[tuple[str, str, str, str], ...]


_decoder: Final = msgspec.json.Decoder(_Lines)

_ADD: Final = """
INSERT INTO balance (book, account, currency, debits, credits, entries, position)
SELECT %(book)s, account, currency, debits, credits, entries, position
FROM unnest(
    %(accounts)s::text[], %(currencies)s::text[], %(debits)s::numeric[], %(credits)s::numeric[],
    %(entries)s::bigint[], %(positions)s::bigint[]
) AS added (account, currency, debits, credits, entries, position)
ON CONFLICT (book, account, currency) DO UPDATE SET
    debits = balance.debits + excluded.debits,
    credits = balance.credits + excluded.credits,
    entries = balance.entries + excluded.entries,
    position = excluded.position
"""
