"""`contraflow ingest FILE...`: files become records in the inbound topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from contraflow.inbound_file import InboundPiece
    from contraflow.settings import Settings
    from streams.intake import Told


def ingest(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files to send, in this order.", metavar="FILE...")],
    source: Annotated[
        str | None, typer.Option("--source", help="Send as this source, whatever the content looks like.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="The account at the source, where the content names none.")
    ] = None,
    payout: Annotated[
        str | None, typer.Option("--payout", help="The payout that balance-transaction pages belong to.")
    ] = None,
    book: Annotated[str | None, typer.Option("--book", help="The book; without it, what the settings say.")] = None,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Send raw events, pages and answers of gateways, facts or bank statements to the inbound topics.

    What a file holds is told by its content. All files are read and recognised before anything is sent. Files sent
    twice are posted once. Without a running pipeline the embedded servers are started, and stopped again.
    """
    terminal, settings = prepare(context, book=book)

    from contraflow.pipeline import prepare_stores, read_parts
    from contraflow.servers import any_servers
    from contraflow.wiring import kafka_config
    from streams.intake import ingest as send

    told = [each for path in files for each in _told(path, settings, source, account, payout, book is not None)]
    with any_servers(settings, terminal.say) as servers:
        prepare_stores(servers, terminal.say)
        terminal.say(f"Sending {len(told)} records")
        sent = send(kafka_config(servers), told)
    topics = Counter(f"{settings.topic_prefix}inbound.{each.source}" for each in told)
    by_book = Counter(each.book for each in told)
    terminal.answer(
        {"records": sent, "topics": topics, "books": by_book},
        [Table("Sent", ("topic", "records"), sorted(topics.items()), ("records",))],
    )
    if not read_parts(settings.data_dir):
        terminal.say("No pipeline runs here: the records are posted when one does (contraflow up)")


def _told(
    path: Path, settings: Settings, source: str | None, account: str | None, payout: str | None, book_given: bool
) -> Iterator[Told]:
    from contraflow.inbound_file import NotRecognised, pieces_of
    from streams.intake import Told

    raw = path.read_bytes()
    if source is not None:
        yield Told(raw, settings.book, source, account or "", context={"payout": payout} if payout else {})
        return
    try:
        pieces: Sequence[InboundPiece] = pieces_of(raw)
    except NotRecognised as error:
        raise Failed(ExitCode.REFUSED, f"{path}: {error}. Nothing was sent; --source says what it is.") from error
    for piece in pieces:
        yield Told(
            piece.raw,
            _book(piece, settings, book_given),
            piece.source,
            _account(piece, path, settings, account),
            delivery=piece.delivery,
            context={"payout": payout} if payout and piece.kind == "balance-transaction page" else {},
        )


def _book(piece: InboundPiece, settings: Settings, book_given: bool) -> str:
    """The bank account's book where the settings know the account and no book was given."""
    bank = settings.bank_account(piece.account) if piece.source == "camt053" and not book_given else None
    return settings.book if bank is None else bank.book


def _account(piece: InboundPiece, path: Path, settings: Settings, given: str | None) -> str:
    """Keys of facts begin with the account, so a gateway's record needs one: given, in it, or the only endpoint's."""
    if given is not None or piece.source in ("facts", "camt053"):
        return given or piece.account
    accounts = {endpoint.account for endpoint in settings.endpoints.values() if endpoint.gateway == piece.source}
    accounts |= {account.account for account in settings.gateways.values() if account.gateway == piece.source}
    if not piece.account and len(accounts) != 1:
        raise Failed(
            ExitCode.USAGE, f"{path}: this {piece.kind} of {piece.source} does not say whose it is: give --account"
        )
    return piece.account or accounts.pop()
