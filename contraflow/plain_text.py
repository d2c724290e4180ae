"""Plain-text accounting and the book: journals become commands, stored entries become journals.

Readers and writers of the formats stand in `connectors`; here they meet the book. A balance assertion is checked
against what is stored after the load, in one pass over the book's events: each query in hindsight would read them all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from connectors.beancount_export import beancount_text
from connectors.beancount_journal import beancount_commands
from connectors.csv_journal import csv_commands
from connectors.hledger_export import hledger_text
from connectors.hledger_journal import hledger_commands
from connectors.journal_commands import JournalCommands
from connectors.journal_options import JournalOptions
from connectors.journal_rows import AccountRow, EntryRow
from contraflow.cli.journal_format import ExportFormat, ImportFormat
from ledger.entries import Line
from ledger.events import EntryPosted, Recorded
from ledger.trial_balance import effective_day

if TYPE_CHECKING:
    from ledger.book import Book

Figures = Callable[[dict[str, Any]], Mapping[str, str]]


def read_journal(form: ImportFormat, text: str, options: JournalOptions) -> JournalCommands:
    """Read a journal; raises `JournalRefused` with every fault of it."""
    match form:
        case ImportFormat.beancount:
            return beancount_commands(text, options)
        case ImportFormat.hledger:
            return hledger_commands(text, options)
        case ImportFormat.csv:
            return csv_commands(text, options)


def write_journal(form: ExportFormat, book: Book, events: Iterable[Recorded], options: JournalOptions) -> str:
    """The book as a journal; raises `ExportRefused` for what the format cannot hold."""
    accounts = [
        AccountRow(
            code=account.code,
            type=account.type,
            currencies=account.currencies,
            metadata=account.metadata,
            closed=account.closed,
        )
        for account in book.accounts.values()
    ]
    balances = {place: debits - credits for place, (debits, credits) in book.balances.items()}
    write = beancount_text if form is ExportFormat.beancount else hledger_text
    return write(accounts, entry_rows(events), balances, options)


def entry_rows(events: Iterable[Recorded]) -> list[EntryRow]:
    """The entries among these events, in their order."""
    rows = []
    for recorded, posted in _posted(events):
        fact = posted.fact
        day = effective_day(fact.effective_at, recorded.recorded_at_us)
        rows.append(
            EntryRow(
                effective_at=fact.effective_at if fact.effective_at.startswith(day) else day,
                lines=tuple((line.account, line.side, line.amount, line.currency) for line in posted.lines),
                description=fact.attributes.get("description", ""),
                key=fact.key,
                reference=fact.attributes.get("reference", ""),
                metadata=fact.metadata,
            )
        )
    return rows


def stored_figures(events: Iterable[Recorded]) -> Figures:
    """Answers ``balance`` queries, with ``as_of`` or without, from a book's events."""
    moves: dict[tuple[str, str], list[tuple[str, Line]]] = {}
    for recorded, posted in _posted(events):
        day = effective_day(posted.fact.effective_at, recorded.recorded_at_us)
        for line in posted.lines:
            moves.setdefault((line.account, line.currency), []).append((day, line))
    sums = {place: _running(sorted(told, key=lambda move: move[0])) for place, told in moves.items()}

    def figures(query: dict[str, Any]) -> Mapping[str, str]:
        days, debits, credits = sums.get((query["account"], query["currency"]), ([], [0], [0]))
        at = bisect_right(days, query["as_of"]) if query.get("as_of") else len(days)
        return {"posted_debits": str(debits[at]), "posted_credits": str(credits[at])}

    return figures


def _posted(events: Iterable[Recorded]) -> Iterable[tuple[Recorded, EntryPosted]]:
    for recorded in events:
        if recorded.type == "EntryPosted":
            event = recorded.event()
            assert isinstance(event, EntryPosted)
            yield recorded, event


def _running(moves: Sequence[tuple[str, Line]]) -> tuple[list[str], list[int], list[int]]:
    """The days, and what stood on each side before the first of them and after each."""
    days = [day for day, _ in moves]
    debits = accumulate((int(line.amount) if line.side == "debit" else 0 for _, line in moves), initial=0)
    credits = accumulate((int(line.amount) if line.side == "credit" else 0 for _, line in moves), initial=0)
    return days, list(debits), list(credits)
