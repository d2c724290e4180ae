"""`contraflow trial-balance`: all accounts, and whether debits equal credits."""

from __future__ import annotations

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.options import BookOption, Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table


def trial_balance(context: typer.Context, book: BookOption = None, output: Output = None, debug: Debug = False) -> None:
    """Show debits and credits of every account and their sums, which must be equal; exit code 1 when they are not."""
    terminal, settings = prepare(context, book=book)

    from contraflow.cli.figures import accounts_of_book, for_people
    from contraflow.reading import ask
    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn
    from projections.queries.balances import balances

    with readable_postgres(settings, terminal.say) as readable:
        accounts = accounts_of_book(readable)
        # Sums are made from the very rows that are shown: one statement, one snapshot.
        found, position = ask(
            postgres_dsn(readable), lambda connection: balances(connection, settings.book, limit=1_000_000)
        )
    currencies = sorted({row.currency for row in found})
    sums = {
        currency: (
            sum(row.debits_minor for row in found if row.currency == currency),
            sum(row.credits_minor for row in found if row.currency == currency),
        )
        for currency in currencies
    }
    balanced = all(debits == credits for debits, credits in sums.values())
    answer = {
        "book": settings.book,
        "position": position,
        "balanced": balanced,
        "currencies": {
            currency: {"debits": str(debits), "credits": str(credits), "difference": str(debits - credits)}
            for currency, (debits, credits) in sums.items()
        },
        "accounts": [
            {
                "account": row.account,
                "currency": row.currency,
                "debits": str(row.debits_minor),
                "credits": str(row.credits_minor),
            }
            for row in found
        ],
    }
    columns = ("account", "name", "currency", "debits", "credits", "debits - credits")
    rows = [
        (
            row.account,
            accounts[row.account].name if row.account in accounts else "",
            row.currency,
            for_people(row.debits_minor, row.currency),
            for_people(row.credits_minor, row.currency),
            for_people(row.net_minor, row.currency),
        )
        for row in found
    ]
    totals = [
        (currency, for_people(debits, currency), for_people(credits, currency), for_people(debits - credits, currency))
        for currency, (debits, credits) in sums.items()
    ]
    sum_columns = ("currency", "debits", "credits", "difference")
    terminal.answer(
        answer,
        [
            Table(f"Book {settings.book} at position {position}", columns, rows, columns[3:]),
            Table("Trial balance", sum_columns, totals, sum_columns),
        ],
    )
    if not balanced:
        terminal.say("contraflow: debits and credits differ; `contraflow verify` says where")
        raise typer.Exit(ExitCode.WRONG)
