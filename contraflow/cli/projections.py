"""`contraflow projections`: what is remembered, and its rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from contraflow.cli.terminal import Terminal
    from projections.rebuild import Progress

app = typer.Typer(help="List projections, rebuild one.", no_args_is_help=True)


@app.command("list")
def list_projections(context: typer.Context, output: Output = None, debug: Debug = False) -> None:
    """Show every projection with its position and lag in each book."""
    terminal, settings = prepare(context)

    from contraflow.health import read_projections
    from contraflow.servers import readable_postgres

    with readable_postgres(settings, terminal.say) as readable:
        found = read_projections(readable)
    rows = [(each.name, each.book, each.position, each.lag) for each in found]
    terminal.answer(
        [{"projection": name, "book": book, "position": position, "lag": lag} for name, book, position, lag in rows],
        [Table("Projections", ("projection", "book", "position", "lag"), rows, ("position", "lag"))],
    )


@app.command("rebuild")
def rebuild_projection(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The projection's name.", metavar="NAME")],
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Fold the journal anew beside the live projection, compare both, let the new one take its place.

    A running pipeline may go on meanwhile. A difference is reported, and ends with exit code 1: the rebuilt tables are
    then in place, and the old ones were wrong.
    """
    terminal, settings = prepare(context)

    import msgspec

    from contraflow.cli.exit_codes import ExitCode
    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn
    from projections.projection import projection_named
    from projections.rebuild import rebuild

    projection_named(name)
    with readable_postgres(settings, terminal.say) as readable:
        rebuilt = rebuild(postgres_dsn(readable), name, progress=_progress(terminal))
    record = {
        "projection": rebuilt.name,
        "positions": ", ".join(f"{book}={position}" for book, position in rebuilt.positions.items()),
        "events folded": rebuilt.events,
        "rows compared": rebuilt.rows,
        "result": "identical" if rebuilt.equal else "DIFFERED; the rebuilt tables are in place now",
        "digest": rebuilt.digest,
    }
    terminal.answer(msgspec.to_builtins(rebuilt), [Table.of("Rebuild", record)])
    if not rebuilt.equal:
        terminal.say(f"contraflow: the first difference: {rebuilt.difference}")
        raise typer.Exit(ExitCode.WRONG)


def _progress(terminal: Terminal) -> Callable[[Progress], None]:
    import time

    said_at_s = 0.0

    def show(progress: Progress) -> None:
        nonlocal said_at_s
        if time.monotonic() - said_at_s >= 1:
            said_at_s = time.monotonic()
            of = f" of {progress.total:,}" if progress.total else ""
            terminal.say(f"{progress.step}: {progress.done:,}{of}")

    return show
