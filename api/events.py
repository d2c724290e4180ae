"""The event log of a book, as it stands in the store, and the raw records it was decided from."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.cursor import POSITION_MAX
from api.moment import moment
from api.openapi import problems
from api.parameters import BookName, EventPosition, Limit
from api.position import POSITION_HEADER, format_position
from api.position_watch import JOURNAL
from api.problem import Problem
from api.reading import answer, position_headers, read_at, unchanged
from ledger.events import Recorded
from ledger.journal import StoredRaw
from projections.queries import journal

router: Final = APIRouter(prefix="/books/{book}", tags=["events"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One decision of the book; it never changes."""

    book: str
    position: Annotated[int, Field(description="1, 2, 3, ... without a gap")]
    type: Annotated[str, Field(description="registered name, for example `EntryPosted`")]
    recorded_at: Annotated[str, Field(description="when the book knew, RFC 3339 in UTC")]
    body: Annotated[dict[str, Any], Field(description="canonical JSON, as it is sealed")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events in the order of their positions."""

    items: list[Event]
    next_after: Annotated[
        int | None, Field(description="`after` of the next page; null when this one reaches the book's head")
    ]


@router.get("/events", summary="Event log", responses={200: {"model": EventPage}, **problems(400, 404, 412, 422, 503)})
async def list_events(
    request: Request,
    book: BookName,
    after: Annotated[int, Query(description="position after which to begin", ge=0, le=POSITION_MAX)] = 0,
    limit: Limit = 100,
) -> Response:
    """Events after a position, straight from the event store. Follow a book by asking again from the last position."""

    def shape(events: list[Recorded]) -> EventPage:
        # One more was read than is shown.
        shown = events[:limit]
        return EventPage(
            items=[_event(event) for event in shown],
            next_after=shown[-1].position if len(events) > limit else None,
        )

    return await answer(
        request, JOURNAL, book, lambda connection: journal.events(connection, book, after, limit + 1), shape
    )


@router.get(
    "/events/{position}", summary="One event", responses={200: {"model": Event}, **problems(400, 404, 412, 422, 503)}
)
async def get_event(request: Request, book: BookName, position: EventPosition) -> Response:
    """The event at a position."""

    def shape(events: list[Recorded]) -> Event:
        if not events or events[0].position != position:
            raise _no_event(position)
        return _event(events[0])

    return await answer(
        request, JOURNAL, book, lambda connection: journal.events(connection, book, max(position - 1, 0), 1), shape
    )


@router.get(
    "/events/{position}/raw",
    summary="Raw record of an event",
    responses={
        200: {
            "description": "the bytes as they were received, card numbers masked",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems(400, 404, 412, 422, 503),
    },
)
async def get_raw(request: Request, book: BookName, position: EventPosition) -> Response:
    """What a gateway or bank sent, from which the event at this position was decided: a download, never a page."""
    raw, head = await read_at(request, JOURNAL, book, lambda connection: journal.raw_record(connection, book, position))
    if raw is None:
        problem = Problem(404, "raw_record_absent", f"The event at {position} was decided without an outside record.")
        if not 0 < position <= head:
            problem = _no_event(position)
        problem.headers[POSITION_HEADER] = format_position(book, head)
        raise problem
    headers = _raw_headers(raw, head, position)
    return unchanged(request, headers) or Response(raw.body, headers=headers, media_type="application/octet-stream")


def _raw_headers(raw: StoredRaw, head: int, position: int) -> dict[str, str]:
    """Whatever a stranger has sent must never run in a browser that looks at it."""
    return {
        **position_headers(JOURNAL, raw.book, head),
        "Content-Disposition": f'attachment; filename="event-{position}.raw"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Contraflow-Source": raw.source,
        "Contraflow-Received-At": moment(raw.received_at_us),
        # Of the bytes before cards were masked, so it is no digest of this body.
        "Contraflow-Original-Digest": f"sha256={raw.digest.hex()}",
    }


def _event(recorded: Recorded) -> Event:
    return Event(
        book=recorded.book,
        position=recorded.position,
        type=recorded.type,
        recorded_at=moment(recorded.recorded_at_us),
        # As it stands in the store, byte for byte; it was canonical JSON when it was sealed.
        body=msgspec.Raw(recorded.body),  # type: ignore[arg-type]  # encoded as it is
    )


def _no_event(position: int) -> Problem:
    return Problem(404, "event_unknown", f"The book has no event at position {position}.")
