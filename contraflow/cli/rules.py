"""`contraflow rules ...`: what other posting rules would make of a book, and their adoption."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.options import BookOption, Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from ledger.entries import Line
    from ledger.rules_diff import Difference, RulesDiff

app = typer.Typer(help="Compare posting rules with those of a book, and adopt them.", no_args_is_help=True)

RulesFile = Annotated[Path, typer.Option("--rules", help="The posting rules, a JSON file.")]
EXAMPLES_SHOWN = 20


@app.command("diff")
def diff(
    context: typer.Context,
    rules: RulesFile,
    from_position: Annotated[
        int, typer.Option("--from", min=1, help="Facts decided before this position are not compared.")
    ] = 1,
    book: BookOption = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show which entries of the book would be different under other rules, by account and month. Nothing is changed."""
    terminal, settings = prepare(context, book=book)

    import msgspec

    from contraflow.cli.stored_book import must_exist, stored_books
    from ledger.rules import load_rules
    from ledger.rules_diff import rules_diff

    compared_with = load_rules(rules)
    with stored_books(settings, terminal.say) as store:
        must_exist(store, settings.book)
        found = rules_diff(store.history(settings.book), compared_with, from_position=from_position)
    answer: dict[str, Any] = {"book": settings.book, "from_position": from_position, **msgspec.to_builtins(found)}
    terminal.answer(answer, _tables(found))


@app.command("adopt")
def adopt(
    context: typer.Context,
    rules: RulesFile,
    description: Annotated[str, typer.Option("--description", help="Why, for whoever reads the journal.")] = "",
    key: Annotated[
        str | None,
        typer.Option("--key", help="Idempotency key; without it, made from the rules and the book's position."),
    ] = None,
    book: BookOption = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Post facts by these rules from here on. What was posted before stays as it is.

    Look at `contraflow rules diff` first. Through a running pipeline, or as the writer when none runs.
    """
    terminal, settings = prepare(context, book=book)

    import msgspec

    from contraflow.cli.stored_book import must_exist, stored_books
    from contraflow.command_door import command_door
    from contraflow.command_lines import CommandLines
    from ledger.facts import name_digest
    from ledger.rules import load_rules

    document = load_rules(rules).document
    with stored_books(settings, terminal.say) as store:
        must_exist(store, settings.book)
        head = store.books()[settings.book]
    digest = name_digest(msgspec.json.encode(document, order="sorted").decode()).hex()
    command = {
        "command": "adopt_rules",
        "key": key or f"rules/{digest}/{head}",
        "rules": document,
        "description": description,
    }
    lines = CommandLines.of_bytes(msgspec.json.encode(command))
    with command_door(settings, settings.book, terminal.say) as answered:
        (answer,) = [each for answers in answered(lines.batches()) for each in answers]
    if answer.decision == "refused":
        raise Failed(ExitCode.REFUSED, f"{rules}: {answer.code}: {answer.detail}")
    told = {"book": settings.book, "position": answer.position, "key": answer.key}
    terminal.answer(told, [Table.of("Rules adopted", told)])


def _tables(found: RulesDiff) -> list[Table]:
    figures = ("before", "after", "entries")
    months = [(row.account, row.month, row.currency, row.before, row.after, row.entries) for row in found.months]
    shown = found.examples[:EXAMPLES_SHOWN]
    return [
        Table.of("Rules compared", {"facts": found.facts, "different": found.different}),
        Table(
            "Debits less credits by account and month, minor units",
            ("account", "month", "currency", *figures),
            months,
            figures,
        ),
        Table(
            f"The first {len(shown)} of {found.different} that differ",
            ("position", "day", "type", "key", "before", "after"),
            [(each.position, each.day, each.type, each.key, _before(each), _after(each)) for each in shown],
            ("position",),
        ),
    ]


def _before(each: Difference) -> str:
    return each.code_before or _made(each.before, each.hold_before, each.held_before)


def _after(each: Difference) -> str:
    return each.code_after or _made(each.after, each.hold_after, each.held_after)


def _made(entry: tuple[Line, ...], hold: str, held: tuple[Line, ...]) -> str:
    made = [_lines(entry) or "no entry"]
    if hold:
        made.append(f"hold: {hold} {_lines(held)}".rstrip())
    return "; ".join(made)


def _lines(lines: tuple[Line, ...]) -> str:
    return "; ".join(f"{line.side} {line.account} {line.amount} {line.currency}" for line in lines)
