"""The compacted topics: the projections' rows, each sent again when an event changed it.

Rows carry the position of the last event that touched them, so the rows above the position reached are exactly what is
new, and reading them in order of (book, position) is safe to stop and resume anywhere. A row that changed twice in
between is sent once, in its latest form. Several rows of one position share one `previous`. In a compacted topic
records vanish by design, so `previous` tells a gap only to those who have read to the end once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg
from psycopg import sql

from ledger.money import exponent
from projections import answers
from projections.changes import changed_balances, changed_items, changed_payments
from streams.publication import Outgoing, State
from streams.records import Balance, PaymentStatus, ReconciliationItem, encode_record

PAGE_ROWS: Final = 2_000

Row = answers.Balance | answers.Payment | answers.ReconciliationItem
Told = tuple[str, msgspec.Struct | None]  # the key in Kafka, and the record; None where the row is gone for readers


@dataclass(frozen=True, slots=True)
class RowStream:
    """A topic made from one projection's rows.

    Attributes:
        name: the stream, and its topic without the installation's prefix.
        projection: the projection's name and schema.
        changed: book, position and a number of rows -> the rows changed after it, and the position they reach.
        told: book and row -> key and record.
    """

    name: str
    projection: str
    record_type: str
    changed: Callable[[psycopg.Connection[Any], str, int, int], tuple[list[Any], int]]
    told: Callable[[str, Any], Told]

    def exists(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the projection's tables were made already."""
        row = connection.execute("SELECT to_regclass(%s)", (f"{self.projection}.position",)).fetchone()
        return row is not None and row[0] is not None

    def reached(self, connection: psycopg.Connection[Any]) -> dict[str, int]:
        """Book -> position up to which the projection has folded it."""
        query = sql.SQL("SELECT book, position FROM {}").format(sql.Identifier(self.projection, "position"))
        return dict(connection.execute(query).fetchall())

    def publish(
        self, connection: psycopg.Connection[Any], book: str, after: int, state: State, rows_max: int = PAGE_ROWS
    ) -> tuple[list[Outgoing], int, State]:
        """The records for a page of rows changed after position `after`, the position reached, and the state."""
        rows, reached = self.changed(connection, book, after, rows_max)
        records = []
        previous = last = int(state.get("previous", 0))
        for row in rows:
            if row.position > last:
                previous, last = last, row.position
            key, record = self.told(book, row)
            value = None if record is None else encode_record(record)
            records.append(Outgoing.of(book, row.position, previous, self.record_type, value, key=key.encode()))
        return records, reached, {"previous": last}


def _balance(book: str, row: answers.Balance) -> Told:
    record = Balance(
        book=book,
        account=row.account,
        currency=row.currency,
        exponent=exponent(row.currency),
        debits=str(row.debits_minor),
        credits=str(row.credits_minor),
        balance=str(row.net_minor),
        entries=row.entries,
        position=row.position,
    )
    return f"{book}/{row.account}/{row.currency}", record


def _payment(book: str, row: answers.Payment) -> Told:
    record = PaymentStatus(  # in the order of the fields: named ones cost twice as much
        book,
        row.payment,
        row.source,
        row.account,
        row.status,
        row.currency,
        exponent(row.currency),
        str(row.amount_minor),
        str(row.refunded_minor),
        row.effective_at,
        row.sightings,
        row.position,
    )
    return f"{book}/{row.payment}", record


def _item(book: str, row: answers.ReconciliationItem) -> Told:
    key = f"{book}/{row.kind}/{row.item}"
    if row.state == "absorbed":
        return key, None  # its payout's item speaks for it from here on
    record = ReconciliationItem(
        book=book,
        kind=row.kind,
        item=row.item,
        payout=row.payout,
        state=row.state,
        reasons=row.reasons,
        currency=row.currency,
        exponent=exponent(row.currency),
        amount=str(row.amount_minor),
        evidence=row.evidence,
        position=row.position,
    )
    return key, record


ROW_STREAMS: Final = (
    RowStream("balances", "balances", "balance", changed_balances, _balance),
    RowStream("payments.status", "payments", "payment_status", changed_payments, _payment),
    RowStream("reconciliation.items", "reconciliation", "reconciliation_item", changed_items, _item),
)
