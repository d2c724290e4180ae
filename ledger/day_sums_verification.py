"""Are the kept sums by day those of the events? Read along while a book is verified."""

from collections.abc import Iterator

import psycopg

from ledger import day_sums
from ledger.events import Recorded


class KeptSums:
    """The segments of one book that are kept, each compared when its last event was seen."""

    def __init__(self, connection: psycopg.Connection, book_id: int) -> None:
        """Reads which segments are kept."""
        self._connection = connection
        self._book_id = book_id
        self._events: list[Recorded] = []
        self._kept: dict[int, list[int]] = dict(
            connection.execute(
                "SELECT segment, hold_positions FROM ledger.history_segments WHERE book_id = %s", (book_id,)
            ).fetchall()
        )

    def see(self, recorded: Recorded) -> Iterator[tuple[int, str]]:
        """Position and detail of what is wrong with the segment that ends here."""
        segment = (recorded.position - 1) // day_sums.SEGMENT_POSITIONS
        if segment not in self._kept:
            return
        self._events.append(recorded)
        if recorded.position % day_sums.SEGMENT_POSITIONS:
            return
        sums, hold_positions = day_sums.sums_by_day(self._events)
        self._events = []
        if self._kept.pop(segment) != hold_positions:
            yield recorded.position, f"segment {segment} keeps other events of holds than there are"
        rows = self._connection.execute(
            "SELECT account, currency, day::text, debits, credits FROM ledger.day_sums"
            " WHERE book_id = %s AND segment = %s",
            (self._book_id, segment),
        )
        kept = {tuple(row[:3]): [int(row[3]), int(row[4])] for row in rows}
        if kept != sums:
            yield recorded.position, f"segment {segment} keeps other sums by day than its entries make"

    def rest(self) -> Iterator[tuple[int, str]]:
        """Segments that are kept and whose events are not all there."""
        for segment in sorted(self._kept):
            yield 0, f"segment {segment} is kept and goes past the last event"
