"""The committer: appends one batch in a second thread while the next is being decided.

What is in flight is not visible to look-ups yet, so it is kept here and counts as known (law 3). One batch is in flight
at a time; a failure surfaces at the next `submit` or `flush`, and then everything that was decided since is void.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ledger.batch import BookAppend, DeadLetter, InputOffset, Teller
from ledger.book import Known
from ledger.store import Store


class Committer:
    """Appends over the connection of `store`, which nobody else may use while a batch is in flight."""

    def __init__(self, store: Store) -> None:
        """Append through `store`."""
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="append")
        self._in_flight: Future[None] | None = None
        self._keys: Mapping[str, Mapping[bytes, Known]] = {}
        self._raw: dict[str, Mapping[bytes, Teller]] = {}

    def submit(
        self,
        appends: Sequence[BookAppend],
        keys: Mapping[str, Mapping[bytes, Known]],
        offsets: Sequence[InputOffset] = (),
        dead_letters: Sequence[DeadLetter] = (),
    ) -> None:
        """Wait for the batch before, then hand this one over.

        Args:
            appends: what to append, one for each book.
            keys: for each book what was decided in this batch (`Decided.known`).
            offsets: moves of input partitions, part of the same transaction.
            dead_letters: likewise.

        Raises:
            ledger.errors.Fenced, psycopg.Error: the batch before was not appended.
        """
        self.flush()
        self._keys = keys
        self._raw = {append.book: {raw.digest: raw.teller for raw in append.raw_records} for append in appends}
        self._in_flight = self._thread.submit(self._store.append, appends, offsets, dead_letters)

    def flush(self) -> None:
        """Wait until the last batch is durable; raises what its append raised."""
        if self._in_flight is not None:
            self._in_flight.result()
            self._in_flight = None

    @property
    def idle(self) -> bool:
        """True when no append is in flight or the one that was is done."""
        return self._in_flight is None or self._in_flight.done()

    def keys(self, book: str) -> Mapping[bytes, Known]:
        """Keys and references of `book` that the last batch decided, whether it is durable yet or not."""
        return self._keys.get(book, {})

    def raw_records(self, book: str) -> Mapping[bytes, Teller]:
        """Raw records of `book` in the last batch, and who told them."""
        return self._raw.get(book, {})

    def discard(self) -> None:
        """Forget the last batch; if it is in flight its end is awaited, and a failure no longer matters."""
        if self._in_flight is not None:
            self._in_flight.exception()
            self._in_flight = None
        self._keys = {}
        self._raw = {}

    def close(self) -> None:
        """Wait for the append in flight and end the thread."""
        self._thread.shutdown(wait=True)
