"""`contraflow connectors`: which gateways can be spoken to, whether they can be reached, and how they are."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    import psycopg

    from contraflow.settings import Settings
    from streams.polling import PollingConfig

app = typer.Typer(help="Gateways: list them, test an account, see how polling is.", no_args_is_help=True)

AccountName = Annotated[str, typer.Argument(help="The account's name in the settings.", metavar="ACCOUNT")]


@app.command("list")
def list_connectors(context: typer.Context, output: Output = None, debug: Debug = False) -> None:
    """Show the connectors with what they can do, and the accounts that the settings name. Asks nobody."""
    terminal, settings = prepare(context)

    from connectors import CONNECTORS

    manifests = [each.manifest for each in CONNECTORS.values() if each.manifest is not None]
    known: list[dict[str, Any]] = [
        {
            "name": manifest.name,
            "title": manifest.title,
            "version": manifest.version,
            "capabilities": sorted(manifest.capabilities),
            "auth": manifest.auth.kind,
            "streams": [stream.name for stream in manifest.streams if not stream.by_id],
        }
        for manifest in manifests
    ]
    accounts = [
        {
            "name": name,
            "gateway": each.gateway,
            "account": each.account,
            "book": each.book,
            "environment": each.environment,
            "polled": not each.missing(),
            "missing": list(each.missing()),
        }
        for name, each in settings.gateways.items()
    ]
    terminal.answer(
        {"connectors": known, "accounts": accounts},
        [_table("Connectors", known), _table("Accounts", accounts)],
    )


@app.command("test")
def test_account(context: typer.Context, account: AccountName, output: Output = None, debug: Debug = False) -> None:
    """Make one harmless call with the account's credentials, and say what is wrong when it fails."""
    terminal, settings = prepare(context)

    from contraflow.gateway_visit import VisitFailed, check

    with _config(settings, account, terminal.say) as config:
        try:
            asked = check(config)
        except VisitFailed as error:
            raise Failed(ExitCode.WRONG, f"{account}: {error}") from None
    told = {"account": account, "asked": asked, "answer": "ok"}
    terminal.answer(told, [Table.of(f"Account {account}", told)])


@app.command("health")
def health(context: typer.Context, output: Output = None, debug: Debug = False) -> None:
    """Show how every account is; exit code 1 when somebody has to look."""
    terminal, settings = prepare(context)

    from contraflow.gateway_health import account_health

    with _postgres(settings, terminal.say) as connection:
        found = account_health(connection, settings, time.time_ns() // 1000)
    accounts = [
        {name: value for name, value in each.as_json().items() if name != "streams"}
        | {"open_breakers": ", ".join(each.open_breakers)}
        for each in found
    ]
    streams = [{"account": each.name, **stream} for each in found for stream in each.as_json()["streams"]]
    terminal.answer([each.as_json() for each in found], [_table("Accounts", accounts), _table("Streams", streams)])
    if not all(each.is_well for each in found):
        raise typer.Exit(ExitCode.WRONG)


@app.command("poll")
def poll(
    context: typer.Context,
    account: AccountName,
    stream: Annotated[str, typer.Option("--stream", help="The stream to read, as `connectors list` names them.")],
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Read from this day on, beside the place that is saved."),
    ] = None,
    object_id: Annotated[
        str | None, typer.Option("--id", help="Instead, read this one object, of a stream that is read by id.")
    ] = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Read one stream now, to the present, and what it makes us fetch.

    Goes on from the saved place and moves it; with --since it reads once more what was read before, which posts nothing
    that is posted already. The records are posted when a pipeline runs.
    """
    terminal, settings = prepare(context)

    from dataclasses import asdict

    from contraflow.gateway_visit import VisitFailed, fetch_one, read_stream

    since_s = None if since is None else int(since.replace(tzinfo=UTC).timestamp())
    with _config(settings, account, terminal.say) as config:
        streams = {each.name: each for each in config.gateways[0].manifest.streams}
        if stream not in streams or streams[stream].by_id != (object_id is not None):
            able = ", ".join(name for name, each in streams.items() if each.by_id == (object_id is not None))
            raise Failed(ExitCode.USAGE, f"--stream {stream}: use one of {able}")
        try:
            if object_id is not None:
                visit = fetch_one(config, stream, object_id)
            else:
                visit = read_stream(config, stream, since_s=since_s, say=terminal.say)
        except VisitFailed as error:
            raise Failed(ExitCode.WRONG, f"{account}: {error}") from None
    told = {"account": account, **asdict(visit)}
    terminal.answer(told, [Table.of("Read", told)])


@app.command("gaps")
def gaps(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, oldest first.", min=1, max=100_000)] = 1000,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show what polling saw and no webhook told; exit code 1 when there is anything."""
    terminal, settings = prepare(context)

    from dataclasses import asdict

    from contraflow.gateway_health import gaps as read_gaps

    with _postgres(settings, terminal.say) as connection:
        found = [asdict(each) for each in read_gaps(connection, settings, time.time_ns() // 1000, limit)]
    terminal.answer(found, [_table("Gaps", found)])
    if found:
        raise typer.Exit(ExitCode.WRONG)


@app.command("skipped")
def skipped(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, newest first.", min=1, max=100_000)] = 1000,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show what was passed over: objects that were not there, items that no record may carry."""
    terminal, settings = prepare(context)

    from dataclasses import asdict

    from contraflow.gateway_health import skipped as read_skipped

    with _postgres(settings, terminal.say) as connection:
        found = [asdict(each) for each in read_skipped(connection, limit)]
    terminal.answer(found, [_table("Passed over", found)])


@app.command("resume")
def resume(context: typer.Context, account: AccountName, output: Output = None, debug: Debug = False) -> None:
    """Let an account and its streams that were paused go on."""
    terminal, settings = prepare(context)

    from contraflow.gateway_health import resume as end_pauses

    _known(settings, account)
    with _postgres(settings, terminal.say) as connection:
        ended = end_pauses(connection, account)
    told = {"account": account, "resumed": ended}
    terminal.answer(
        told, [Table.of("Resumed", {"account": account, "resumed": ", ".join(ended) or "nothing was paused"})]
    )


@contextlib.contextmanager
def _postgres(settings: Settings, say: Callable[[str], None]) -> Iterator[psycopg.Connection[Any]]:
    """The schema `gateways`, made when it is missing."""
    import psycopg

    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn
    from streams.gateway_schema import migrate_gateways

    with (
        readable_postgres(settings, say) as readable,
        psycopg.connect(postgres_dsn(readable), autocommit=True) as connection,
    ):
        migrate_gateways(connection)
        yield connection


@contextlib.contextmanager
def _config(settings: Settings, account: str, say: Callable[[str], None]) -> Iterator[PollingConfig]:
    """What speaks for one account, with both servers running."""
    from contraflow.pipeline import prepare_stores
    from contraflow.servers import any_servers
    from contraflow.wiring import polling_config

    _known(settings, account)
    if missing := settings.gateways[account].missing():
        raise Failed(ExitCode.SETTINGS, f"CONTRAFLOW_GATEWAYS__{account.upper()}: {', '.join(missing)} is not set")
    with any_servers(settings, say) as servers:
        config = polling_config(servers, [account])
        prepare_stores(servers, say)
        yield config


def _known(settings: Settings, account: str) -> None:
    if account not in settings.gateways:
        named = ", ".join(settings.gateways) or "none"
        raise Failed(ExitCode.NOT_FOUND, f"the settings name no account {account!r}; they name: {named}")


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = list(rows[0]) if rows else []
    shown = [[", ".join(value) if isinstance(value, list) else value for value in row.values()] for row in rows]
    return Table(title, columns, shown, ("items", "behind_s", "gaps", "skipped", "waiting_fetches"))
