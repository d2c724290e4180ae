"""Journal entries: the postings of an account, and one entry with all of its lines."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.amount import Amount, amount_of
from api.balances import account_unknown
from api.cursor import PostingCursor, cut_page, decode_cursor
from api.moment import moment
from api.openapi import problems
from api.parameters import NAME_CHARS_MAX, BookName, CursorText, EventPosition, Limit
from api.problem import Problem
from api.reading import answer
from api.services import services_of
from projections import answers
from projections.queries import entries as queries

STREAM: Final = "entries"

router: Final = APIRouter(prefix="/books/{book}", tags=["entries"])


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of one entry."""

    position: Annotated[int, Field(description="of the entry in the book")]
    line: Annotated[int, Field(description="within the entry, from 1")]
    account: str
    side: Annotated[str, Field(description="`debit` or `credit`")]
    amount: Annotated[Amount, Field(description="always above zero")]
    effective_at: Annotated[str, Field(description="when it counts, as the source told it")]
    recorded_at: Annotated[str, Field(description="when the book knew, RFC 3339 in UTC")]
    fact_type: Annotated[str, Field(description="what happened, for example `payment.succeeded`")]
    fact_key: Annotated[str, Field(description="the key under which it is posted at most once")]
    source: str
    source_account: str
    rule: Annotated[str, Field(description="posting rule and its version")]


@dataclass(frozen=True, slots=True)
class PostingPage:
    """Postings of one account."""

    items: list[Posting]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry: two or more lines, equal in debits and credits per currency."""

    position: int
    effective_at: str
    recorded_at: str
    fact_type: str
    fact_key: str
    source: str
    source_account: str
    rule: str
    lines: list[Posting]


@router.get(
    "/accounts/{account:path}/entries",
    summary="Postings of an account",
    responses={200: {"model": PostingPage}, **problems(400, 404, 412, 422, 503)},
)
async def list_postings(
    request: Request,
    book: BookName,
    account: Annotated[str, Path(description="code in the chart of accounts", max_length=NAME_CHARS_MAX)],
    order: Annotated[Literal["newest", "oldest"], Query(description="which comes first")] = "newest",
    currency: Annotated[str | None, Query(description="only this currency", pattern="^[A-Z]{3}$")] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """The statement of an account; pages neither repeat nor skip a line when new entries arrive between them."""
    chart = await services_of(request).charts.of(book, account)
    start = decode_cursor(cursor, PostingCursor) if cursor else None
    if start is not None and start.order != order:
        raise Problem(400, "cursor_invalid", f"The cursor belongs to `order={start.order}`.")

    def shape(rows: list[answers.Posting]) -> PostingPage:
        if not rows and start is None and account not in chart:
            raise account_unknown()
        page, next_cursor = cut_page(rows, limit, lambda row: PostingCursor(order, row.position, row.line))
        return PostingPage([_posting(row) for row in page], next_cursor)

    return await answer(
        request,
        STREAM,
        book,
        lambda connection: queries.account_postings(
            connection,
            book,
            account,
            cursor=(start.position, start.line) if start is not None else None,
            limit=limit + 1,
            newest_first=order == "newest",
            currency=currency or "",
        ),
        shape,
    )


@router.get(
    "/entries/{position}", summary="One entry", responses={200: {"model": Entry}, **problems(400, 404, 412, 422, 503)}
)
async def get_entry(request: Request, book: BookName, position: EventPosition) -> Response:
    """The entry that was posted at a position, with all of its lines."""

    def shape(rows: list[answers.Posting]) -> Entry:
        if not rows:
            raise Problem(404, "entry_unknown", f"There is no entry at {position}: another kind of event, or none yet.")
        lines = [_posting(row) for row in rows]
        first = lines[0]
        return Entry(
            first.position,
            first.effective_at,
            first.recorded_at,
            first.fact_type,
            first.fact_key,
            first.source,
            first.source_account,
            first.rule,
            lines,
        )

    return await answer(
        request, STREAM, book, lambda connection: queries.entry_postings(connection, book, position), shape
    )


def _posting(row: answers.Posting) -> Posting:
    return Posting(
        row.position,
        row.line,
        row.account,
        row.side,
        amount_of(row.amount_minor, row.currency),
        row.effective_at,
        moment(row.recorded_at_us),
        row.fact_type,
        row.fact_key,
        row.source,
        row.source_account,
        row.rule,
    )
