"""`contraflow payment ID`: where a payment stands, and everything that was told about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.options import BookOption, Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from typing import Any

    import psycopg

    from projections.answers import PaymentDetail


def payment(
    context: typer.Context,
    payment_id: Annotated[
        str, typer.Argument(help="The payment, or any provider's id that leads to it.", metavar="ID")
    ],
    book: BookOption = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show a payment's status and timeline. A charge, refund or dispute id finds its payment as well."""
    terminal, settings = prepare(context, book=book)

    import msgspec

    from contraflow.cli.exit_codes import ExitCode
    from contraflow.cli.failure import Failed
    from contraflow.cli.figures import for_people
    from contraflow.reading import ask
    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn

    with readable_postgres(settings, terminal.say) as readable:
        found, position = ask(postgres_dsn(readable), lambda connection: _find(connection, settings.book, payment_id))
    if found is None:
        raise Failed(
            ExitCode.NOT_FOUND,
            f"nothing was told about {payment_id!r} in book {settings.book!r} up to position {position}",
        )
    one = found.payment
    record = {
        "payment": one.payment,
        "status": one.status,
        "amount": f"{for_people(one.amount_minor, one.currency)} {one.currency}",
        "refunded": f"{for_people(one.refunded_minor, one.currency)} {one.currency}",
        "account": f"{one.source} {one.account}",
        "known as": ", ".join(found.references),
    }
    rows = [
        (
            entry.position,
            entry.kind,
            entry.type,
            entry.effective_at,
            for_people(int(entry.amount), entry.currency) if entry.amount else "",
            entry.currency,
            entry.object,
        )
        for entry in found.timeline
    ]
    columns = ("position", "", "what", "effective", "amount", "currency", "object")
    answer = msgspec.to_builtins(found)
    for name in ("amount_minor", "refunded_minor"):
        answer["payment"][name] = str(answer["payment"][name])
    terminal.answer(
        {"book": settings.book, "position": position, **answer},
        [
            Table.of(f"Book {settings.book} at position {position}", record),
            Table("Timeline, in the order in which it was told", columns, rows, ("position", "amount")),
        ],
    )


async def _find(
    connection: psycopg.AsyncConnection[Any], book: str, payment_id: str
) -> tuple[PaymentDetail | None, int]:
    from projections.queries import payments

    found, position = await payments.payment(connection, book, payment_id)
    if found is None:
        named, position = await payments.payments_by_reference(connection, book, payment_id)
        if named:
            return await payments.payment(connection, book, named[0].payment)
    return found, position
