"""Journal records: bodies byte for byte, contradictions refused."""

import pytest

from ledger.events import Recorded
from streams.journal_publication import JournalStream
from streams.journal_record import JournalRecordUnreadable, decode_journal_record

BODIES = (
    rb'{"b":1,"a":[ 1,  2.50 ],"text":"\u00e9 \u0000 \\u0000 \/ \ud83d\ude00"}',
    '{"text":"é 😀 ]}","deep":{"events":[{"position":9}]}}'.encode(),
    b"{}",
)


def record(*positions: int, book: str = "main", first: int = 7, last: int = 9) -> bytes:
    rows = b",".join(
        b'{"position":%d,"type":"EntryPosted","recorded_at_us":5,"body":%s}' % (position, body)
        for position, body in zip(positions, BODIES, strict=False)
    )
    return b'{"book":"%s","first":%d,"last":%d,"events":[%s]}' % (book.encode(), first, last, rows)


def test_bodies_come_out_byte_for_byte() -> None:
    events = decode_journal_record(record(7, 8, 9), b"main")
    assert events == [Recorded("main", 7 + n, "EntryPosted", 5, body) for n, body in enumerate(BODIES)]


def test_what_publishing_writes_comes_out_as_it_was() -> None:
    events = [Recorded('na"me é', 7 + n, "EntryPosted", 5, body) for n, body in enumerate(BODIES)]
    (outgoing,), _ = JournalStream().publish('na"me é', events, {})
    assert decode_journal_record(outgoing.value, outgoing.key) == events


def test_fields_that_a_newer_publisher_adds_are_passed_over() -> None:
    assert len(decode_journal_record(record(7, 8, 9).replace(b'"first"', b'"new":{"x":[1]},"first"'))) == 3


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (None, None),
        (b"", None),
        (b"\xff", None),
        (b"[]", None),
        (record(7, 8, 9)[:-1], None),
        (record(7, 8, 9).replace(b'"type"', b'"kind"'), None),
        (record(7, 8, 9).replace(b'"position":7', b'"position":"7"'), None),
        (record(7, 9), None),
        (record(7, 8), None),
        (record(8, 7, 9), None),
        (record(7, 8, 9, last=8), None),
        (record(first=7, last=6), None),
        (record(7, 8, 9), b"other"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(value: bytes | None, key: bytes | None) -> None:
    with pytest.raises(JournalRecordUnreadable):
        decode_journal_record(value, key)
