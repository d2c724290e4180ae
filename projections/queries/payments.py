"""One payment with its timeline, payments by status, payments by a provider's id."""

from typing import Any, Final, LiteralString

import msgspec
import psycopg

from projections.answers import Payment, PaymentDetail, TimelineEntry
from projections.queries.snapshot import read, statement

POSITION_MAX: Final = 2**63 - 1


async def payment(
    connection: psycopg.AsyncConnection[Any], book: str, payment: str
) -> tuple[PaymentDetail | None, int]:
    """One payment, or None when nothing was ever told about it."""
    rows, position = await read(connection, _ONE, {"book": book, "payment": payment})
    if not rows:
        return None, position
    *row, timeline, references = rows[0]
    return PaymentDetail(payment_of(tuple(row)), _timeline_decoder.decode(timeline), references), position


async def payments_by_reference(
    connection: psycopg.AsyncConnection[Any], book: str, reference: str
) -> tuple[list[Payment], int]:
    """The payments that a provider's id leads to: of the payment itself, its charge, refund or dispute."""
    rows, position = await read(connection, _BY_REFERENCE, {"book": book, "reference": reference})
    return [payment_of(row) for row in rows], position


async def payments(
    connection: psycopg.AsyncConnection[Any],
    book: str,
    *,
    status: str = "",
    cursor: tuple[int, str] | None = None,
    limit: int = 100,
) -> tuple[list[Payment], int]:
    """Payments, the one changed last first; `cursor` is (position, payment) of the last row of the page before."""
    before, name = cursor if cursor is not None else (POSITION_MAX, "")
    parameters = {"book": book, "status": status, "before": before, "name": name, "limit": limit}
    rows, position = await read(connection, _BY_STATUS if status else _ALL, parameters)
    return [payment_of(row) for row in rows], position


async def payment_counts(connection: psycopg.AsyncConnection[Any], book: str) -> tuple[dict[str, int], int]:
    """How many payments are in each status."""
    rows, position = await read(connection, _COUNTS, {"book": book})
    return dict(rows), position


def payment_of(row: tuple[Any, ...]) -> Payment:
    """A row of the columns of `SELECT_PAYMENTS`."""
    payment, source, account, status, currency, amount, refunded, *told = row
    return Payment(payment, source, account, status, currency, int(amount), int(refunded), *told)


# Amounts as texts: each would become a Decimal first, at four times the cost, and an int after that.
SELECT_PAYMENTS: Final[LiteralString] = (
    "SELECT p.payment, p.source, p.account, p.status, p.currency, p.amount::text, p.refunded::text,"
    " p.effective_at, p.sightings,"
    " p.position FROM payments.payment AS p WHERE p.book = %(book)s"
)
_PAGE: Final = (
    " AND (p.position, p.payment) < (%(before)s, %(name)s) ORDER BY p.position DESC, p.payment DESC LIMIT %(limit)s"
)
_ALL: Final = statement("payments", SELECT_PAYMENTS, _PAGE)
_BY_STATUS: Final = statement("payments", SELECT_PAYMENTS, " AND p.status = %(status)s", _PAGE)
_BY_REFERENCE: Final = statement(
    "payments",
    SELECT_PAYMENTS,
    " AND p.payment IN (SELECT %(reference)s::text UNION SELECT r.payment FROM payments.reference AS r"
    " WHERE r.book = %(book)s AND r.reference = %(reference)s) ORDER BY p.payment",
)
_COUNTS: Final = statement(
    "payments", "SELECT status, count(*) FROM payments.payment WHERE book = %(book)s GROUP BY status ORDER BY status"
)
_ONE: Final = statement(
    "payments",
    "SELECT p.*, timeline.entries, ids.found FROM (",
    SELECT_PAYMENTS,
    " AND p.payment = %(payment)s) AS p"
    " CROSS JOIN LATERAL (SELECT json_agg(json_build_object('position', t.position, 'kind', t.kind, 'type', t.type,"
    " 'key', t.key, 'effective_at', t.effective_at, 'recorded_at_us', t.recorded_at_us,"
    " 'amount', coalesce(t.amount::text, ''), 'currency', t.currency, 'status', t.status, 'delivery', t.delivery,"
    " 'object', t.object) ORDER BY t.position)::text AS entries"
    " FROM payments.timeline AS t WHERE t.book = %(book)s AND t.payment = p.payment) AS timeline"
    " CROSS JOIN LATERAL (SELECT coalesce(array_agg(r.reference ORDER BY r.reference), '{}') AS found"
    " FROM payments.reference AS r WHERE r.book = %(book)s AND r.payment = p.payment) AS ids",
)
_timeline_decoder: Final = msgspec.json.Decoder(list[TimelineEntry])
