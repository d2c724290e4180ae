"""Windows close, overlap and advance; an id ends; answers say what may follow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import TranslationError
from connectors.exchange import Answer, Call, Place, Want, json_rows
from connectors.manifest import Stream
from connectors.outcome import classify, classify_silence
from connectors.polling import after, due_at_s, opened, start, start_by_id

STREAM = Stream("rows", every_s=60, overlap_s=100, window_s=1000)


def test_a_stream_catches_up_in_windows_and_then_waits() -> None:
    place: Place | None = start(STREAM, 10_000)
    windows = []
    while place is not None and due_at_s(STREAM, place) <= 12_000:
        place = opened(STREAM, place, 12_000)
        windows.append((place.since_s, place.until_s))
        place = after(STREAM, place, "")
    assert windows == [(10_000, 11_000), (10_900, 11_900), (11_800, 12_000)]
    assert place == Place("rows", since_s=11_900, read_s=12_000) and due_at_s(STREAM, place) == 12_060


def test_an_overlap_longer_than_what_was_read_makes_no_pause() -> None:
    stream = Stream("disputes", every_s=60, overlap_s=5_000_000)
    place: Place | None = start(stream, 10_000)
    for now_s in (10_100, 10_160, 10_220):
        assert place is not None and due_at_s(stream, place) <= now_s
        place = after(stream, opened(stream, place, now_s), "")
        assert place is not None and place.since_s == 10_000


def test_an_open_window_keeps_its_end_over_pages_and_restarts() -> None:
    place = opened(STREAM, start(STREAM, 10_000), 10_500)
    second = after(STREAM, place, "2")
    assert second == Place("rows", 10_000, 10_500, "2") and due_at_s(STREAM, second) == 0
    assert opened(STREAM, second, 99_999) == second


def test_history_that_the_vendor_forgot_is_not_asked_for() -> None:
    short = Stream("events", history_s=500)
    assert opened(short, start(short, 0), 10_000) == Place("events", 9_500, 10_000)


def test_an_id_is_read_to_its_end() -> None:
    place = start_by_id(Want("contents", "po_1"))
    assert opened(STREAM, place, 5) == place and due_at_s(STREAM, place) == 0
    assert after(STREAM, place, "b") == Place("contents", page="b", id="po_1")
    assert after(STREAM, place, "") is None


@given(steps=st.lists(st.integers(0, 5000), min_size=1, max_size=30), window_s=st.sampled_from([0, 101, 1000]))
def test_no_second_is_skipped(steps: list[int], window_s: int) -> None:
    """Each window begins at or before the end of the one before it, whenever it is opened."""
    stream = Stream("rows", overlap_s=100, window_s=window_s)
    place: Place | None = start(stream, 0)
    now_s, end_s = 0, 0
    for step in steps:
        now_s += step
        assert place is not None
        place = opened(stream, place, now_s)
        assert place.since_s <= end_s < place.until_s or place.until_s <= max(now_s, 1)
        assert place.since_s <= end_s
        end_s = max(end_s, place.until_s)
        place = after(stream, place, "")


READ, WRITE, KEYED = Call("x", "/"), Call("x", "/", method="POST"), Call("x", "/", method="POST", key="k")


@pytest.mark.parametrize(
    ("call", "status", "follow"),
    [
        *((READ, 200, "ok"), (WRITE, 201, "ok"), (READ, 301, "rejected"), (READ, 403, "rejected")),
        *((READ, 404, "skip"), (WRITE, 404, "rejected"), (READ, 401, "credentials_expired")),
        *((READ, 429, "rate_limited"), (WRITE, 429, "rate_limited"), (WRITE, 422, "rejected")),
        *((READ, 503, "retry"), (KEYED, 503, "retry"), (WRITE, 503, "look_up")),
        *((KEYED, 409, "retry"), (WRITE, 409, "look_up"), (WRITE, 408, "look_up")),
    ],
)
def test_what_may_follow(call: Call, status: int, follow: str) -> None:
    assert classify(call, Answer(status, {}, b"")).follow == follow


def test_silence() -> None:
    assert classify_silence(WRITE, was_sent=True).follow == "look_up"
    for call, was_sent in ((WRITE, False), (READ, True), (KEYED, True)):
        assert classify_silence(call, was_sent=was_sent).follow == "retry"


@pytest.mark.parametrize(
    ("told", "after_s"),
    [
        *(("7", 7.0), ("999999999", 86400.0), ("soon", None), ("", None), ("-5", None)),
        *(("Tue, 14 Nov 2023 22:13:30 GMT", 10.0), ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0)),
    ],
)
def test_retry_after(told: str, after_s: float | None) -> None:
    assert classify(READ, Answer(503, {"retry-after": told}, b"", 1_700_000_000)).after_s == after_s


def test_rows_keep_their_bytes() -> None:
    assert json_rows(b'{"a":{"b":[ {"x": 1.50} , 2]}}', "a", "b") == [b'{"x": 1.50}', b"2"]
    assert json_rows(b"[1]") == [b"1"]
    for raw in (b"{}", b'{"a":[]}', b'{"a":{"b":1}}', b"<html>", b"\xff"):
        with pytest.raises(TranslationError) as refused:
            json_rows(raw, "a", "b")
        assert refused.value.code == "page_malformed"


def test_an_overlap_longer_than_the_history_delays_nothing() -> None:
    """Read since three days ago with an overlap of two weeks: the first poll is due at once, the next in its turn."""
    stream = Stream("rows", every_s=60, overlap_s=14 * 86_400)
    begun = start(stream, 1_000_000)
    assert due_at_s(stream, begun) == 0
    read = after(stream, opened(stream, begun, 1_259_200), "")
    assert read == Place("rows", since_s=1_000_000, read_s=1_259_200)
    assert due_at_s(stream, read) == 1_259_260
