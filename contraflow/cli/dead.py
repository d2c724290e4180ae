"""`contraflow dead`: what could not be posted, why, and sending it again."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import OutputFormat, Table

app = typer.Typer(help="List, show and redrive dead letters.", no_args_is_help=True)


class Status(StrEnum):
    """What may be asked for."""

    open = "open"
    redriven = "redriven"
    resolved = "resolved"
    failed_again = "failed_again"
    all = "all"


@app.command("list")
def list_letters(
    context: typer.Context,
    book: Annotated[str | None, typer.Option("--book", help="Only those of this book.")] = None,
    status: Annotated[Status, typer.Option("--status", help="Only those that stand like this.")] = Status.open,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, newest first.", min=1, max=10_000)] = 100,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show dead letters, newest first."""
    terminal, settings = prepare(context)

    import psycopg

    from contraflow.dead_letters import list_dead_letters
    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn

    wanted = "" if status is Status.all else status.value
    with (
        readable_postgres(settings, terminal.say) as readable,
        psycopg.connect(postgres_dsn(readable), autocommit=True) as connection,
    ):
        found = list_dead_letters(connection, book=book or "", status=wanted, limit=limit)
    columns = ("id", "book", "source", "code", "detail", "status", "attempts", "at")
    rows = [
        (row.dead_letter_id, row.book, row.source, row.code, row.detail, row.status, row.attempts, row.at)
        for row in found
    ]
    terminal.answer([asdict(row) for row in found], [Table("Dead letters", columns, rows, ("id", "attempts"))])


@app.command("show")
def show_letter(
    context: typer.Context,
    dead_letter_id: Annotated[int, typer.Argument(help="Its number in the list.", metavar="ID")],
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show one dead letter with the reason and the body as it was received, cards masked."""
    terminal, settings = prepare(context)

    import psycopg

    from contraflow.dead_letters import dead_letter
    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn

    with (
        readable_postgres(settings, terminal.say) as readable,
        psycopg.connect(postgres_dsn(readable), autocommit=True) as connection,
    ):
        found = dead_letter(connection, dead_letter_id)
    if found is None:
        raise Failed(ExitCode.NOT_FOUND, f"there is no dead letter {dead_letter_id}; `contraflow dead list` shows them")
    row, body = found
    text = body.decode(errors="replace")
    terminal.answer({**asdict(row), "body": text}, [Table.of(f"Dead letter {dead_letter_id}", asdict(row))])
    if terminal.output is OutputFormat.table:
        sys.stdout.write(f"\n{text}\n")


@app.command("redrive")
def redrive_letters(
    context: typer.Context,
    dead_letter_ids: Annotated[
        list[int] | None, typer.Argument(help="Their numbers in the list.", metavar="ID")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    book: Annotated[str | None, typer.Option("--book", help="With --all: only those of this book.")] = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Send dead letters again, for example after a translator was mended or what they waited for has come."""
    terminal, settings = prepare(context)

    import psycopg

    from contraflow.dead_letters import dead_letter, list_dead_letters, redrive
    from contraflow.servers import any_servers
    from contraflow.wiring import kafka_config, postgres_dsn

    if bool(dead_letter_ids) == everything:
        raise Failed(ExitCode.USAGE, "name the dead letters to redrive, or give --all")
    with (
        any_servers(settings, terminal.say) as servers,
        psycopg.connect(postgres_dsn(servers), autocommit=True) as connection,
    ):
        chosen = list(dead_letter_ids or ())
        for each in chosen:
            if dead_letter(connection, each) is None:
                raise Failed(ExitCode.NOT_FOUND, f"there is no dead letter {each}; nothing was sent")
        if everything:
            chosen = [row.dead_letter_id for row in list_dead_letters(connection, book=book or "", limit=100_000)]
        sent = redrive(connection, kafka_config(servers), chosen)
    terminal.answer({"redriven": sent}, [Table.of("Redriven", {"records sent again": sent})])
