"""One posting of a Beancount transaction: account, units, cost, price, and the weight that follows from them."""

from fractions import Fraction
from typing import Final

from connectors.beancount_syntax import Row, day_of, number_of, string_of
from connectors.commodities import Commodities, CommodityUnknown, decimal_text
from connectors.journal_faults import BadLine
from connectors.journal_transaction import Posting, Quantity

FLAGS: Final = ("*", "!", "&", "#", "?", "%")
LETTER_FLAGS: Final = frozenset("PSTCURM")


def posting_of(row: Row, commodities: Commodities) -> Posting:
    """Read a posting; raises `BadLine` for what is incomplete and would have to be guessed."""
    flag = flag_of(row)
    account = row.take("account", what="an account").text
    posting = Posting(account, row.line)
    if flag:
        posting.notes["flag"] = flag
    if row.peek() is None:
        return posting
    if row.peek("name"):
        raise BadLine("amount_incomplete", "a currency without a number is not supported: write the amount", row.line)
    units = quantity_of(row, commodities)
    posting.units = posting.weight = units
    if opening := row.sign("{", "{{"):
        posting.weight, posting.notes["cost"] = _cost(row, units, opening == "{{", commodities)
    if sign := row.sign("@", "@@"):
        price = quantity_of(row, commodities)
        if price.value < 0:
            raise BadLine("price_negative", "a price is not below zero", row.line)
        posting.notes["price"] = f"{sign} {_told(price)}"
        if "cost" not in posting.notes:
            total = price.value * (units.value if sign == "@" else _direction(units))
            posting.weight = Quantity(total, price.commodity)
    row.end()
    return posting


def flag_of(row: Row) -> str:
    """The flag at the beginning of a row, or an empty string."""
    sign = row.sign(*FLAGS)
    token = row.peek("name")
    if not sign and token and token.text in LETTER_FLAGS:
        row.at += 1
        return token.text
    return sign


def quantity_of(row: Row, commodities: Commodities) -> Quantity:
    """A number with its commodity."""
    if not (row.peek("number") or (row.peek("sign") and row.tokens[row.at].text in ("+", "-", "("))):
        raise BadLine("amount_incomplete", "a number and a currency are expected: nothing is guessed here", row.line)
    value, digits = number_of(row)
    if not row.peek("name"):
        raise BadLine("amount_incomplete", "a number without a currency: write the currency", row.line)
    return Quantity(value, commodity_of(row, commodities), digits)


def commodity_of(row: Row, commodities: Commodities) -> str:
    """The name of a commodity that the book can hold."""
    token = row.take("name", what="a currency")
    try:
        return commodities.canonical(token.text)
    except CommodityUnknown as error:
        raise BadLine("commodity_unknown", str(error), token.line) from error


def _cost(row: Row, units: Quantity, total: bool, commodities: Commodities) -> tuple[Quantity, str]:
    """The weight that a cost in braces gives the units, and the cost as text."""
    closing = "}}" if total else "}"
    weight: Quantity | None = None
    told: list[str] = []
    while not row.sign(closing):
        if told and not row.sign(","):
            raise BadLine("syntax", f"expected , or {closing} in a cost", row.line)
        if date := row.peek("date"):
            row.at += 1
            told.append(day_of(date))
        elif label := row.peek("string"):
            row.at += 1
            told.append(f'"{string_of(label)}"')
        elif row.sign("*"):
            raise BadLine("cost_not_given", "a merged lot {*} needs an inventory: write the cost out", row.line)
        elif weight is not None:
            raise BadLine("syntax", "two amounts in one cost", row.line)
        else:
            weight, text = _cost_amount(row, units, total, commodities)
            told.append(text)
    if weight is None:
        detail = "the cost of a lot is not given and would have to be found by inventory: write it in the braces"
        raise BadLine("cost_not_given", detail, row.line)
    opening = "{{" if total else "{"
    return weight, f"{opening}{', '.join(told)}{closing}"


def _cost_amount(row: Row, units: Quantity, total: bool, commodities: Commodities) -> tuple[Quantity, str]:
    each, lump = Fraction(0), Fraction(0)
    text = ""
    if not row.sign("#"):
        each, _ = number_of(row)
        text = decimal_text(each)
        lumped = bool(row.sign("#"))
    else:
        lumped = True
    if lumped:
        if total:
            raise BadLine("syntax", "# stands in single braces", row.line)
        lump, _ = number_of(row)
        text = f"{text} # {decimal_text(lump)}".strip()
    if each < 0 or lump < 0:
        raise BadLine("price_negative", "a cost is not below zero", row.line)
    if not row.peek("name"):
        raise BadLine("amount_incomplete", "a cost without a currency: write the currency", row.line)
    commodity = commodity_of(row, commodities)
    value = _direction(units) * each if total else units.value * each + _direction(units) * lump
    return Quantity(value, commodity), f"{text} {commodity}"


def _direction(units: Quantity) -> int:
    return (units.value > 0) - (units.value < 0)


def _told(quantity: Quantity) -> str:
    return f"{decimal_text(quantity.value)} {quantity.commodity}"
