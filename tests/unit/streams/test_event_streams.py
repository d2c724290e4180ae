"""The streams are functions of the store: however a book is cut into calls, the same records come out."""

import itertools
import json
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ledger.entries import Line
from ledger.errors import BrokenLaw
from ledger.events import EntryPosted, FactObserved, FactRepeated, Recorded, encode_event
from streams.contracts import json_schema
from streams.entry_publication import EntryStream
from streams.journal_publication import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, JournalStream
from streams.journal_record import decode_journal_record
from streams.payment_fact_publication import PaymentFactStream
from streams.publication import EventStream, Outgoing, State
from tests.unit.ledger.builders import NOW_US, payment, settlement

KINDS = ("posted", "observed", "repeated", "settled")


def event(position: int, kind: str) -> Recorded:
    lines = (Line("1000", "debit", str(position), "USD"), Line("7000", "credit", str(position), "USD"))
    told = {
        "posted": EntryPosted(fact=payment(position), rule="stripe.payment@1", lines=lines),
        "settled": EntryPosted(fact=settlement(position, 10, 1), rule="stripe.settlement@1", lines=lines),
        "observed": FactObserved(fact=payment(position, type="payment.pending")),
        "repeated": FactRepeated(of=1, key="k", type="payment.succeeded", source="s", account="a", effective_at="t"),
    }[kind]
    return Recorded("main", position, type(told).__name__, NOW_US + position, encode_event(told))


def publish(stream: EventStream, events: list[Recorded], cuts: list[int]) -> list[Outgoing]:
    """Everything that `stream` sends for `events` given in pieces; the state takes the way through JSON each time."""
    records: list[Outgoing] = []
    state: State = {}
    edges = sorted({0, len(events), *(cut % (len(events) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        sent, state = stream.publish("main", events[start:end], state)
        state = json.loads(json.dumps(state))
        records += sent
    return records


@pytest.mark.parametrize("stream", [EntryStream(), PaymentFactStream()], ids=lambda stream: str(stream.name))
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12), cuts=st.lists(st.integers(0, 2100), max_size=6))
def test_any_cut_gives_the_same_records(stream: EventStream, kinds: list[str], cuts: list[int]) -> None:
    events = [event(n, kinds[n % len(kinds)]) for n in (*range(1, 30),)]
    whole = publish(stream, events, [])
    assert publish(stream, events, cuts) == whole
    positions = [int(dict(record.headers)["position"]) for record in whole]
    previous = [int(dict(record.headers)["previous"]) for record in whole]
    assert previous == [0, *positions][: len(positions)]


def test_an_entry_says_what_became_of_it_and_nothing_that_did_not_happen() -> None:
    lines = (Line("1000", "debit", "1", "USD"), Line("7000", "credit", "1", "USD"))
    more = {
        "flags": ("limit_exceeded/7000/USD",),
        "hold": 7,
        "reverses": 8,
        "original_effective_at": "2026-01-05",
        "closed_by": 9,
    }
    values = []
    for fields in ({}, more):
        body = encode_event(EntryPosted(fact=payment(1), rule="r@1", lines=lines, **fields))  # type: ignore[arg-type]
        ((record,), _) = EntryStream().publish("main", [Recorded("main", 12, "EntryPosted", NOW_US, body)], {})
        values.append(json.loads(record.value or b""))
    assert values[1] == {**values[0], **more, "flags": ["limit_exceeded/7000/USD"]}
    assert not more.keys() & values[0].keys()
    for value in values:
        Draft202012Validator(json_schema("entry")).validate(value)


@given(cuts=st.lists(st.integers(0, 2100), max_size=6))
def test_a_manifest_does_not_depend_on_the_cut(cuts: list[int]) -> None:
    events = EVENTS
    sent = publish(EntryStream(), events, cuts)
    manifests = [json.loads(r.value or b"") for r in sent if dict(r.headers)["type"] == b"manifest"]
    assert [(m["first"], m["last"], m["entries"]) for m in manifests] == [(1, 1000, 500), (1001, 2000, 500)]
    assert [m["debits"] for m in manifests] == [{"USD": str(sum(range(first, first + 1000, 2)))} for first in (1, 1001)]
    chained = bytes(32)
    for record in [r for r in sent if dict(r.headers)["type"] == b"entry"][500:1000]:
        chained = sha256(chained + sha256(record.value or b"").digest()).digest()
    assert manifests[1]["hash"] == chained.hex()


EVENTS = [event(n, "posted" if n % 2 else "observed") for n in range(1, 2101)]


def test_journal_batches_are_bounded_and_keep_every_byte() -> None:
    events = [event(n, "posted") for n in range(1, 1300)]
    sent, _ = JournalStream().publish("main", events, {})
    decoded = [decode_journal_record(record.value, b"main") for record in sent]
    assert [recorded for batch in decoded for recorded in batch] == events
    assert [len(batch) for batch in decoded] == [BATCH_EVENTS_MAX, BATCH_EVENTS_MAX, 299]


def test_large_events_travel_alone_and_small_ones_share() -> None:
    def sized(position: int, size_bytes: int) -> Recorded:
        body = msgspec.json.encode({"x": "ü" * (size_bytes // 2)})
        return Recorded("main", position, "BookOpened", NOW_US, body)

    sizes = [BATCH_BYTES_MAX * 2, 100, BATCH_BYTES_MAX // 2, BATCH_BYTES_MAX // 2 + 200, 100]
    events = [sized(n, size) for n, size in enumerate(sizes, start=1)]
    sent, _ = JournalStream().publish("main", events, {})
    assert [[e.position for e in decode_journal_record(r.value)] for r in sent] == [[1], [2, 3], [4, 5]]
    assert all(len(r.value or b"") < BATCH_BYTES_MAX + 1024 for r in sent[1:])


@pytest.mark.parametrize("stream", [EntryStream(), PaymentFactStream()], ids=lambda stream: str(stream.name))
def test_a_body_that_is_none_stops(stream: EventStream) -> None:
    with pytest.raises(BrokenLaw, match=r"main/7: the body of an? EntryPosted"):
        stream.publish("main", [Recorded("main", 7, "EntryPosted", NOW_US, b'{"fact":1}')], {})
