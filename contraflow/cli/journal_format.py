"""Options of importing and exporting plain-text journals."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed

if TYPE_CHECKING:
    from connectors.commodities import Commodity


class ImportFormat(StrEnum):
    """What a journal may be written in."""

    beancount = "beancount"
    hledger = "hledger"
    csv = "csv"


class ExportFormat(StrEnum):
    """What a book may be written as."""

    beancount = "beancount"
    hledger = "hledger"


CommodityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--commodity",
        help="NAME=COD:DIGITS for a commodity that is no ISO 4217 currency: its code in the book and its decimal"
        " digits, for example HOOL=XHO:4. May stand several times.",
    ),
]
ConversionOption = Annotated[
    str | None,
    typer.Option("--conversion-account", help="Against which both sides of a price or cost are balanced."),
]


def commodities_of(texts: Sequence[str] | None) -> dict[str, Commodity]:
    """The mapping that the options say; raises `Failed` for one that says none."""
    from connectors.commodities import CommodityUnknown, parse_mapping

    try:
        return dict(parse_mapping(text) for text in texts or ())
    except CommodityUnknown as error:
        raise Failed(ExitCode.USAGE, str(error)) from error
