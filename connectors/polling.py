"""Where a poll stands, as arithmetic: windows of time that close, so that new rows never shift the pages behind us.

A place is saved only after Kafka acknowledged what was read up to it; whoever is killed reads from the saved place
again, and what is read twice is told under the same keys (law 3).
"""

from msgspec.structs import replace

from connectors.exchange import Place, Want
from connectors.manifest import Stream


def start(stream: Stream, begin_s: int) -> Place:
    """The first place of a polled stream; `begin_s` is the Unix time from which its rows count."""
    return Place(stream.name, since_s=begin_s)


def start_by_id(want: Want) -> Place:
    """The first place of a stream by id."""
    return Place(want.stream, id=want.id)


def due_at_s(stream: Stream, place: Place) -> int:
    """When to read on, Unix time in seconds; 0 for at once: in the middle of a window or of an id, or never read yet.

    The beginning of the next window says nothing about it: an overlap may reach back to before the first one.
    """
    if place.id or place.until_s or not place.read_s:
        return 0
    return place.read_s + stream.every_s


def opened(stream: Stream, place: Place, now_s: int) -> Place:
    """The place with its window's end fixed; one whose window is open already stays as it is."""
    if place.id or place.until_s:
        return place
    since_s = max(place.since_s, now_s - stream.history_s) if stream.history_s else place.since_s
    end_s = min(since_s + stream.window_s, now_s) if stream.window_s else now_s
    return replace(place, since_s=since_s, until_s=max(end_s, since_s + 1))


def after(stream: Stream, place: Place, next_page: str) -> Place | None:
    """The place behind a page that was read; None when a stream by id has been read to its end."""
    if next_page:
        return replace(place, page=next_page)
    if place.id:
        return None
    return Place(stream.name, since_s=max(place.since_s, place.until_s - stream.overlap_s), read_s=place.until_s)
