"""Publishing: from the committed store into the topics that projections and other people read.

The store is told first and Kafka after it (law 4): publishing reads what was committed, sends it, and stores how far
it came once Kafka acknowledged. So it may repeat and never skips. It wakes on every append (`contraflow_journal`) and
on every move of a projection (`contraflow_projection`), and looks for itself once in a while, because a notification
is only a hint.

The journal goes out at once, because our own projections wait for it. Everything else gathers for a moment when events
come one by one: a request to Kafka costs more than many records in it.

One process owns a stream; a second one stands by and takes over when the first one's session ends.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
import structlog

from ledger.journal import heads, read_events
from streams.dead_letter_publication import DeadLetterStream
from streams.entry_publication import EntryStream
from streams.errors import PublishedAhead, Retry
from streams.journal_publication import JournalStream
from streams.kafka import KafkaConfig
from streams.payment_fact_publication import PaymentFactStream
from streams.publication import EventStream
from streams.published import Cursor, load_cursors, own, store_cursors
from streams.row_publication import ROW_STREAMS, RowStream
from streams.sender import Sender

AT_ONCE: Final = JournalStream.name
EVENT_STREAMS: Final[tuple[EventStream, ...]] = (JournalStream(), EntryStream(), PaymentFactStream())
DEAD_LETTERS: Final = DeadLetterStream()
STREAMS: Final = (
    *(stream.name for stream in EVENT_STREAMS),
    *(stream.name for stream in ROW_STREAMS),
    DEAD_LETTERS.name,
)

EVENTS_MAX: Final = 2_000
ROWS_PER_EVENT_MAX: Final = 4
GATHER_S: Final = 0.1
GATHER_EVENTS_MAX: Final = 200  # where so many come together, gathering saves nothing
SETTLE_RECORDS: Final = 50_000  # under load Kafka acknowledges one round while the next one is read
SETTLE_EVERY_S: Final = 0.1  # event by event, waiting and storing each time would cost more than all the rest
LOOK_EVERY_S: Final = 1.0
STANDBY_LOOK_EVERY_S: Final = 1.0
RETRY_PAUSE_S: Final = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PublishingConfig:
    """What publishing needs.

    Attributes:
        postgres: connection string of the event store and the projections.
        streams: which of `STREAMS` this process sends.
        events_max: of one book in one round, which bounds memory and how long another book waits; a stream that is
            behind the journal takes twice as many until it is not.
        gather_s: for how long the streams after the journal gather what comes, in seconds.
    """

    kafka: KafkaConfig
    postgres: str = field(repr=False)
    streams: Sequence[str] = STREAMS
    events_max: int = EVENTS_MAX
    gather_s: float = GATHER_S

    def __post_init__(self) -> None:
        """Raise `ValueError` for a stream that does not exist."""
        unknown = sorted(set(self.streams) - set(STREAMS))
        if unknown:
            raise ValueError(f"streams {', '.join(unknown)} do not exist; there are {', '.join(STREAMS)}")


def run_publishing(config: PublishingConfig, stop: threading.Event) -> None:
    """Publish until `stop` is set; stands by while another process publishes the same streams.

    Raises:
        psycopg.Error: the store cannot be reached; start the process again.
        ledger.errors.BrokenLaw: the stored history contradicts itself; somebody has to look.
        PublishedAhead: the store was restored from an older copy; somebody has to look.
    """
    while not stop.is_set():
        with psycopg.connect(config.postgres, autocommit=True, application_name="contraflow-publishing") as connection:
            _prepare(connection)
            if not _await_turn(connection, config.streams, stop):
                return
            try:
                with Sender(config.kafka, stop) as sender:
                    Publisher(config, connection, sender).run(stop)
            except Retry as error:
                if not stop.is_set():
                    _log.warning("publishing starts anew", reason=str(error))
        stop.wait(RETRY_PAUSE_S)


class Publisher:
    """Sends what is committed, from where it left off; owns its streams, see `run_publishing`."""

    def __init__(self, config: PublishingConfig, connection: psycopg.Connection[Any], sender: Sender) -> None:
        self._connection = connection
        self._sender = sender
        self._postgres = config.postgres
        self._events_max = config.events_max
        self._gather_s = config.gather_s
        self._events = [stream for stream in EVENT_STREAMS if stream.name in config.streams]
        self._rows = [stream for stream in ROW_STREAMS if stream.name in config.streams]
        self._dead = DEAD_LETTERS.name in config.streams
        self._names = [stream.name for stream in self._events] + [stream.name for stream in self._rows]
        self._cursors: dict[tuple[str, str], Cursor] = {}
        self._at_once = [stream for stream in self._events if stream.name == AT_ONCE]
        self._books: set[str] = set()  # have events that the journal was not sent
        self._gathering: set[str] = set()  # have events that the other streams were not sent
        self._gathered_at_s = 0.0
        self._changed: set[tuple[RowStream, str]] = set()  # have rows that may not have been sent
        self._unsettled: dict[tuple[str, str], Cursor] = {}  # moved in memory, not yet acknowledged and stored
        self._unsettled_records = 0
        self._settled_at_s = 0.0
        self._looked_at_s = 0.0

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set."""
        with psycopg.connect(self._postgres, autocommit=True, application_name="contraflow-listening") as listener:
            listener.execute("LISTEN contraflow_journal")
            listener.execute("LISTEN contraflow_projection")
            # Only after LISTEN: whatever was committed before it is found by looking.
            self.look()
            while not stop.is_set():
                self.round()
                self._listen(listener)
                if time.monotonic() - self._looked_at_s >= LOOK_EVERY_S:
                    self.look()
            self.settle()

    def look(self) -> None:
        """Find out what is not sent yet, without being told."""
        self._looked_at_s = time.monotonic()
        found = heads(self._connection)
        for stream in self._events:
            for book, head in found.items():
                cursor = self._cursor(stream.name, book)
                if cursor.position > head:
                    raise PublishedAhead(
                        f"{stream.name} of book {book!r} was sent up to {cursor.position}, the store ends at {head}: "
                        "it was restored from an older copy; compare with the topic before publishing again"
                    )
                if cursor.position < head:
                    self._has_events(book)
        present = [rows for rows in self._rows if rows.exists(self._connection)]
        for rows in present:
            for book, reached in rows.reached(self._connection).items():
                if reached > self._cursor(rows.name, book).position:
                    self._changed.add((rows, book))
        if self._dead and self._publish_dead_letters():
            self._looked_at_s = 0.0  # there may be more of them: look again at once, after the events

    def round(self) -> int:
        """Send a batch of everything that is known to wait; returns the records sent.

        How far it came is stored once Kafka acknowledged: under load after some rounds, else at once when it was quiet
        before and now and then while events trickle in. What gathers is sent when its time has come.
        """
        due = self._gather_in_s() <= 0
        sent = sum(self._publish_events(book, due) for book in sorted(self._books))
        if not self._books and self._settle_in_s() <= 0:
            self.settle()  # before the rest is sent: nobody waits for more than the journal's last record
        if due:
            sent += self._publish_gathered()
        self._unsettled_records += sent
        if self._unsettled_records >= SETTLE_RECORDS:
            self.settle()
        return sent

    @property
    def waits(self) -> bool:
        """Whether events or rows are known to wait."""
        return bool(self._books or self._gathering or self._changed)

    def settle(self) -> None:
        """Wait until Kafka has acknowledged what was sent, and store how far that is."""
        self._unsettled_records = 0
        if self._unsettled:
            self._sender.settle()
            self._acknowledged(list(self._unsettled.values()))
            self._unsettled.clear()
            self._settled_at_s = time.monotonic()

    def _has_events(self, book: str) -> None:
        self._books.update([book] if self._at_once else [])
        self._gathering.update([book] if len(self._events) > len(self._at_once) else [])

    def _gather_in_s(self) -> float:
        return self._gathered_at_s + self._gather_s - time.monotonic()

    def _publish_gathered(self) -> int:
        """Everything but the journal; what came in one reading with it was sent already."""
        sent = sum(self._publish_events(book, due=True) for book in sorted(self._gathering))
        for rows, book in sorted(self._changed, key=lambda change: (change[1], change[0].name)):
            sent += self._publish_rows(rows, book)
        if not (self._gathering or self._changed):
            self._gathered_at_s = time.monotonic()
        return sent

    def _settle_in_s(self) -> float:
        return self._settled_at_s + SETTLE_EVERY_S - time.monotonic()

    def _acknowledged(self, moved: Sequence[Cursor]) -> None:
        store_cursors(self._connection, moved)

    def _publish_events(self, book: str, due: bool) -> int:
        """One batch of the journal, and of the other streams when they are due; the same position, one reading."""
        sent = 0
        waiting: dict[int, list[EventStream]] = {}
        for stream in self._events if due else self._at_once:
            waiting.setdefault(self._cursor(stream.name, book).position, []).append(stream)
        ahead = max(waiting)
        full = large = False
        for position, streams in waiting.items():
            limit = self._events_max if position == ahead else 2 * self._events_max
            events = read_events(self._connection, book, after=position, limit=limit)
            full = full or len(events) == limit
            large = large or len(events) >= GATHER_EVENTS_MAX
            if not events:
                continue
            for stream in streams:
                cursor = self._cursor(stream.name, book)
                records, cursor.state = stream.publish(book, events, cursor.state)
                sent += self._sender.send(stream.name, book, records)
                cursor.position = events[-1].position
                self._unsettled[stream.name, book] = cursor
        if large:
            self._gathered_at_s = 0.0
        if not full:
            self._books.discard(book)
            if due:
                self._gathering.discard(book)
        return sent

    def _publish_rows(self, stream: RowStream, book: str) -> int:
        cursor = self._cursor(stream.name, book)
        # More than events of a round: a projection that rests moves by several rounds at once.
        rows_max = ROWS_PER_EVENT_MAX * self._events_max
        records, reached, state = stream.publish(self._connection, book, cursor.position, cursor.state, rows_max)
        if reached == cursor.position:
            self._changed.discard((stream, book))  # a change after this reading has a notification of its own
            return 0
        cursor.position, cursor.state = reached, state
        self._unsettled[stream.name, book] = cursor
        return self._sender.send(stream.name, book, records)

    def _publish_dead_letters(self) -> bool:
        """Send a page of dead letters; whether there were any."""
        letters = DEAD_LETTERS.publish(self._connection)
        for book, _, record in letters:
            self._sender.send(DEAD_LETTERS.name, book, [record])
        if letters:
            self._sender.settle()
            DEAD_LETTERS.mark(self._connection, [number for _, number, _ in letters])
        return bool(letters)

    def _cursor(self, stream: str, book: str) -> Cursor:
        if (stream, book) not in self._cursors:
            # What is in memory is ahead of what is stored while a round is under way: only new books are taken over.
            self._cursors = load_cursors(self._connection, self._names) | self._cursors
        return self._cursors[stream, book]

    def _listen(self, listener: psycopg.Connection[Any]) -> None:
        """Take what was notified; waits for it only when nothing is known to wait."""
        wait_s = 0 if self._books else self._looked_at_s + LOOK_EVERY_S - time.monotonic()
        if self._gathering or self._changed:
            wait_s = min(wait_s, self._gather_in_s())
        if self._unsettled:
            wait_s = min(wait_s, self._settle_in_s())
        for note in listener.notifies(timeout=max(wait_s, 0), stop_after=1):
            if note.channel == "contraflow_journal":
                self._has_events(note.payload)
            else:
                projection, book = note.payload.split(" ")[:2]
                self._changed.update((rows, book) for rows in self._rows if rows.projection == projection)


def _prepare(connection: psycopg.Connection[Any]) -> None:
    # A position that a crash of the server forgets is only sent again; waiting for the disk would cost latency.
    connection.execute("SET synchronous_commit TO off")
    # A publisher whose machine vanished must not keep its locks for hours (over TCP; ignored on a local socket).
    connection.execute("SET tcp_keepalives_idle TO 5")
    connection.execute("SET tcp_keepalives_interval TO 5")
    connection.execute("SET tcp_keepalives_count TO 3")


def _await_turn(connection: psycopg.Connection[Any], streams: Sequence[str], stop: threading.Event) -> bool:
    standing_by = False
    while not stop.is_set():
        if own(connection, streams):
            _log.info("publishing", streams=list(streams))
            return True
        if not standing_by:
            standing_by = True
            _log.info("standing by: another process publishes", streams=list(streams))
        stop.wait(STANDBY_LOOK_EVERY_S)
    return False
