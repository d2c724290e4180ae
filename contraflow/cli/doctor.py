"""`contraflow doctor`: can this machine run it, and what is missing?"""

from __future__ import annotations

from dataclasses import asdict

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table


def doctor(context: typer.Context, output: Output = None, debug: Debug = False) -> None:
    """Look at everything that has to be true before a start, and say what to do about what is not.

    Starts the embedded servers for a moment when none run.
    """
    terminal, settings = prepare(context)

    from contraflow.doctor import run_checks

    checks = run_checks(settings, terminal.say)
    rows = [("ok" if check.ok else "WRONG", check.name, check.detail, check.advice) for check in checks]
    terminal.answer([asdict(check) for check in checks], [Table("Doctor", ("", "check", "found", "do"), rows)])
    if not all(check.ok for check in checks):
        raise typer.Exit(ExitCode.WRONG)
