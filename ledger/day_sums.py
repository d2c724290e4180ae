"""The history of a stored book: sums by account and day of whole segments of its positions, and the events after them.

A segment is ten thousand positions. Its sums say how much its entries put on each account on each day they count on; so
a question about a date and a position is a sum over rows, whatever was dated back or ahead, and a fold of the events of
the one segment that the position cuts. Events never change, so these rows never do (law 8). They are made when somebody
asks, of segments that are stored wholly: appending knows nothing of them.
"""

from collections.abc import Iterator
from typing import Final

import psycopg

from ledger.events import Recorded
from ledger.hindsight import moves_hold
from ledger.journal import iterate_events, read_events
from ledger.trial_balance import Key, Sums, add_entry, effective_day, posted_of

SEGMENT_POSITIONS: Final = 10_000  # as the migration says; another number needs other tables

_SUMS: Final = """
SELECT account, currency, sum(debits), sum(credits) FROM ledger.day_sums
WHERE book_id = %(book_id)s AND segment < %(segments)s
  AND (%(as_of)s = '' OR day <= nullif(%(as_of)s, '')::date)
GROUP BY account, currency
"""
_SUMS_OF_KEY: Final = """
SELECT account, currency, sum(debits), sum(credits) FROM ledger.day_sums
WHERE book_id = %(book_id)s AND account = %(account)s AND currency = %(currency)s AND segment < %(segments)s
  AND (%(as_of)s = '' OR day <= nullif(%(as_of)s, '')::date)
GROUP BY account, currency
"""
_OF_HOLDS: Final = """
SELECT position, recorded_at_us, type, convert_to(body, 'UTF8') FROM ledger.events
WHERE book_id = %s AND position IN (
    SELECT unnest(hold_positions) FROM ledger.history_segments WHERE book_id = %s AND segment < %s
)
ORDER BY position
"""


class StoredHistory:
    """A `past.History` over one connection, which must be in autocommit mode."""

    def __init__(self, connection: psycopg.Connection, book: str, book_id: int) -> None:
        """Nothing is read before something is asked."""
        self._connection = connection
        self._book = book
        self._book_id = book_id

    def head(self) -> int:
        """Position of the last appended event."""
        row = self._connection.execute("SELECT head FROM ledger.books WHERE book_id = %s", (self._book_id,)).fetchone()
        return int(row[0]) if row is not None else 0

    def sums(self, upto: int, as_of: str, key: Key | None) -> Sums:
        """Posted debits and credits by account and currency: rows of whole segments, then events."""
        segments = self._segments(upto)
        account, currency = key if key is not None else (None, None)
        asked = {
            "book_id": self._book_id,
            "segments": segments,
            "as_of": as_of,
            "account": account,
            "currency": currency,
        }
        rows = self._connection.execute(_SUMS if key is None else _SUMS_OF_KEY, asked)
        sums = {(account, currency): [int(debits), int(credits)] for account, currency, debits, credits in rows}
        for recorded in self._rest(segments, upto):
            add_entry(sums, recorded, as_of, key)
        return sums

    def of_holds(self, upto: int) -> Iterator[Recorded]:
        """The events that move a hold or the clock, and all of the segment that `upto` cuts."""
        segments = self._segments(upto)
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(_OF_HOLDS, (self._book_id, self._book_id, segments))
            for position, recorded_at_us, type_name, body in cursor:
                yield Recorded(self._book, position, type_name, recorded_at_us, body)
        yield from self._rest(segments, upto)

    def _rest(self, segments: int, upto: int) -> Iterator[Recorded]:
        for page in iterate_events(self._connection, self._book, after=segments * SEGMENT_POSITIONS, upto=upto):
            yield from page

    def _segments(self, upto: int) -> int:
        """How many whole segments there are up to a position, which is not past the head; missing ones are made."""
        segments = upto // SEGMENT_POSITIONS
        if not segments:
            return 0
        made = {
            row[0]
            for row in self._connection.execute(
                "SELECT segment FROM ledger.history_segments WHERE book_id = %s AND segment < %s",
                (self._book_id, segments),
            )
        }
        for segment in range(segments):
            if segment not in made:
                self._make(segment)
        return segments

    def _make(self, segment: int) -> None:
        """Keep the sums of one segment; two who do so at once keep the same."""
        first = segment * SEGMENT_POSITIONS
        events = read_events(self._connection, self._book, after=first, limit=SEGMENT_POSITIONS)
        sums, hold_positions = sums_by_day(events)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO ledger.history_segments VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (self._book_id, segment, hold_positions),
            )
            if cursor.rowcount != 1:
                return
            with cursor.copy(
                "COPY ledger.day_sums (book_id, account, currency, segment, day, debits, credits) FROM STDIN"
            ) as copy:
                for (account, currency, day), (debits, credits) in sums.items():
                    copy.write_row((self._book_id, account, currency, segment, day, str(debits), str(credits)))


def sums_by_day(events: list[Recorded]) -> tuple[dict[tuple[str, str, str], list[int]], list[int]]:
    """Debits and credits of a segment by account, currency and day, and the positions that move holds."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    hold_positions = []
    for recorded in events:
        if recorded.type != "EntryPosted":
            if moves_hold(recorded):
                hold_positions.append(recorded.position)
            continue
        posted = posted_of(recorded)
        if posted.moves_hold:
            hold_positions.append(recorded.position)
        day = effective_day(posted.fact.effective_at, recorded.recorded_at_us)
        for line in posted.lines:
            both = sums.setdefault((line.account, line.currency, day), [0, 0])
            both[line.side == "credit"] += int(line.amount)
    return sums, hold_positions
