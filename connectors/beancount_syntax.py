"""The words and numbers of Beancount's language: a text becomes directives, each a list of token lines.

Written from the language's published description (https://beancount.github.io/docs/beancount_language_syntax.html). It
knows how things are written and not what they mean; that is `connectors.beancount_journal`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from connectors.commodities import DIGITS_MAX
from connectors.journal_faults import BadLine

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\r]+) | (?P<comment>;[^\n]*) | (?P<end>\n)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<date>[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}(?![0-9]))
    | (?P<account>[^\W_][\w-]*(?::[^\W_][\w-]*)+)
    | (?P<number>[0-9][0-9,]*(?:\.[0-9]*)?)
    | (?P<tag>\#[A-Za-z0-9_/.-]+) | (?P<link>\^[A-Za-z0-9_/.-]+)
    | (?P<key>[a-z][A-Za-z0-9_-]+:(?=[ \t\r\n]|$))
    | (?P<word>[a-z][a-z-]*)
    | (?P<name>/?[A-Z][A-Z0-9'._-]*)
    | (?P<sign>\{\{|\}\}|@@|[{}@~,\#+\-*/()|!&?%])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b"}
# What may open a line that Beancount leaves aside: headings of an outline and lines like `:PROPERTIES:`.
_ASIDE: Final = ("*", "#", ":", "!", "&", "?", "%")
DEPTH_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind is the name of its group in the pattern."""

    kind: str
    text: str
    line: int


@dataclass(slots=True)
class Row:
    """The tokens of one line, read from left to right."""

    line: int
    tokens: list[Token]
    at: int = 0

    def peek(self, *kinds: str) -> Token | None:
        """The next token if it is of one of the kinds (or any kind), without taking it."""
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        return token if token and (not kinds or token.kind in kinds) else None

    def sign(self, *texts: str) -> str:
        """Take the next token if it is one of these signs; its text or an empty one."""
        token = self.peek("sign")
        if token and token.text in texts:
            self.at += 1
            return token.text
        return ""

    def take(self, *kinds: str, what: str) -> Token:
        """The next token; raises `BadLine` when it is none of the kinds."""
        token = self.peek(*kinds)
        if token is None:
            found = self.peek()
            raise BadLine("syntax", f"expected {what}, found {found.text[:40]!r}" if found else f"expected {what}")
        self.at += 1
        return token

    def end(self) -> None:
        """Raise `BadLine` unless the line is read wholly."""
        token = self.peek()
        if token:
            raise BadLine("syntax", f"{token.text[:40]!r} is not expected here", self.line)


@dataclass(slots=True)
class Directive:
    """One unindented line and the indented ones below it."""

    head: Row
    rows: list[Row]


def directives(text: str) -> Iterator[Directive | BadLine]:
    """The directives of a text in its order; a line that is none of the language comes out as `BadLine`."""
    current: Directive | None = None
    for item in _rows(text):
        if isinstance(item, BadLine):
            yield item
            current = None
            continue
        row, indented = item
        if indented and current:
            current.rows.append(row)
            continue
        if current:
            yield current
            current = None
        if indented:
            yield BadLine("syntax", "an indented line that belongs to nothing", row.line)
        else:
            current = Directive(row, [])
    if current:
        yield current


def _rows(text: str) -> Iterator[tuple[Row, bool] | BadLine]:
    at, line = 0, 1
    tokens: list[Token] = []
    start = 0
    while at <= len(text):
        opens = at == start
        if opens and text.startswith(_ASIDE, at):
            at = _line_end(text, at)
        match = _TOKEN.match(text, at) if at < len(text) else None
        if match is None and at < len(text):
            yield BadLine("syntax", f"{text[at : at + 20].splitlines()[0]!r} is not of the language", line)
            at, tokens = _line_end(text, at), []
            continue
        kind = match.lastgroup if match else "end"
        if kind == "end":
            if tokens:
                yield Row(tokens[0].line, tokens), text[start] in " \t"
            tokens, start = [], at + 1
        elif kind not in ("blank", "comment"):
            assert match is not None
            tokens.append(Token(str(kind), match.group(), line))
        line += match.group().count("\n") if match else 0
        at = match.end() if match else at + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def string_of(token: Token) -> str:
    """The text inside a string token."""
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token.text[1:-1], flags=re.DOTALL)


def quoted(text: str) -> str:
    """A text as a string of the language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for letter, sign in _ESCAPES.items():
        escaped = escaped.replace(sign, f"\\{letter}")
    return f'"{escaped}"'


def day_of(token: Token) -> str:
    """The ISO 8601 date of a date token; raises `BadLine` when the calendar has no such day or the ledger does not."""
    year, month, day = re.split(r"[-/]", token.text)
    try:
        found = date(int(year), int(month), int(day))
    except ValueError as error:
        raise BadLine("date_malformed", f"{token.text!r} is no day of the calendar", token.line) from error
    if not 1000 <= found.year < 9999:
        raise BadLine("date_malformed", f"{token.text!r} is not within the years 1000 to 9998", token.line)
    return found.isoformat()


def number_of(row: Row) -> tuple[Fraction, int]:
    """A number or an arithmetic expression, exact, and its decimal digits; raises `BadLine`."""
    return _sum(row, 0)


def _sum(row: Row, depth: int) -> tuple[Fraction, int]:
    value, digits = _product(row, depth)
    while sign := row.sign("+", "-"):
        other, more = _product(row, depth)
        value, digits = value + other if sign == "+" else value - other, max(digits, more)
    return value, digits


def _product(row: Row, depth: int) -> tuple[Fraction, int]:
    value, digits = _factor(row, depth)
    while sign := row.sign("*", "/"):
        other, more = _factor(row, depth)
        if sign == "*":
            value, digits = value * other, digits + more
            continue
        if not other:
            raise BadLine("number_malformed", "division by zero")
        value = value / other
        digits = next((n for n in range(max(digits - more, 0), DIGITS_MAX + 1) if 10**n % value.denominator == 0), -1)
        if digits < 0:
            raise BadLine("number_malformed", "a division without an exact decimal result: write the number out")
    if digits > DIGITS_MAX:
        raise BadLine("number_malformed", f"a number with more than {DIGITS_MAX} decimal digits")
    return value, digits


def _factor(row: Row, depth: int) -> tuple[Fraction, int]:
    if depth > DEPTH_MAX:
        raise BadLine("number_malformed", f"an expression deeper than {DEPTH_MAX}")
    sign = row.sign("+", "-", "(")
    if sign == "(":
        value, digits = _sum(row, depth + 1)
        if not row.sign(")"):
            raise BadLine("syntax", "expected )")
        return value, digits
    if sign:
        value, digits = _factor(row, depth + 1)
        return (-value if sign == "-" else value), digits
    text = row.take("number", what="a number").text
    whole, _, fraction = text.partition(".")
    if not re.fullmatch(r"[0-9]+|[0-9]{1,3}(,[0-9]{3})+", whole):
        raise BadLine("number_malformed", f"{text[:60]!r}: commas stand between groups of three digits")
    if len(whole) > 60 or len(fraction) > DIGITS_MAX:
        raise BadLine("number_malformed", f"{text[:60]!r} has too many digits")
    return Fraction(whole.replace(",", "") + ("." + fraction if fraction else "")), len(fraction)
