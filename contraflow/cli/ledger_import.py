"""`contraflow ledger import`: a plain-text journal becomes entries of a book."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.journal_format import CommodityOption, ConversionOption, ImportFormat, commodities_of
from contraflow.cli.options import BookOption, Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from connectors.journal_commands import JournalCommands
    from contraflow.cli.terminal import Terminal
    from contraflow.settings import Settings
    from ledger.answers import Answer


def import_journal(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The journal, in UTF-8.", metavar="FILE")],
    form: Annotated[ImportFormat, typer.Option("--format", help="What it is written in.")],
    book: BookOption = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Write the commands to stdout, one a line, and apply nothing.")
    ] = False,
    prefix: Annotated[
        str | None,
        typer.Option("--key-prefix", help="Begins the key of every command; without it, the name of the file."),
    ] = None,
    commodity: CommodityOption = None,
    account_type: Annotated[
        list[str] | None,
        typer.Option("--account-type", help="NAME=TYPE for an account and those below it. May stand several times."),
    ] = None,
    conversion_account: ConversionOption = None,
    rounding_account: Annotated[
        str | None, typer.Option("--rounding-account", help="Takes what the journal's tolerance forgives.")
    ] = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Read a journal, post what it says, and check its balance assertions against the book.

    The journal is refused as a whole when something in it cannot be loaded. Imported again, it posts nothing twice.
    Exit code 1 when a command was refused or a balance assertion does not hold; what failed is said.
    """
    terminal, settings = prepare(context, book=book)

    from connectors.errors import JournalRefused
    from connectors.journal_options import JournalOptions
    from contraflow.cli.stored_book import stored_books
    from contraflow.plain_text import read_journal, stored_figures

    text = _text(file)
    options = JournalOptions(
        file=str(file),
        commodities=commodities_of(commodity),
        account_types=dict(_pair(each) for each in account_type or ()),
        existing_accounts=frozenset() if print_only else _accounts(settings, terminal),
        conversion_account=conversion_account or "",
        rounding_account=rounding_account or "",
        key_prefix=file.name if prefix is None else prefix,
    )
    try:
        journal = read_journal(form, text, options)
    except JournalRefused as refused:
        raise Failed(ExitCode.REFUSED, f"nothing of {file} was loaded:\n{refused}") from refused
    for left_out in journal.left_out:
        terminal.say(f"{file}:{left_out.line}: left out, it moves no money: {left_out.what}")
    if print_only:
        sys.stdout.buffer.write(journal.json_lines())
        sys.stdout.buffer.flush()
        return
    answers = _apply(settings, terminal, journal)
    with stored_books(settings, terminal.say) as store:
        faults = journal.failed(stored_figures(store.history(settings.book)))
    decisions = Counter(answer.decision for answer in answers)
    refusals = [answer for answer in answers if answer.decision == "refused"]
    summary = {
        "book": settings.book,
        "commands": len(answers),
        "accepted": decisions["accepted"],
        "repeated": sum(1 for answer in answers if answer.repeated),
        "refused": decisions["refused"],
        "assertions": len(journal.expectations),
        "assertions_failed": len(faults),
    }
    failed = [str(fault) for fault in faults]
    refused_rows = [(each.key, each.command, each.code, each.detail) for each in refusals]
    tables = [Table.of(f"Imported {file.name}", summary)]
    if refusals:
        tables.append(Table("Refused", ("key", "command", "code", "detail"), refused_rows))
    if failed:
        tables.append(Table("Balance assertions that do not hold", ("assertion",), [(each,) for each in failed]))
    refused_json = [dict(zip(("key", "command", "code", "detail"), row, strict=True)) for row in refused_rows]
    terminal.answer({**summary, "refusals": refused_json, "failed": failed}, tables)
    if refusals or faults:
        raise typer.Exit(ExitCode.WRONG)


def _apply(settings: Settings, terminal: Terminal, journal: JournalCommands) -> list[Answer]:
    from contraflow.command_door import command_door
    from contraflow.command_lines import CommandLines

    terminal.say(f"Applying {len(journal.commands):,} commands to book {settings.book}")
    with command_door(settings, settings.book, terminal.say) as answered:
        batches = CommandLines.of_bytes(journal.json_lines()).batches()
        return [answer for answers in answered(batches) for answer in answers]


def _accounts(settings: Settings, terminal: Terminal) -> frozenset[str]:
    """The accounts that the book has, or will be opened with."""
    from contraflow.cli.stored_book import stored_books
    from ledger.accounts import load_chart

    with stored_books(settings, terminal.say) as store:
        book = store.load(settings.book)
    if book.version:
        return frozenset(book.accounts)
    return frozenset(account.code for account in load_chart(settings.chart_file).accounts)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Failed(ExitCode.REFUSED, f"{file} is not UTF-8: {error}") from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not equals or value not in ("asset", "liability", "equity", "income", "expense"):
        raise Failed(ExitCode.USAGE, f"--account-type {text}: write NAME=asset, liability, equity, income or expense")
    return name, value
