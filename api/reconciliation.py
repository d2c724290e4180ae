"""Reconciliation: what the gateway paid out against what the bank received and against the payments it is made of."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.amount import Amount, amount_of
from api.cursor import ItemCursor, cut_page, decode_cursor
from api.openapi import problems
from api.parameters import NAME_CHARS_MAX, BookName, CursorText, Limit
from api.problem import Problem
from api.reading import answer
from projections import answers
from projections.queries import reconciliation as queries
from projections.reconciliation_item import REASONS

STREAM: Final = "reconciliation"

router: Final = APIRouter(prefix="/books/{book}", tags=["reconciliation"])

State = Literal["expected", "matched", "broken", "absorbed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One payout, or one bank line that names the gateway and no payout that we know."""

    item: Annotated[str, Field(description="payout id, or the key of the bank line")]
    kind: Annotated[str, Field(description="`payout` or `bank_line`")]
    state: Annotated[
        str,
        Field(
            description="`expected`: something is still to come; `matched`; `broken`: see the reasons;"
            " `absorbed`: a bank line that its payout's item speaks of",
        ),
    ]
    reasons: Annotated[list[str], Field(description="why it is broken", json_schema_extra={"items": {"enum": REASONS}})]
    payout: Annotated[str, Field(description="empty when no payout is known")]
    amount: Amount
    evidence: Annotated[
        dict[str, Any],
        Field(description="the bank lines, the contents and their differences; amounts in minor units, as text"),
    ]
    position: Annotated[int, Field(description="the last event that changed it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """Items, the one changed last first."""

    items: list[Item]
    next_cursor: str | None


@router.get(
    "/reconciliation",
    summary="Reconciliation",
    responses={200: {"model": ItemPage}, **problems(400, 404, 412, 422, 503)},
)
async def list_items(
    request: Request,
    book: BookName,
    state: Annotated[State | None, Query(description="only this state; without it all but `absorbed`")] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Items, the one changed last first. One that changes while you page moves to the front."""
    start = decode_cursor(cursor, ItemCursor) if cursor else None

    def shape(rows: list[answers.ReconciliationItem]) -> ItemPage:
        page, next_cursor = cut_page(rows, limit, lambda row: ItemCursor(row.position, row.kind, row.item))
        return ItemPage(items=[_item(row) for row in page], next_cursor=next_cursor)

    return await answer(
        request,
        STREAM,
        book,
        lambda connection: queries.reconciliation_items(
            connection,
            book,
            state=state or "",
            cursor=(start.position, start.kind, start.item) if start is not None else None,
            limit=limit + 1,
        ),
        shape,
    )


@router.get(
    "/reconciliation/{item:path}",
    summary="One reconciliation item",
    responses={200: {"model": Item}, **problems(400, 404, 412, 422, 503)},
)
async def get_item(
    request: Request,
    book: BookName,
    item: Annotated[str, Path(description="payout id, or the key of a bank line", max_length=NAME_CHARS_MAX)],
) -> Response:
    """State, reasons and evidence of one item."""

    def shape(found: answers.ReconciliationItem | None) -> Item:
        if found is None:
            raise Problem(404, "item_unknown", "There is no reconciliation item of this payout id or bank line key.")
        return _item(found)

    return await answer(
        request, STREAM, book, lambda connection: queries.reconciliation_item(connection, book, item), shape
    )


def _item(row: answers.ReconciliationItem) -> Item:
    return Item(
        item=row.item,
        kind=row.kind,
        state=row.state,
        reasons=row.reasons,
        payout=row.payout,
        amount=amount_of(row.amount_minor, row.currency),
        evidence=row.evidence,
        position=row.position,
    )
