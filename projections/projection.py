"""What a projection is, and which ones there are.

A projection is a fold of the journal kept in tables (law 5): a function of the events of a book in the order of their
positions and of nothing else. It owns one PostgreSQL schema of its name, in which a table ``position(book, position)``
says how far each book has been folded. All its SQL uses unqualified names, so that the same code fills the live schema
and the shadow one of a rebuild.
"""

from collections.abc import Sequence
from typing import Any, Final, LiteralString, Protocol

import psycopg

from ledger.events import Recorded
from projections.balances import Balances
from projections.entries import Entries
from projections.errors import UnknownProjection
from projections.payments import Payments
from projections.reconciliation import Reconciliation


class Projection(Protocol):
    """One fold and its tables.

    Attributes:
        name: also the name of its schema.
    """

    @property
    def name(self) -> LiteralString:
        """The registered name."""
        ...

    def tables_sql(self) -> LiteralString:
        """DDL of its tables, indexes and constraints, names unqualified, without the ``position`` table."""
        ...

    def apply(self, cursor: psycopg.Cursor[Any], book: str, events: Sequence[Recorded]) -> None:
        """Fold `events` into the tables, within the caller's transaction and search path.

        The events are contiguous and follow what was folded before; rows that they change get the position of the last
        event that touched them. How a history is cut into calls never shows in the rows.
        """
        ...


PROJECTIONS: Final[dict[str, Projection]] = {
    projection.name: projection for projection in (Balances(), Entries(), Payments(), Reconciliation())
}


def projection_named(name: str) -> Projection:
    """The projection of that name; raises `UnknownProjection` listing the names there are."""
    projection = PROJECTIONS.get(name)
    if projection is None:
        raise UnknownProjection(f"there is no projection {name[:60]!r}; there are {', '.join(PROJECTIONS)}")
    return projection
