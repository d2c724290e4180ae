"""`contraflow verify`: every law checked again, and every projection held against its rebuild."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table, Terminal

if TYPE_CHECKING:
    from ledger.verification import BookReport
    from projections.rebuild import Rebuilt


def verify(context: typer.Context, output: Output = None, debug: Debug = False) -> None:
    """Read every book from its first event and check each law; fold every projection anew and compare row by row.

    Nothing is changed. A running pipeline may go on meanwhile. Exit code 1 when something is wrong.
    """
    terminal, settings = prepare(context)

    from contraflow.servers import readable_postgres
    from contraflow.wiring import postgres_dsn

    with readable_postgres(settings, terminal.say) as readable:
        dsn = postgres_dsn(readable)
        reports = _verified(dsn, terminal)
        rebuilds = _compared(dsn, terminal)
    sound = not any(report.findings for report in reports) and all(rebuilt.equal for rebuilt in rebuilds)
    answer = {
        "sound": sound,
        "books": [asdict(report) for report in reports],
        "projections": [_as_json(rebuilt) for rebuilt in rebuilds],
    }
    terminal.answer(answer, _tables(reports, rebuilds))
    if not sound:
        terminal.say("contraflow: something is wrong; stop what writes and keep the data before anything else")
        raise typer.Exit(ExitCode.WRONG)


def _verified(dsn: str, terminal: Terminal) -> list[BookReport]:
    import psycopg

    from ledger.verification import verify_ledger

    with psycopg.connect(dsn, autocommit=True, application_name="contraflow-verify") as connection:
        return verify_ledger(connection, terminal.say)


def _compared(dsn: str, terminal: Terminal) -> list[Rebuilt]:
    from projections.projection import PROJECTIONS
    from projections.rebuild import compare

    found = []
    for name in PROJECTIONS:
        found.append(compare(dsn, name))
        terminal.say(f"{name}: {found[-1].rows:,} rows compared with their rebuild")
    return found


def _as_json(rebuilt: Rebuilt) -> dict[str, Any]:
    import msgspec

    built: dict[str, Any] = msgspec.to_builtins(rebuilt)
    return built


def _tables(reports: list[BookReport], rebuilds: list[Rebuilt]) -> list[Table]:
    figures = ("events", "entries", "position", "rows")
    findings = [(each.book, each.law, each.position, each.detail) for report in reports for each in report.findings]
    differences = [
        (rebuilt.name, rebuilt.difference.table, rebuilt.difference.live or "", rebuilt.difference.rebuilt or "")
        for rebuilt in rebuilds
        if rebuilt.difference is not None
    ]
    tables = [
        Table(
            "Books",
            ("book", "events", "entries", "laws", "seal"),
            [
                (each.book, each.events, each.entries, "BROKEN" if each.findings else "kept", each.seal[:16])
                for each in reports
            ],
            figures,
        ),
        Table(
            "Projections against their rebuild",
            ("projection", "events", "rows", "rebuild"),
            [(each.name, each.events, each.rows, "identical" if each.equal else "DIFFERS") for each in rebuilds],
            figures,
        ),
    ]
    if findings:
        tables.append(Table("Broken laws", ("book", "law", "position", "detail"), findings, figures))
    if differences:
        tables.append(Table("First differing rows", ("projection", "table", "live", "rebuilt"), differences))
    return tables
