"""One posting of an hledger transaction: status, account, amount, price, balance assertion, tags."""

import re
from fractions import Fraction
from typing import Final

from connectors.commodities import Commodities, decimal_text
from connectors.hledger_balances import Asserted
from connectors.hledger_syntax import Styles, amount_of, tags_of
from connectors.journal_faults import BadLine
from connectors.journal_transaction import Posting, Quantity

_POSTING: Final = re.compile(r"(?:(?P<status>[*!])[ \t]*)?(?P<account>.+?)(?:(?:[ \t]{2,}|\t)(?P<rest>.*))?")
_BRACKETED_DATE: Final = re.compile(r"\[[0-9./=-]+\]")
# A bare zero: it moves nothing of any commodity.
ZERO: Final = Quantity(Fraction(0), "")
STATUS: Final = {"*": "cleared", "!": "pending"}


def posting_of(text: str, line: int, styles: Styles, commodities: Commodities) -> tuple[Posting, Asserted | None]:
    """Read a posting, without the blanks before it; raises `BadLine`.

    A bare zero becomes zero of the journal's default commodity, or of any at all: it moves nothing.
    """
    match = _POSTING.fullmatch(text.rstrip())
    if match is None:
        raise BadLine("syntax", f"{text[:60]!r} is not a posting")
    account = match["account"]
    if account[0] in "([":
        detail = f"virtual posting {account!r}: a book has none, every posting is one half of a balance"
        raise BadLine("virtual_posting", detail)
    amounts, _, comment = (match["rest"] or "").partition(";")
    posting = Posting(account, line)
    if match["status"]:
        posting.notes["status"] = STATUS[match["status"]]
    posting.notes |= posting_tags(comment)
    return posting, _amounts(amounts, posting, styles, commodities)


def posting_tags(comment: str) -> dict[str, str]:
    """The tags in a posting's comment; raises `BadLine` where one would give the posting a date of its own."""
    tags = dict(tags_of(comment))
    if {"date", "date2"} & tags.keys() or _BRACKETED_DATE.search(comment):
        raise BadLine("posting_date", "a posting with a date of its own: an entry of a book has one date")
    return tags


def _amounts(text: str, posting: Posting, styles: Styles, commodities: Commodities) -> Asserted | None:
    at = _blank(text, 0)
    if at < len(text) and text[at] != "=":
        units, at = amount_of(text, at, styles, commodities)
        posting.units = posting.weight = units or ZERO
        at = _blank(text, at)
        if text.startswith("@", at) and units:
            at = _price(text, at, posting, units, styles, commodities)
    if at < len(text) and text[at] == "=":
        return _assertion(text, at, posting, styles, commodities)
    if at < len(text):
        _refuse_rest(text[at:])
    return None


def _price(text: str, at: int, posting: Posting, units: Quantity, styles: Styles, commodities: Commodities) -> int:
    sign = "@@" if text.startswith("@@", at) else "@"
    price, at = amount_of(text, at + len(sign), styles, commodities)
    if price is None:
        raise BadLine("commodity_missing", "a price needs its commodity")
    if price.value < 0:
        raise BadLine("price_negative", "a price is not below zero")
    direction = (units.value > 0) - (units.value < 0)
    value = price.value * (units.value if sign == "@" else direction)
    posting.weight = Quantity(value, price.commodity)
    posting.notes["price"] = f"{sign} {decimal_text(price.value)} {price.commodity}"
    return _blank(text, at)


def _assertion(text: str, at: int, posting: Posting, styles: Styles, commodities: Commodities) -> Asserted:
    sign = re.compile(r"==?\*?").match(text, at)
    assert sign is not None
    quantity, at = amount_of(text, sign.end(), styles, commodities)
    sole, inclusive = sign.group().startswith("=="), sign.group().endswith("*")
    at = _blank(text, at)
    if at < len(text):
        _refuse_rest(text[at:])
    if quantity is None and not sole:
        raise BadLine("commodity_missing", "an assertion of zero needs its commodity: write it")
    if posting.units is None and (sole or quantity is None):
        raise BadLine("not_supported", "a balance assignment is written with one equals sign and a commodity")
    return Asserted(posting.account, posting.line, quantity, sole, inclusive)


def _refuse_rest(rest: str) -> None:
    if rest.startswith("{"):
        raise BadLine("not_supported", "lots in braces are not supported: write the price with @")
    if rest.startswith("("):
        raise BadLine("not_supported", "a price in parentheses is not supported: write it without them")
    if rest.startswith("@"):
        raise BadLine("not_supported", "a price stands before the balance assertion, after an amount, once")
    raise BadLine("syntax", f"{rest[:60]!r} is not expected after the amount")


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at
