"""`contraflow what-if FILE`: what would be posted, as T-accounts, without posting it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.options import BookOption, Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from ledger.facts import Fact
    from ledger.what_if import WhatIf


def what_if(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Facts, gateway events or a bank statement.", metavar="FILE")],
    account: Annotated[
        str | None, typer.Option("--account", help="The account at the source, where the content names none.")
    ] = None,
    payout: Annotated[
        str | None, typer.Option("--payout", help="The payout that balance-transaction pages belong to.")
    ] = None,
    book: BookOption = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Show what the book would make of each fact in a file: decision, rule, and the T-accounts of its entry.

    Every fact is held against the book as it stands, without those before it in the file. What the file holds is told
    by its content, as with `contraflow ingest`. A book that does not exist yet is taken as a new one.
    """
    terminal, settings = prepare(context, book=book)

    import time

    import msgspec

    from contraflow.cli.stored_book import stored_books
    from ledger.accounts import load_chart
    from ledger.rules import load_rules
    from ledger.what_if import what_if as decide

    facts = list(_facts(file, account or "", payout or ""))
    with stored_books(settings, terminal.say) as store:
        loaded = store.load(settings.book)
        if loaded.version == 0:
            chart, rules = load_chart(settings.chart_file), load_rules(settings.rules_file)
            loaded.open(chart, rules, time.time_ns() // 1000)
            found = [(fact, decide(loaded, fact, {})) for fact in facts]
        else:
            lease = store.looking(settings.book)
            found = [(fact, decide(loaded, fact, store.known(lease, loaded.questions([fact])))) for fact in facts]
    answer = [{"key": fact.key, "type": fact.type, **msgspec.to_builtins(decided)} for fact, decided in found]
    terminal.answer(answer, [table for fact, decided in found for table in _tables(fact, decided)])


def _facts(file: Path, account: str, payout: str) -> Iterator[Fact]:
    from connectors import CONNECTORS
    from connectors.connector import Telling
    from connectors.errors import TranslationError
    from contraflow.inbound_file import NotRecognised, pieces_of

    try:
        for piece in pieces_of(file.read_bytes()):
            telling = Telling(
                source=piece.source,
                account=account or piece.account,
                delivery=piece.delivery,
                context={"payout": payout} if payout and piece.kind == "balance-transaction page" else {},
            )
            yield from CONNECTORS[piece.source].translate(piece.raw, telling)
    except NotRecognised as error:
        raise Failed(ExitCode.REFUSED, f"{file}: {error}") from error
    except TranslationError as error:
        raise Failed(ExitCode.REFUSED, f"{file}: {error.code}: {error.detail}") from error


def _tables(fact: Fact, decided: WhatIf) -> Iterator[Table]:
    told = {
        "type": fact.type,
        "decision": decided.decision,
        "rule": decided.rule,
        "effective at": decided.effective_at,
        "position": decided.position or "",
        "waits for": decided.needs,
        "code": decided.code,
        "field": decided.field,
        "detail": decided.detail,
        "flags": ", ".join(decided.flags),
        "hold": decided.hold,
        "held": "; ".join(f"{line.side} {line.account} {line.amount} {line.currency}" for line in decided.held),
    }
    yield Table.of(fact.key, {name: value for name, value in told.items() if value})
    if decided.accounts:
        figures = ("before", "debits", "credits", "after")
        yield Table(
            "T-accounts, minor units",
            ("account", "name", "currency", *figures),
            [
                (
                    row.account,
                    row.name,
                    row.currency,
                    row.before,
                    " ".join(row.debits),
                    " ".join(row.credits),
                    row.after,
                )
                for row in decided.accounts
            ],
            figures,
        )
