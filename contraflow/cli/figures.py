"""Figures: amounts as people read them and as programs do, and the book that an answer is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed

if TYPE_CHECKING:
    from contraflow.settings import Settings
    from ledger.accounts import Account


def for_people(amount_minor: int, currency: str) -> str:
    """``12,345.60`` for 1234560 USD."""
    from ledger.money import major

    whole, point, rest = major(amount_minor, currency).partition(".")
    return f"{int(whole):,}{point}{rest}" if whole not in ("-0",) else f"-0{point}{rest}"


def for_programs(amount_minor: int, currency: str) -> dict[str, object]:
    """As the API writes an amount: minor units in a string, currency, exponent."""
    from ledger.money import exponent

    return {"amount": str(amount_minor), "currency": currency, "exponent": exponent(currency)}


def accounts_of_book(settings: Settings) -> dict[str, Account]:
    """The chart of the settings' book, by code; raises `Failed` when there is no such book."""
    from contraflow.reading import ask
    from contraflow.wiring import postgres_dsn
    from projections.queries import journal

    found, position = ask(postgres_dsn(settings), lambda connection: journal.accounts(connection, settings.book))
    if not position:
        raise Failed(
            ExitCode.NOT_FOUND, f"there is no book {settings.book!r}; `contraflow status` shows the books there are"
        )
    return {account.code: account for account in found}
