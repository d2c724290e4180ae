"""The charts of accounts of the books, kept in memory: a book is opened once and its first event never changes."""

from typing import Any

from psycopg_pool import AsyncConnectionPool

from api.connection import with_connection
from ledger.accounts import Account
from projections.queries import journal

# A process that has served more books than this starts over; a chart is a few kilobytes.
CHARTS_MAX = 10_000


class Charts:
    """Accounts by code, for every book that was asked for."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        """Nothing is read before it is asked for."""
        self._pool = pool
        self._charts: dict[str, dict[str, Account]] = {}

    async def of(self, book: str) -> dict[str, Account]:
        """The accounts of `book` by code; empty when there is no such book or it was not opened yet."""
        known = self._charts.get(book)
        if known is not None:
            return known
        chart = await with_connection(self._pool, lambda connection: journal.chart(connection, book))
        if chart is None:
            return {}
        accounts = {account.code: account for account in chart.accounts}
        if len(self._charts) >= CHARTS_MAX:
            self._charts.clear()
        self._charts[book] = accounts
        return accounts
