"""`contraflow ledger apply`: commands on stdin, decisions on stdout, one a line and in the same order."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Annotated, Final

import typer

from contraflow.cli.options import BookOption, Debug
from contraflow.cli.preparation import prepare

PROGRESS_EVERY_S: Final = 5.0


def apply(
    context: typer.Context,
    book: BookOption = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="Try out on an empty book in memory, which is gone afterwards.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Read commands from stdin, one JSON object a line, and write what became of each to stdout, one line each.

    While a pipeline runs the commands go through it; otherwise this command is the writer itself and starts the
    embedded PostgreSQL. A line that is no command is refused with its number, and the next one is read. Refusals are
    answers: the exit code is 0 when every command was decided. Run again after a crash with the same file, accepted
    commands are answered as the first time and not posted twice.
    """
    terminal, settings = prepare(context, book=book)

    from contraflow.command_door import command_door
    from contraflow.command_lines import CommandLines
    from ledger.answers import encode_answer

    decided: Counter[str] = Counter()
    told_s = time.monotonic()
    with command_door(settings, settings.book, terminal.say, in_memory=in_memory) as answered:
        try:
            for answers in answered(CommandLines.of_descriptor(sys.stdin.fileno()).batches()):
                decided.update(answer.decision for answer in answers)
                sys.stdout.buffer.write(b"".join(encode_answer(answer) + b"\n" for answer in answers))
                sys.stdout.buffer.flush()
                if time.monotonic() - told_s > PROGRESS_EVERY_S:
                    told_s = time.monotonic()
                    terminal.say(f"{decided.total():,} commands decided")
        finally:
            accepted, refused = decided["accepted"], decided["refused"]
            terminal.say(f"{accepted + refused:,} commands decided: {accepted:,} accepted, {refused:,} refused")
