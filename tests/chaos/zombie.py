"""Stages of a batch at which a writer can be made to stop itself with SIGSTOP, as if its machine had been suspended.

The stores of the process are haunted from outside; nothing in the code that writes knows of it. A writer stops once, at
the stage that ``ZOMBIE_STAGE`` names, in the first batch after it was armed.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

import ledger.store
from ledger.store import Store

STAGES: Final = ("before_look_up", "after_decide", "in_copy", "before_commit", "after_commit")
# Of a writer that stands still inside a transaction the server must let go before anybody can take the book.
TRANSACTION_TIMEOUT_MS: Final = 1_500


class Zombie:
    """Haunts the stores of this process."""

    def __init__(self) -> None:
        self.stage = os.environ["ZOMBIE_STAGE"]
        assert self.stage in STAGES, self.stage
        self.armed = False
        ledger.store.TRANSACTION_TIMEOUT_MS = TRANSACTION_TIMEOUT_MS  # type: ignore[misc]

    def stop_at(self, stage: str) -> None:
        if self.armed and stage == self.stage:
            self.armed = False
            os.kill(os.getpid(), signal.SIGSTOP)

    def haunt(self, store: Store) -> None:
        """Stop at every stage that a batch passes in this store."""
        look_up, recall, append = store.known, store.recall, store.append

        def known(*asked: Any) -> Any:
            self.stop_at("before_look_up")
            return look_up(*asked)

        def recalled(*asked: Any) -> Any:
            self.stop_at("before_look_up")
            return recall(*asked)

        def appended(*batch: Any) -> None:
            self.stop_at("after_decide")
            append(*batch)
            self.stop_at("after_commit")

        store.known, store.recall, store.append = known, recalled, appended  # type: ignore[method-assign]
        self._haunt_connection(store.connection)

    def _haunt_connection(self, connection: psycopg.Connection) -> None:
        zombie = self

        class StoppingCursor(psycopg.Cursor[Any]):
            def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
                if query == "COMMIT":
                    zombie.stop_at("before_commit")
                return super().execute(query, *arguments, **options)

            @contextmanager
            def copy(self, statement: Any, params: Any = None, *, writer: Any = None) -> Iterator[Any]:
                with super().copy(statement, params, writer=writer) as copy:
                    yield _StoppingCopy(copy, zombie)

        connection.cursor_factory = StoppingCursor


class _StoppingCopy:
    """A COPY that stops the process with half of its bytes sent."""

    def __init__(self, copy: psycopg.Copy, zombie: Zombie) -> None:
        self.set_types = copy.set_types
        self.write_row = copy.write_row
        self._copy = copy
        self._zombie = zombie

    def write(self, rows: bytes) -> None:
        half = len(rows) // 2
        self._copy.write(rows[:half])
        self._zombie.stop_at("in_copy")
        self._copy.write(rows[half:])
