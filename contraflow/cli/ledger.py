"""`contraflow ledger ...`: what works on a book directly."""

from __future__ import annotations

import typer

from contraflow.cli import ledger_apply, ledger_export, ledger_import

app = typer.Typer(help="Post with commands, and exchange books with plain-text accounting.", no_args_is_help=True)
app.command("apply")(ledger_apply.apply)
app.command("import")(ledger_import.import_journal)
app.command("export")(ledger_export.export)
