"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from contraflow.cli import (
    balance,
    bench,
    connectors,
    dead,
    demo,
    doctor,
    ingest,
    ledger,
    payment,
    projections,
    retranslate,
    rules,
    status,
    trial_balance,
    up,
    verify,
    what_if,
)
from contraflow.cli.options import Debug, Output

app = typer.Typer(
    help="A double-entry ledger fed by payment gateways and banks, built as one stream.",
    epilog="First steps: contraflow demo. Settings are environment variables, see docs/reference/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"contraflow {version('contraflow')}")
        raise typer.Exit


@app.callback()
def contraflow(
    output: Output = None,
    debug: Debug = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """A double-entry ledger fed by payment gateways and banks, built as one stream."""


app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("status")(status.status)
app.command("ingest")(ingest.ingest)
app.add_typer(ledger.app, name="ledger")
app.command("balance")(balance.balance)
app.command("payment")(payment.payment)
app.command("trial-balance")(trial_balance.trial_balance)
app.add_typer(connectors.app, name="connectors")
app.add_typer(dead.app, name="dead")
app.add_typer(projections.app, name="projections")
app.add_typer(rules.app, name="rules")
app.command("retranslate")(retranslate.retranslate)
app.command("what-if")(what_if.what_if)
app.command("verify")(verify.verify)
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)
