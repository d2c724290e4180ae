"""Options that several commands share. `-o` and `--debug` may stand before or after the subcommand."""

from __future__ import annotations

from typing import Annotated

import typer

from contraflow.cli.terminal import OutputFormat, terminal_of


def _use_output(context: typer.Context, value: OutputFormat | None) -> OutputFormat | None:
    if value is not None:
        terminal_of(context).output = value
    return value


def _use_debug(context: typer.Context, value: bool) -> bool:
    if value:
        terminal_of(context).debug = True
    return value


Output = Annotated[
    OutputFormat | None,
    typer.Option(
        "-o", "--output", callback=_use_output, help="How the answer is written on stdout: table (the default) or json."
    ),
]
Debug = Annotated[bool, typer.Option("--debug", callback=_use_debug, help="Show tracebacks, log everything.")]
BookOption = Annotated[
    str | None, typer.Option("--book", help="The book; without it, CONTRAFLOW_BOOK or main.", show_default=False)
]
