"""Reads and writes the rows of the reconciliation projection; every statement handles a whole batch."""

from collections.abc import Iterable
from typing import Any, Final, LiteralString

import msgspec
import psycopg

from projections.appended import Appended
from projections.columns import numbers, texts
from projections.payout_matching import BankLine, Payout
from projections.reconciliation_facts import Content, PayoutFact
from projections.reconciliation_item import Contents, Item, MissingPayment

Bucket = tuple[str, int]  # currency, amount in minor units
Rows = psycopg.Cursor[Any]

_MANY: Final = 500  # ids of told payments; fewer are kept in one statement
_TOLD_PAYMENT: Final = Appended("told_payment", {"book": "text", "reference": "text"})


def keep_payments(cursor: Rows, book: str, references: Iterable[str]) -> list[tuple[str, str]]:
    """Remember ids of told payments; gives (source, payout) of the content rows that come from those that are new."""
    told = sorted(references)
    asked = texts(told)
    if len(told) < _MANY:
        cursor.execute(_KEEP_PAYMENTS, {"book": book, "references": asked})
        return cursor.fetchall()
    # Two questions more, and rows that are appended cost the server a third of those that may be there already.
    cursor.execute("SELECT reference FROM told_payment WHERE book = %s AND reference = ANY(%s::text[])", (book, asked))
    known = {reference for (reference,) in cursor}
    new = [reference for reference in told if reference not in known] if known else told
    _TOLD_PAYMENT.write(cursor, [(book, reference) for reference in new])
    cursor.execute(
        "SELECT DISTINCT source, payout FROM content WHERE book = %s AND source = ANY(%s::text[]) AND payout <> ''",
        (book, texts(new)),
    )
    return cursor.fetchall()


def keep_contents(cursor: Rows, book: str, contents: Iterable[Content]) -> set[str]:
    """Add content rows; gives the keys of those that are new."""
    rows = sorted(contents, key=lambda content: content.key)
    cursor.execute(
        "INSERT INTO content (book, key, transaction, payout, category, source, net, currency)"
        " SELECT %s, key, transaction, payout, category, source, net, currency FROM unnest("
        "%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::text[])"
        " AS told (key, transaction, payout, category, source, net, currency)"
        " ON CONFLICT DO NOTHING RETURNING key",
        (
            book,
            texts([row.key for row in rows]),
            texts([row.transaction for row in rows]),
            texts([row.payout for row in rows]),
            texts([row.category for row in rows]),
            texts([row.source for row in rows]),
            numbers([row.net_minor for row in rows]),
            texts([row.currency for row in rows]),
        ),
    )
    return {key for (key,) in cursor}


def link_contents(cursor: Rows, book: str, payouts: dict[str, str]) -> set[str]:
    """Set the payout of content rows that had none, by key; gives the keys that changed."""
    keys = sorted(payouts)
    cursor.execute(
        "UPDATE content SET payout = told.payout FROM unnest(%s::text[], %s::text[]) AS told (key, payout)"
        " WHERE content.book = %s AND content.key = told.key AND content.payout = '' RETURNING content.key",
        (texts(keys), texts([payouts[key] for key in keys]), book),
    )
    return {key for (key,) in cursor}


def payout_facts(cursor: Rows, book: str, payouts: Iterable[str], keys: Iterable[str]) -> list[PayoutFact]:
    """All facts of these payouts, and of the payouts that one of the keys tells about."""
    cursor.execute(
        "SELECT key, payout, type, amount, currency, effective_at, effective_on, arrival_on, automatic, trace_ids"
        " FROM payout_fact WHERE book = %(book)s AND (payout = ANY(%(payouts)s::text[]) OR"
        " payout IN (SELECT payout FROM payout_fact WHERE book = %(book)s AND key = ANY(%(keys)s::text[])))",
        {"book": book, "payouts": texts(sorted(payouts)), "keys": texts(sorted(keys))},
    )
    facts = []
    for key, payout, type_name, amount, currency, effective_at, effective_on, arrival_on, automatic, traces in cursor:
        told_at = (effective_at, effective_on, arrival_on)
        facts.append(PayoutFact(key, payout, type_name, int(amount), currency, *told_at, automatic, set(traces)))
    return facts


def keep_payout_facts(cursor: Rows, book: str, facts: Iterable[PayoutFact]) -> None:
    """Write facts as they are now; they replace what stood under their keys."""
    cursor.executemany(
        "INSERT INTO payout_fact (book, key, payout, type, amount, currency, effective_at, effective_on, arrival_on,"
        " automatic, trace_ids) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (book, key) DO UPDATE SET arrival_on = excluded.arrival_on, automatic = excluded.automatic,"
        " trace_ids = excluded.trace_ids",
        [
            (
                *(book, fact.key, fact.payout, fact.type, fact.amount_minor, fact.currency, fact.effective_at),
                *(fact.effective_on, fact.arrival_on, fact.automatic, sorted(fact.trace_ids)),
            )
            for fact in facts
        ],
    )


def keep_payouts(cursor: Rows, book: str, payouts: Iterable[Payout]) -> None:
    """Write payouts as they are now."""
    cursor.executemany(
        "INSERT INTO payout (book, payout, source, currency, amount, amounts_told, arrival_on, automatic, told, names)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (book, payout) DO UPDATE SET source = excluded.source, currency = excluded.currency,"
        " amount = excluded.amount,"
        " amounts_told = excluded.amounts_told, arrival_on = excluded.arrival_on, automatic = excluded.automatic,"
        " told = excluded.told, names = excluded.names",
        [
            (
                *(book, payout.payout, payout.source, payout.currency, payout.amount_minor),
                [f"{currency} {amount_minor}" for currency, amount_minor in payout.amounts_told],
                *(payout.arrival_on, payout.automatic, list(payout.told), list(payout.names)),
            )
            for payout in payouts
        ],
    )


def keep_lines(cursor: Rows, book: str, lines: Iterable[BankLine]) -> None:
    """Add bank lines; one that stands there already stays as it is."""
    cursor.executemany(
        "INSERT INTO bank_line (book, line, account, statement, currency, amount, value_on, gateway, names)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            (
                *(book, line.line, line.account, line.statement, line.currency, line.amount_minor, line.value_on),
                *(line.gateway, list(line.names)),
            )
            for line in lines
        ],
    )


def payouts_where(
    cursor: Rows, book: str, *, ids: Iterable[str] = (), names: Iterable[str] = (), buckets: Iterable[Bucket] = ()
) -> list[Payout]:
    """Payouts with one of the ids, names or (currency, amount) given."""
    cursor.execute(_PAYOUTS, _criteria(book, ids, names, buckets))
    return [
        Payout(
            payout, source, currency, int(amount), _amounts(amounts), arrival_on, automatic, tuple(told), tuple(found)
        )
        for payout, source, currency, amount, amounts, arrival_on, automatic, told, found in cursor
    ]


def lines_where(
    cursor: Rows, book: str, *, ids: Iterable[str] = (), names: Iterable[str] = (), buckets: Iterable[Bucket] = ()
) -> list[BankLine]:
    """Bank lines with one of the keys or names given, or that name a gateway and have the (currency, amount)."""
    cursor.execute(_LINES, _criteria(book, ids, names, buckets))
    return [
        BankLine(line, account, statement, currency, int(amount), value_on, gateway, tuple(found))
        for line, account, statement, currency, amount, value_on, gateway, found in cursor
    ]


def contents_of(cursor: Rows, book: str, payouts: Iterable[str]) -> dict[str, Contents]:
    """Sums and missing payments of these payouts' contents; a payout without contents is not among them."""
    asked = texts(sorted(payouts))
    cursor.execute(_SUMS, (book, asked))
    rows: dict[str, int] = {}
    net_minor: dict[str, dict[str, int]] = {}
    for payout, currency, count, net in cursor:
        rows[payout] = rows.get(payout, 0) + count
        sums = net_minor.setdefault(payout, {})
        if int(net):
            sums[currency] = int(net)
    cursor.execute(_MISSING, (book, asked))
    missing: dict[str, list[MissingPayment]] = {}
    for payout, *row in cursor:
        missing.setdefault(payout, []).append(MissingPayment(*row))
    return {
        payout: Contents(count, net_minor[payout], tuple(missing.get(payout, ()))) for payout, count in rows.items()
    }


def keep_items(cursor: Rows, book: str, items: Iterable[tuple[Item, int]]) -> None:
    """Write items with the position of the last event that touched them."""
    cursor.executemany(
        "INSERT INTO item (book, kind, item, payout, state, reasons, currency, amount, evidence, position)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s)"
        " ON CONFLICT (book, kind, item) DO UPDATE SET payout = excluded.payout, state = excluded.state,"
        " reasons = excluded.reasons, currency = excluded.currency, amount = excluded.amount,"
        " evidence = excluded.evidence, position = excluded.position",
        [
            (
                *(
                    book,
                    item.kind,
                    item.item,
                    item.payout,
                    item.state,
                    list(item.reasons),
                    item.currency,
                    item.amount_minor,
                ),
                *(msgspec.json.encode(item.evidence, order="sorted").decode(), position),
            )
            for item, position in items
        ],
    )


def _criteria(book: str, ids: Iterable[str], names: Iterable[str], buckets: Iterable[Bucket]) -> dict[str, Any]:
    pairs = sorted(buckets)
    return {
        "book": book,
        "ids": texts(sorted(ids)),
        "names": texts(sorted(names)),
        "currencies": texts([currency for currency, _ in pairs]),
        "amounts": numbers([amount_minor for _, amount_minor in pairs]),
    }


def _amounts(texts: Iterable[str]) -> tuple[Bucket, ...]:
    """Amounts told, kept as ``USD 1250``."""
    parts = [text.rpartition(" ") for text in texts]
    return tuple((currency, int(amount)) for currency, _, amount in parts)


# OFFSET 0 holds the planner to one look into the index for each new id, however large `content` is.
_KEEP_PAYMENTS: Final[LiteralString] = """
WITH new AS (
    INSERT INTO told_payment (book, reference) SELECT %(book)s, unnest(%(references)s::text[])
    ON CONFLICT DO NOTHING RETURNING reference
)
SELECT DISTINCT reference, payout FROM new CROSS JOIN LATERAL (
    SELECT payout FROM content WHERE book = %(book)s AND source = reference AND payout <> '' OFFSET 0
) AS waiting
"""

# Three index scans, one for each way to be meant.
_PAYOUTS: Final[LiteralString] = """
SELECT payout, source, currency, amount, amounts_told, arrival_on, automatic, told, names FROM payout
WHERE book = %(book)s AND payout = ANY(%(ids)s::text[])
UNION
SELECT payout, source, currency, amount, amounts_told, arrival_on, automatic, told, names FROM payout
WHERE book = %(book)s AND names && %(names)s::text[]
UNION
SELECT payout, source, currency, amount, amounts_told, arrival_on, automatic, told, names FROM payout
WHERE book = %(book)s AND (currency, amount) IN (
    SELECT currency, amount FROM unnest(%(currencies)s::text[], %(amounts)s::numeric[]) AS b (currency, amount)
)
"""

_LINES: Final[LiteralString] = """
SELECT line, account, statement, currency, amount, value_on, gateway, names FROM bank_line
WHERE book = %(book)s AND line = ANY(%(ids)s::text[])
UNION
SELECT line, account, statement, currency, amount, value_on, gateway, names FROM bank_line
WHERE book = %(book)s AND names && %(names)s::text[]
UNION
SELECT line, account, statement, currency, amount, value_on, gateway, names FROM bank_line
WHERE book = %(book)s AND gateway <> '' AND (currency, amount) IN (
    SELECT currency, amount FROM unnest(%(currencies)s::text[], %(amounts)s::numeric[]) AS b (currency, amount)
)
"""

# The payout's own row takes away what the others add up to.
_SUMS: Final = """
SELECT payout, currency, count(*), sum(net)
FROM content
WHERE book = %s AND payout = ANY(%s::text[]) AND payout <> '' AND NOT (category = 'payout' AND source IN ('', payout))
GROUP BY payout, currency
ORDER BY payout, currency
"""

_MISSING: Final = """
SELECT payout, transaction, source, net::text, currency
FROM content
WHERE book = %s AND payout = ANY(%s::text[]) AND payout <> '' AND category IN ('charge', 'payment')
  AND NOT EXISTS (
    SELECT FROM told_payment WHERE told_payment.book = content.book AND told_payment.reference = content.source
  )
ORDER BY payout, transaction, key
"""
