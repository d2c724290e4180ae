"""`contraflow balance ACCOUNT`: what stands on an account, per currency."""

from __future__ import annotations

from typing import Annotated

import typer

from contraflow.cli.options import BookOption, Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table


def balance(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="The account's code in the chart, such as 1000.", metavar="ACCOUNT")],
    book: BookOption = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show debits, credits and balance of one account. The balance is on the account's normal side."""
    terminal, settings = prepare(context, book=book)

    from contraflow.cli.exit_codes import ExitCode
    from contraflow.cli.failure import Failed
    from contraflow.cli.figures import accounts_of_book, for_people, for_programs
    from contraflow.reading import ask
    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn
    from projections.queries.balances import account_balances

    with readable_postgres(settings, terminal.say) as readable:
        named = accounts_of_book(readable).get(account)
        if named is None:
            raise Failed(ExitCode.NOT_FOUND, f"account {account!r} is not in the chart of book {settings.book!r}")
        found, position = ask(
            postgres_dsn(readable), lambda connection: account_balances(connection, settings.book, account)
        )
    sign = 1 if named.normal_side == "debit" else -1
    answer = {
        "book": settings.book,
        "position": position,
        "account": {"code": named.code, "name": named.name, "normal_side": named.normal_side},
        "balances": [
            {
                "balance": for_programs(sign * row.net_minor, row.currency),
                "debits": str(row.debits_minor),
                "credits": str(row.credits_minor),
                "entries": row.entries,
            }
            for row in found
        ],
    }
    rows = [
        (
            row.currency,
            for_people(row.debits_minor, row.currency),
            for_people(row.credits_minor, row.currency),
            for_people(sign * row.net_minor, row.currency),
            row.entries,
        )
        for row in found
    ]
    title = f"{named.code} {named.name} ({named.normal_side}), book {settings.book} at position {position}"
    columns = ("currency", "debits", "credits", "balance", "entries")
    terminal.answer(answer, [Table(title, columns, rows, columns[1:])])
