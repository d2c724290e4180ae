"""How hledger's journal format writes dates, tags and amounts (https://hledger.org/hledger.html#journal).

Decimal marks are the delicate part: where nothing tells whether ``1,000`` is one thousand or one, it is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final
from urllib.parse import quote, unquote

from connectors.commodities import DIGITS_MAX, Commodities, CommodityUnknown
from connectors.journal_faults import BadLine
from connectors.journal_transaction import Quantity

_SYMBOL: Final = r'"[^"]+"|[^\s0-9.,;@*+\-"{}=()\[\]]+'
_AMOUNT: Final = re.compile(
    rf"\s*(?P<sign>[-+]?)\s*(?P<left>{_SYMBOL})?\s*(?P<inner>[-+]?)\s*(?P<number>[0-9.,]*[0-9][0-9.,]*)"
    rf"(?:[ \t]*(?P<right>{_SYMBOL}))?"
)
_DATE: Final = re.compile(r"(?:([0-9]{4})[-/.])?([0-9]{1,2})[-/.]([0-9]{1,2})")
_TAG: Final = re.compile(r"(?:^|(?<=[\s,;]))([^\s,:;]+):([^,]*)")
OUR_TAGS: Final = "contraflow-"


@dataclass(slots=True)
class Styles:
    """How a journal writes amounts, gathered from its directives before its transactions are read.

    Attributes:
        mark: decimal mark of the whole file; empty when none is declared.
        marks, digits: decimal mark and digits by commodity.
        default: commodity of numbers that have none.
    """

    mark: str = ""
    marks: dict[str, str] = field(default_factory=dict)
    digits: dict[str, int] = field(default_factory=dict)
    default: str = ""


def day_of(text: str, year: int | None) -> str:
    """The ISO 8601 date of ``2024-01-31``, ``2024/1/31``, ``2024.1.31`` or, with a default year, ``1/31``."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadLine("date_malformed", f"{text[:40]!r} is no date of the form 2024-01-31")
    if match[1] is None and year is None:
        raise BadLine("date_malformed", f"{text!r} has no year: write it, or a Y directive above")
    try:
        found = date(int(match[1]) if match[1] else year or 0, int(match[2]), int(match[3]))
    except ValueError as error:
        raise BadLine("date_malformed", f"{text!r} is no day of the calendar") from error
    if not 1000 <= found.year < 9999:
        raise BadLine("date_malformed", f"{text!r} is not within the years 1000 to 9998")
    return found.isoformat()


def tags_of(comment: str) -> Iterator[tuple[str, str]]:
    """Names and values of the tags in a comment; values of our own are percent-decoded."""
    for name, value in _TAG.findall(comment):
        value = value.strip()
        yield name, unquote(value) if name.startswith(OUR_TAGS) else value


def tag_text(name: str, value: str) -> str:
    """A tag as a comment line holds it; values of our own are percent-encoded."""
    return f"{name}:{quote(value, safe='/@.-_~') if name.startswith(OUR_TAGS) else value}"


def amount_of(text: str, at: int, styles: Styles, commodities: Commodities) -> tuple[Quantity | None, int]:
    """The amount at a place in a line and where it ends; None for a bare zero, which is zero of anything."""
    match = _AMOUNT.match(text, at)
    if match is None or (match["left"] and match["right"]):
        raise BadLine("amount_malformed", f"{text[at:].strip()[:60]!r} does not begin with an amount")
    if match["sign"] and match["inner"]:
        raise BadLine("amount_malformed", f"{match.group().strip()[:60]!r} has two signs")
    symbol = (match["left"] or match["right"] or "").strip('"')
    name = symbol or styles.default
    value, digits, _ = decimal_of(match["number"], styles.marks.get(name) or styles.mark)
    if not name:
        if value:
            detail = f"{match.group().strip()[:60]!r} has no commodity: write it, or a D directive above"
            raise BadLine("commodity_missing", detail)
        return None, match.end()
    try:
        canonical = commodities.canonical(name)
    except CommodityUnknown as error:
        raise BadLine("commodity_unknown", str(error)) from error
    if "-" in (match["sign"], match["inner"]):
        value = -value
    return Quantity(value, canonical, digits), match.end()


def style_of(text: str, styles: Styles) -> tuple[str, str, int]:
    """Commodity, decimal mark (empty when not told) and digits of a sample amount of a directive."""
    match = _AMOUNT.fullmatch(text.rstrip())
    if match is None or bool(match["left"]) == bool(match["right"]):
        raise BadLine("amount_malformed", f"{text.strip()[:60]!r} is not a sample amount with a commodity")
    _, digits, mark = decimal_of(match["number"], styles.mark)
    return (match["left"] or match["right"]).strip('"'), mark, digits


def decimal_of(text: str, mark: str) -> tuple[Fraction, int, str]:
    """The value of a number without sign, its decimal digits and its decimal mark where that can be told.

    Args:
        mark: the decimal mark that a directive declares, or an empty string.
    """
    mark = mark or _mark(text)
    whole, found, fraction = text.rpartition(mark) if mark and mark in text else (text, "", "")
    groups = re.split(r"[.,]", whole)
    if re.search(r"[.,]", fraction) or (mark and mark in whole) or (len(groups) > 1 and not all(groups)):
        raise BadLine("number_malformed", f"{text[:60]!r} has marks that make no number")
    if len(set(re.findall(r"[.,]", whole))) > 1 or len(text) > 80 or len(fraction) > DIGITS_MAX:
        raise BadLine("number_malformed", f"{text[:60]!r} has two kinds of group marks or too many digits")
    return (
        Fraction(f"{''.join(groups) or '0'}.{fraction or '0'}"),
        len(fraction),
        mark if found or len(groups) > 1 else "",
    )


def _mark(text: str) -> str:
    """The decimal mark that the number itself tells; empty for a number without one."""
    marks = re.findall(r"[.,]", text)
    if not marks:
        return ""
    if len(set(marks)) > 1:
        return str(marks[-1])
    if len(marks) > 1:
        if not re.fullmatch(r"[0-9]{1,3}([.,][0-9]{3})+", text):
            raise BadLine("number_malformed", f"{text[:60]!r} has marks that make no number")
        return "." if marks[0] == "," else ","
    if marks[0] == "," and re.fullmatch(r"[1-9][0-9]{0,2},[0-9]{3}", text):
        detail = f"{text!r} may be a thousand or a fraction: declare it with decimal-mark or a commodity directive"
        raise BadLine("number_ambiguous", detail)
    return str(marks[0])
