"""Terminal: answers on stdout, as a table for people or as JSON for programs; everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


class OutputFormat(StrEnum):
    """How an answer is written."""

    table = "table"
    json = "json"


class Terminal:
    """Where a command speaks. The options before and after the subcommand end up in the same one.

    Attributes:
        output: how answers are written.
        debug: whether a failure shows its traceback.
    """

    def __init__(self) -> None:
        self.output = OutputFormat.table
        self.debug = False

    def say(self, line: str) -> None:
        """Progress, advice, warnings: one line on stderr."""
        print(line, file=sys.stderr, flush=True)

    def answer(self, data: Any, tables: Iterable[Table] = ()) -> None:
        """The answer: `data` as JSON, or the tables that show the same."""
        if self.output is OutputFormat.json:
            print(json.dumps(data, indent=2, ensure_ascii=False, default=str), flush=True)
            return
        console = self.console()
        for number, table in enumerate(tables):
            if number:
                console.print()
            table.print_on(console)

    def console(self) -> Console:
        """A rich console on stdout. Piped, it does not wrap at 80 columns: programs cut columns themselves."""
        from rich.console import Console

        plain = not sys.stdout.isatty()
        return Console(highlight=False, soft_wrap=plain, width=250 if plain else None)


class Table:
    """Rows under headings, or one record as name and value."""

    def __init__(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()
    ) -> None:
        """`right`: the columns whose values stand at the right edge, as figures do."""
        self.title = title
        self.columns = columns
        self.rows = [[_text(value) for value in row] for row in rows]
        self.right = frozenset(right)

    @classmethod
    def of(cls, title: str, record: Mapping[str, object]) -> Table:
        """One record, a line for each field."""
        return cls(title, (), record.items())

    def print_on(self, console: Console) -> None:
        """Write it."""
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table as RichTable

        if not self.rows:
            console.print(f"[bold]{escape(self.title)}[/bold]: none")
            return
        table = RichTable(
            title=escape(self.title), title_justify="left", box=SIMPLE_HEAD, show_header=bool(self.columns)
        )
        for name in self.columns or ("", ""):
            table.add_column(escape(name), justify="right" if name in self.right else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*(escape(value) for value in row))
        console.print(table)


def terminal_of(context: typer.Context) -> Terminal:
    """The terminal of this run of the program."""
    terminal = context.find_root().ensure_object(Terminal)
    assert isinstance(terminal, Terminal)
    return terminal


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
