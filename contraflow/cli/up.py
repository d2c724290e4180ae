"""`contraflow up`: the whole pipeline in the foreground, or some of its parts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import OutputFormat, Terminal

if TYPE_CHECKING:
    from contraflow.pipeline import Pipeline
    from contraflow.stop_request import StopRequest

READY_REMIND_S = 30.0


class PartName(StrEnum):
    """The parts of the pipeline."""

    api = "api"
    posting = "posting"
    publishing = "publishing"
    projecting = "projecting"
    polling = "polling"


def up(
    context: typer.Context,
    only: Annotated[
        list[PartName] | None,
        typer.Option("--only", help="Run only this part; repeat it for several.", show_default=False),
    ] = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Run the pipeline, or parts of it, in the foreground.

    Starts an embedded Kafka and PostgreSQL unless CONTRAFLOW_KAFKA and CONTRAFLOW_POSTGRES name yours, makes topics and
    tables, then keeps every part running. Ctrl-C or SIGTERM stops all of it.
    """
    terminal, settings = prepare(context, long_running=True)

    from contraflow.parts import needed_parts
    from contraflow.pipeline import Pipeline
    from contraflow.stop_request import StopRequest

    names = sorted({part.value for part in only}) if only else needed_parts(settings)
    with StopRequest.listening() as stop:
        with Pipeline.running(settings, names, terminal.say) as pipeline:
            stop.hold()
            if _wait_ready(pipeline, stop, terminal):
                _announce(terminal, pipeline)
            pipeline.run(stop)
            terminal.say(f"{stop.signal_name}: stopping")
        terminal.say("Stopped; nothing is left running")


def _wait_ready(pipeline: Pipeline, stop: StopRequest, terminal: Terminal) -> bool:
    """However long it takes: somebody may be mending a server meanwhile. False when asked to stop."""
    from contraflow.pipeline import NotReady

    while True:
        try:
            return pipeline.wait_ready(stop, wait_s=READY_REMIND_S)
        except NotReady as error:
            terminal.say(f"Still starting: {error}")


def _announce(terminal: Terminal, pipeline: Pipeline) -> None:
    from contraflow.pipeline import api_url

    settings = pipeline.settings
    url = api_url(settings) if "api" in pipeline.names else None
    if terminal.output is OutputFormat.json:
        terminal.answer({"api": url, "kafka": settings.kafka, "pids": pipeline.supervisor.pids})
        return
    console = terminal.console()
    console.print(f"Running: {', '.join(pipeline.supervisor.pids)}. Ctrl-C stops.")
    if url is None:
        return
    console.print(f"  API       {url}        (in a browser: {url}/docs)")
    for name, endpoint in settings.endpoints.items():
        console.print(f"  webhooks  {url}/webhooks/{endpoint.gateway}/{name}")
    if not settings.endpoints:
        console.print("  webhooks  none: name an endpoint, see docs/reference/settings.md")
    console.print("Try next, in another terminal:")
    console.print("  contraflow status")
    console.print("  contraflow ingest FILE...")
    console.print(f"  curl {url}/books/{settings.book}/trial-balance")
