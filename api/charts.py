"""The charts of accounts of the books, kept in memory and read on from where they were known."""

import time
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg_pool import AsyncConnectionPool

from api.connection import with_connection
from ledger.accounts import Account
from projections.queries import journal

# A process that has served more books than this starts over; a chart is a few kilobytes.
CHARTS_MAX: Final = 10_000
# A name that is this old may be missing from a list; an account that is asked for by its code is looked up at once.
FRESH_S: Final = 1.0


@dataclass(slots=True)
class _Known:
    """What is known of one book's chart, up to a position, read at a moment of the monotonic clock."""

    position: int = 0
    read_at_s: float = 0.0
    accounts: dict[str, Account] = field(default_factory=dict)


class Charts:
    """Accounts by code, for every book that was asked for."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        """Nothing is read before it is asked for."""
        self._pool = pool
        self._charts: dict[str, _Known] = {}

    async def of(self, book: str, account: str = "") -> dict[str, Account]:
        """The accounts of `book` by code; empty when there is no such book or it was not opened yet.

        Args:
            account: one that the caller needs: it is looked for in the store when it is not known yet.
        """
        known = self._charts.get(book, _Known())
        fresh = time.monotonic() - known.read_at_s < FRESH_S
        if known.position and fresh and (not account or account in known.accounts):
            return known.accounts
        now_s = time.monotonic()
        joined, position = await with_connection(
            self._pool, lambda connection: journal.accounts(connection, book, known.position)
        )
        if not position:
            return {}
        if book not in self._charts and len(self._charts) >= CHARTS_MAX:
            self._charts.clear()
        accounts = {**known.accounts, **{each.code: each for each in joined}} if joined else known.accounts
        self._charts[book] = _Known(position, now_s, accounts)
        return accounts
