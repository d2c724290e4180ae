"""Balances of one account or of many, and the trial balance. Reading one balance is this API's hottest path."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.amount import Amount, amount_of, on_side
from api.cursor import BalanceCursor, cut_page, decode_cursor
from api.openapi import problems
from api.parameters import NAME_CHARS_MAX, BookName, CursorText, Limit
from api.problem import Problem
from api.reading import answer
from api.services import services_of
from ledger.accounts import Account, Side
from projections import answers
from projections.queries import balances as queries

STREAM: Final = "balances"

router: Final = APIRouter(prefix="/books/{book}", tags=["balances"])


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on one account in one currency."""

    account: Annotated[str, Field(description="code in the chart of accounts")]
    name: Annotated[str, Field(description="what people call it")]
    normal_side: Annotated[str, Field(description="`debit` or `credit`: the side on which it usually stands")]
    debits: Amount
    credits: Amount
    balance: Annotated[Amount, Field(description="on the normal side; below zero when it stands on the other one")]
    entries: Annotated[int, Field(description="how many entries touch it")]
    position: Annotated[int, Field(description="the last entry that did")]


@dataclass(frozen=True, slots=True)
class BalancePage:
    """Balances by account and currency."""

    items: list[Balance]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AccountBalances:
    """One account with its balance in every currency that was posted to it."""

    account: str
    name: str
    type: Annotated[str, Field(description="`asset`, `liability`, `equity`, `income` or `expense`")]
    normal_side: str
    clearing: Annotated[bool, Field(description="true when it must return to zero")]
    balances: list[Balance]


@dataclass(frozen=True, slots=True)
class CurrencyTrial:
    """All accounts in one currency."""

    currency: str
    debits: Amount
    credits: Amount
    balanced: Annotated[bool, Field(description="debits equal credits")]
    accounts: Annotated[int, Field(description="how many accounts were posted to")]


@dataclass(frozen=True, slots=True)
class Trial:
    """The trial balance."""

    balanced: Annotated[bool, Field(description="true in every currency")]
    currencies: list[CurrencyTrial]


@router.get(
    "/balances", summary="Balances", responses={200: {"model": BalancePage}, **problems(400, 404, 412, 422, 503)}
)
async def list_balances(
    request: Request,
    book: BookName,
    account: Annotated[str | None, Query(description="only this account", max_length=NAME_CHARS_MAX)] = None,
    currency: Annotated[str | None, Query(description="only this currency", pattern="^[A-Z]{3}$")] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Balances of every account that was posted to, by account and currency."""
    chart = await services_of(request).charts.of(book)
    start = decode_cursor(cursor, BalanceCursor) if cursor else BalanceCursor("", "")

    def shape(rows: list[answers.Balance]) -> BalancePage:
        page, next_cursor = cut_page(rows, limit, lambda row: BalanceCursor(row.account, row.currency))
        return BalancePage([_balance(row, chart) for row in page], next_cursor)

    return await answer(
        request,
        STREAM,
        book,
        lambda connection: queries.balances(
            connection,
            book,
            account=account or "",
            currency=currency or "",
            after=(start.account, start.currency),
            limit=limit + 1,
        ),
        shape,
    )


@router.get(
    "/balances/{account:path}",
    summary="Balance of an account",
    responses={200: {"model": AccountBalances}, **problems(400, 404, 412, 422, 503)},
)
async def get_balance(
    request: Request,
    book: BookName,
    account: Annotated[str, Path(description="code in the chart of accounts", max_length=NAME_CHARS_MAX)],
) -> Response:
    """Debits, credits and balance of one account in every currency; no balances when nothing was posted to it."""
    chart = await services_of(request).charts.of(book, account)

    def shape(rows: list[answers.Balance]) -> AccountBalances:
        known = chart.get(account)
        if not rows and known is None:
            raise account_unknown()
        shown = known or Account(code=account, name="", type="asset", normal_side="debit")
        return AccountBalances(
            account, shown.name, shown.type, shown.normal_side, shown.clearing, [_balance(row, chart) for row in rows]
        )

    return await answer(
        request, STREAM, book, lambda connection: queries.account_balances(connection, book, account), shape
    )


@router.get(
    "/trial-balance", summary="Trial balance", responses={200: {"model": Trial}, **problems(400, 404, 412, 503)}
)
async def trial_balance(request: Request, book: BookName) -> Response:
    """Debits and credits of all accounts by currency; they are equal, or something is very wrong."""

    def shape(rows: list[answers.TrialBalance]) -> Trial:
        return Trial(
            all(row.balanced for row in rows),
            [
                CurrencyTrial(
                    row.currency,
                    amount_of(row.debits_minor, row.currency),
                    amount_of(row.credits_minor, row.currency),
                    row.balanced,
                    row.accounts,
                )
                for row in rows
            ],
        )

    return await answer(request, STREAM, book, lambda connection: queries.trial_balance(connection, book), shape)


def account_unknown() -> Problem:
    """The 404 of an account that is neither in the chart nor was ever posted to."""
    return Problem(404, "account_unknown", "The book's chart has no account of this code.")


def _balance(row: answers.Balance, chart: dict[str, Account]) -> Balance:
    # An account outside the chart of the book's opening: debit is the convention then.
    known = chart.get(row.account)
    side: Side = known.normal_side if known is not None else "debit"
    currency = row.currency
    return Balance(
        row.account,
        known.name if known is not None else "",
        side,
        amount_of(row.debits_minor, currency),
        amount_of(row.credits_minor, currency),
        amount_of(on_side(row.debits_minor, row.credits_minor, side), currency),
        row.entries,
        row.position,
    )
