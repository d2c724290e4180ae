"""A book as it is stored: its memory at the head, and its events; for commands that answer and change nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.settings import Settings

if TYPE_CHECKING:
    from ledger.store import Store


@contextlib.contextmanager
def stored_books(settings: Settings, say: Callable[[str], None]) -> Iterator[Store]:
    """The store, for reading: of a running pipeline, of the named PostgreSQL, or of an embedded one started for it.

    Everything is read from one snapshot, so a writer that goes on meanwhile is not noticed.
    """
    import psycopg

    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn
    from ledger.store import Store

    with readable_postgres(settings, say) as readable, Store.open(postgres_dsn(readable)) as store:
        # Nobody waits for a reader, so it may take its time.
        store.connection.execute(
            "SELECT set_config(name, '0', false) FROM pg_settings"
            " WHERE name IN ('transaction_timeout', 'idle_in_transaction_session_timeout')"
        )
        store.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        store.connection.read_only = True
        with store.connection.transaction():
            yield store


def must_exist(store: Store, book: str) -> None:
    """Raise `Failed` when no such book was ever opened."""
    if not store.books().get(book):
        raise Failed(ExitCode.NOT_FOUND, f"there is no book {book!r}: `contraflow status` lists those there are")
