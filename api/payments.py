"""Payments: status, amounts and everything that was told about them, by their id or by any id of the provider."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import AsyncConnection
from pydantic import Field

from api.amount import Amount, amount_of
from api.cursor import PaymentCursor, cut_page, decode_cursor
from api.moment import moment
from api.openapi import problems
from api.parameters import NAME_CHARS_MAX, BookName, CursorText, Limit
from api.problem import FieldAtFault, Problem
from api.reading import answer
from projections import answers
from projections.payment_status import STATUSES
from projections.queries import payments as queries

STREAM: Final = "payments"

router: Final = APIRouter(prefix="/books/{book}", tags=["payments"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment; its status is a function of what was told, in whatever order it came."""

    payment: Annotated[str, Field(description="the provider's id of the payment")]
    source: str
    account: Annotated[str, Field(description="account at the source")]
    status: Annotated[str, Field(json_schema_extra={"enum": list(STATUSES)})]
    amount: Annotated[Amount | None, Field(description="null while no amount was told")]
    refunded: Annotated[Amount | None, Field(description="refunds that went through")]
    effective_at: Annotated[str, Field(description="when the first thing told about it counts")]
    sightings: Annotated[int, Field(description="how often something was told about it")]
    position: Annotated[int, Field(description="the last event that changed it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """Payments, the one changed last first."""

    items: list[Payment]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One telling about a payment."""

    position: int
    kind: Annotated[str, Field(description="`posted`, `observed`, `repeated`, `parked` or `refused`")]
    type: Annotated[str, Field(description="for example `refund.succeeded`")]
    key: str
    effective_at: Annotated[str, Field(description="when it counts, as the source told it")]
    recorded_at: Annotated[str, Field(description="when the book knew, RFC 3339 in UTC")]
    amount: Amount | None
    status: Annotated[str, Field(description="the source's own status word")]
    delivery: Annotated[str, Field(description="id of the delivery that told it")]
    object: Annotated[str, Field(description="refund or dispute it speaks of; empty for the payment itself")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetail(Payment):
    """A payment with its timeline and the provider's ids that lead to it."""

    references: Annotated[list[str], Field(description="ids of the payment, its charges, refunds and disputes")]
    timeline: Annotated[list[Sighting], Field(description="in the order in which the book learned it")]


@router.get(
    "/payments", summary="Payments", responses={200: {"model": PaymentPage}, **problems(400, 404, 412, 422, 503)}
)
async def list_payments(
    request: Request,
    book: BookName,
    reference: Annotated[
        str | None,
        Query(description="a provider's id: of the payment, its charge, refund or dispute", max_length=NAME_CHARS_MAX),
    ] = None,
    status: Annotated[
        str | None, Query(description="only this status", json_schema_extra={"enum": list(STATUSES)})
    ] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Payments, the one changed last first. One that changes while you page moves to the front."""
    if status is not None and status not in STATUSES:
        raise Problem(
            422,
            "request_invalid",
            "A part of the request is not as documented; `errors` names it.",
            errors=[FieldAtFault(location="query.status", detail=f"one of {', '.join(STATUSES)}")],
        )
    start = decode_cursor(cursor, PaymentCursor) if cursor else None

    async def read(connection: AsyncConnection[object]) -> tuple[list[answers.Payment], int]:
        if reference is None:
            return await queries.payments(
                connection,
                book,
                status=status or "",
                cursor=(start.position, start.payment) if start is not None else None,
                limit=limit + 1,
            )
        rows, position = await queries.payments_by_reference(connection, book, reference)
        # An id of a provider leads to one payment, seldom to two: their page is the first and the last.
        return [row for row in rows if status in (None, row.status)][:limit], position

    def shape(rows: list[answers.Payment]) -> PaymentPage:
        page, next_cursor = cut_page(rows, limit, lambda row: PaymentCursor(row.position, row.payment))
        return PaymentPage(items=[Payment(**_told(row)) for row in page], next_cursor=next_cursor)

    return await answer(request, STREAM, book, read, shape)


@router.get(
    "/payments/{payment:path}",
    summary="One payment",
    responses={200: {"model": PaymentDetail}, **problems(400, 404, 412, 422, 503)},
)
async def get_payment(
    request: Request,
    book: BookName,
    payment: Annotated[str, Path(description="the provider's id of the payment", max_length=NAME_CHARS_MAX)],
) -> Response:
    """Status, amounts and timeline of one payment."""

    def shape(found: answers.PaymentDetail | None) -> PaymentDetail:
        if found is None:
            raise Problem(
                404,
                "payment_unknown",
                "Nothing was told about a payment of this id; `/payments?reference=` finds it by other ids.",
            )
        return PaymentDetail(
            **_told(found.payment), references=found.references, timeline=[_sighting(told) for told in found.timeline]
        )

    return await answer(request, STREAM, book, lambda connection: queries.payment(connection, book, payment), shape)


def _told(row: answers.Payment) -> dict[str, Any]:
    """The fields of `Payment`."""
    return {
        "payment": row.payment,
        "source": row.source,
        "account": row.account,
        "status": row.status,
        "amount": amount_of(row.amount_minor, row.currency) if row.currency else None,
        "refunded": amount_of(row.refunded_minor, row.currency) if row.currency else None,
        "effective_at": row.effective_at,
        "sightings": row.sightings,
        "position": row.position,
    }


def _sighting(told: answers.TimelineEntry) -> Sighting:
    return Sighting(
        position=told.position,
        kind=told.kind,
        type=told.type,
        key=told.key,
        effective_at=told.effective_at,
        recorded_at=moment(told.recorded_at_us),
        amount=amount_of(int(told.amount), told.currency) if told.amount else None,
        status=told.status,
        delivery=told.delivery,
        object=told.object,
    )
