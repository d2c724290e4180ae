"""`contraflow retranslate`: raw records read again with today's translators; the difference is shown, or applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contraflow.cli.options import BookOption, Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from contraflow.retranslation import Change, Retranslation
    from contraflow.settings import Settings
    from ledger.facts import Fact

SHOWN_MAX = 50


def retranslate(
    context: typer.Context,
    book: BookOption = None,
    source: Annotated[str | None, typer.Option("--source", help="Only records of this source.")] = None,
    from_position: Annotated[
        int,
        typer.Option("--from", min=1, help="Only records from which this position or a later one was decided."),
    ] = 1,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it: reverse what reads otherwise, and tell it anew.")
    ] = False,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show what today's translators make of the raw records that the book was told from.

    What reads the same is left alone. With --apply, what reads otherwise is taken back by a reversal and told anew
    under a revision of its key (`<key>@2`); nothing that was posted is changed. Stopped in the middle, run it again.
    """
    terminal, settings = prepare(context, book=book)

    from connectors import CONNECTORS
    from contraflow.cli.stored_book import must_exist, stored_books
    from contraflow.retranslation import retranslate as read_again

    with stored_books(settings, terminal.say) as store:
        must_exist(store, settings.book)
        found = read_again(store, settings.book, CONNECTORS, source=source or "", from_position=from_position)
    applied = _apply(settings, found, terminal.say) if apply else {}
    changes = [_change(each) for each in found.changes]
    told: dict[str, Any] = {
        "book": settings.book,
        "records": found.records,
        "facts": found.facts,
        "untranslatable": dict(found.untranslatable),
        "changes": changes,
        "applied": applied if apply else None,
    }
    summary: dict[str, object] = {
        "records": found.records,
        "facts": found.facts,
        "cannot be translated": found.untranslatable.total(),
        "different": len(changes),
        **(applied or {"applied": "nothing; --apply does it"}),
    }
    columns = tuple(changes[0]) if changes else ()
    shown = [tuple(each.values()) for each in changes[:SHOWN_MAX]]
    title = f"The first {len(shown)} of {len(changes)} that differ"
    terminal.answer(told, [Table.of("Read again", summary), Table(title, columns, shown, ("position", "revision"))])


def _apply(settings: Settings, found: Retranslation, say: Any) -> dict[str, int]:
    from contraflow.command_door import command_door
    from contraflow.command_lines import CommandLines
    from contraflow.fact_door import tell_facts

    reversing = [(change, command) for change in found.changes if (command := change.reversal()) is not None]
    refused = set()
    if reversing:
        lines = CommandLines.of_bytes(b"\n".join(command for _, command in reversing))
        with command_door(settings, settings.book, say) as answered:
            answers = [each for some in answered(lines.batches()) for each in some]
        for (change, _), answer in zip(reversing, answers, strict=True):
            if answer.decision == "refused":
                # Somebody took it back already and may have posted it anew: telling it again would count it twice.
                say(f"{change.standing_key}: not reversed, and not told anew: {answer.code}: {answer.detail}")
                refused.add(change.key)
    facts = [fact for change in found.changes if change.key not in refused and (fact := change.fact()) is not None]
    told = tell_facts(settings, settings.book, facts, say)
    return {"reversed": len(reversing) - len(refused), "refused": len(refused), "told": told}


def _change(change: Change) -> dict[str, Any]:
    before = change.before.fact if change.before is not None else None
    fact = change.after or before
    return {
        "kind": change.kind,
        "key": change.key,
        "revision": change.revision,
        "position": change.before.position if change.before is not None else None,
        "field": change.field,
        "type": fact.type if fact is not None else "",
        "before": _amounts(before),
        "after": _amounts(change.after),
    }


def _amounts(fact: Fact | None) -> str:
    amounts = fact.amounts.items() if fact is not None else ()
    return "; ".join(f"{name} {money.amount} {money.currency}" for name, money in amounts)
