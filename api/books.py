"""Which books there are."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.connection import with_connection
from api.moment import moment
from api.openapi import problems
from api.services import services_of
from projections.queries import journal

router: Final = APIRouter(tags=["books"])


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSummary:
    """One book: one writer, one gapless sequence of events."""

    book: Annotated[str, Field(description="its name")]
    head: Annotated[int, Field(description="position of its last event")]
    recorded_at: Annotated[str | None, Field(description="when that event was recorded; null when it has none")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookList:
    """All books, by name."""

    items: list[BookSummary]


@router.get("/books", summary="Books", responses={200: {"model": BookList}, **problems(503)})
async def list_books(request: Request) -> Response:
    """All books with the position of their last event."""
    rows = await with_connection(services_of(request).pool, journal.books)
    items = [
        BookSummary(book=row.book, head=row.head, recorded_at=moment(row.recorded_at_us) if row.head else None)
        for row in rows
    ]
    body = msgspec.json.encode(BookList(items=items))
    return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")
