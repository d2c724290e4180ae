"""`contraflow ledger export`: a book as a plain-text journal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.journal_format import CommodityOption, ConversionOption, ExportFormat, commodities_of
from contraflow.cli.options import BookOption, Debug
from contraflow.cli.preparation import prepare


def export(
    context: typer.Context,
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
    book: BookOption = None,
    commodity: CommodityOption = None,
    conversion_account: ConversionOption = None,
    debug: Debug = False,
) -> None:
    """Write every account and entry of a book to stdout as a journal, with its balances as assertions at the end.

    Their own checkers accept it, and `contraflow ledger import` reads it back.
    """
    terminal, settings = prepare(context, book=book)

    from connectors.errors import ExportRefused
    from connectors.journal_options import JournalOptions
    from contraflow.cli.stored_book import must_exist, stored_books
    from contraflow.plain_text import write_journal

    options = JournalOptions(commodities=commodities_of(commodity), conversion_account=conversion_account or "")
    with stored_books(settings, terminal.say) as store:
        must_exist(store, settings.book)
        loaded = store.load(settings.book)
        events = (event for event in store.history(settings.book) if event.position <= loaded.version)
        try:
            text = write_journal(form, loaded, events, options)
        except ExportRefused as refused:
            raise Failed(ExitCode.REFUSED, f"book {settings.book!r} cannot be written: {refused}") from refused
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()
