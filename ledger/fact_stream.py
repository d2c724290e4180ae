"""Facts, batch after batch: while one batch is decided, the one before it is appended and the one after it looked up.

For whoever has many facts at hand. Deciding needs one thread of Python; the two waits for PostgreSQL go on beside it.
What a look-up could not see yet, because it was asked while earlier batches were on their way, is known from memory:
of the batch in flight and of the one before it (law 3).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ledger.book import Book, Decided, Known
from ledger.committer import Committer
from ledger.fact_digests import FactDigests
from ledger.facts import Fact
from ledger.lease import Lease
from ledger.store import Store


class FactStream:
    """The writer of one book, over two stores of its own: one appends, the other looks up."""

    def __init__(
        self,
        store: Store,
        reader: Store,
        lease: Lease,
        book: Book,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """`store` and `reader` must be two connections that nobody else uses while facts are posted."""
        self._store = store
        self._reader = reader
        self._lease = lease
        self._book = book
        self._now_us = now_us

    def post(self, batches: Iterable[Sequence[Fact]]) -> Iterator[Decided]:
        """Decide and append batches in order; gives each as it was decided, all durable when the iterator ends.

        Raises:
            ledger.errors.Fenced: another writer has the book now; the batch in flight and those after it are void, the
                book in memory is no longer what is stored.
        """
        committer = Committer(self._store)
        before: Mapping[bytes, Known] = {}
        answers: Mapping[bytes, Known] = {}
        with ThreadPoolExecutor(1, thread_name_prefix="look-up") as thread:
            try:
                for digests, asked in self._looked_up(batches, thread):
                    told = asked.result()
                    in_flight = committer.keys(self._book.id)
                    known = {**answers, **told, **before, **in_flight} if before or in_flight else {**answers, **told}
                    answers = told
                    decided = self._book.decide(digests.facts, known, self._now_us(), digests)
                    before = in_flight
                    append = self._store.prepare(self._lease, self._book, decided)
                    committer.submit([append], {self._book.id: decided.known})
                    yield decided
                    if self._store.snapshot_due(self._book):
                        committer.flush()
                        self._store.snapshot(self._book)
                committer.flush()
            finally:
                committer.close()

    def _looked_up(
        self, batches: Iterable[Sequence[Fact]], thread: ThreadPoolExecutor
    ) -> Iterator[tuple[FactDigests, Future[dict[bytes, Known]]]]:
        """Each batch with the question about it, asked before the batch in front of it is decided.

        A fact that the batch in front parks is not in the book's memory then; what it refers to was asked with it.
        """
        waiting: tuple[FactDigests, Future[dict[bytes, Known]]] | None = None
        for facts in batches:
            digests = FactDigests.of(facts, self._book)
            following = digests, thread.submit(self._reader.known, self._lease, digests.asked)
            if waiting is not None:
                yield waiting
            waiting = following
        if waiting is not None:
            yield waiting
