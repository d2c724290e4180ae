"""`contraflow bench NAME`: measured figures of this machine, one JSON object a bench."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.options import Debug
from contraflow.cli.preparation import prepare


def bench(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="post, pipeline, latency, rebuild, api, processor or all.", metavar="NAME")
    ],
    seconds: Annotated[
        float, typer.Option("--seconds", help="How long load is held; 0 for the bench's own default.", min=0)
    ] = 0,
    facts: Annotated[int, typer.Option("--facts", help="How many facts; 0 for the bench's own default.", min=0)] = 0,
    accounts: Annotated[int, typer.Option("--accounts", help="Over how many accounts.", min=1)] = 10_000,
    rate_per_s: Annotated[int, typer.Option("--rate", help="latency: webhooks offered a second.", min=1)] = 200,
    one_by_one: Annotated[
        int, typer.Option("--one-by-one", help="post: callers that each wait for their own fact; 0: batches.", min=0)
    ] = 0,
    batch: Annotated[int, typer.Option("--batch", help="post: facts in a batch.", min=1)] = 4_000,
    debug: Debug = False,
) -> None:
    """Measure. Prints one JSON object for each bench on stdout, whatever -o says; progress goes to stderr.

    Starts embedded servers of its own in a temporary directory, or uses those that the settings name.
    """
    terminal, settings = prepare(context)

    from contraflow.bench import BENCHES, BenchOptions, run

    if name not in (*BENCHES, "all"):
        raise Failed(ExitCode.NOT_FOUND, f"there is no bench {name!r}; there are {', '.join(BENCHES)} and all")
    options = BenchOptions(
        settings=settings,
        seconds=seconds,
        facts=facts,
        accounts=accounts,
        rate_per_s=rate_per_s,
        one_by_one=one_by_one,
        batch=batch,
        progress=terminal.say,
    )
    for each in BENCHES if name == "all" else (name,):
        terminal.say(f"bench {each}")
        print(json.dumps(run(each, options)), flush=True)
