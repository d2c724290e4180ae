"""The directives of an hledger journal that say how amounts are written."""

import re
from typing import Final

from connectors.hledger_syntax import Styles, style_of
from connectors.journal_faults import BadLine

# These move no money and are not part of a book.
LEFT_OUT: Final = frozenset({"P", "payee", "tag"})


def read_style(head: str, below: list[str], styles: Styles) -> None:
    """Take a ``decimal-mark``, ``commodity`` or ``D`` directive; everything else is not for this. Raises `BadLine`."""
    word, _, rest = head.partition(" ")
    rest = rest.partition(";")[0].strip()
    if word == "decimal-mark":
        if rest not in (".", ","):
            raise BadLine("syntax", f"a decimal mark is a period or a comma, not {rest[:20]!r}")
        if styles.mark not in ("", rest):
            raise BadLine("directives_contradict", "two decimal marks in one file")
        styles.mark = rest
    elif word == "commodity":
        formats = [text[len("format ") :].partition(";")[0] for text in below if text.startswith("format ")]
        for sample in formats or ([rest] if re.search(r"[0-9]", rest) else []):
            _take(sample, styles)
    elif word == "D":
        name = _take(rest, styles)
        if styles.default not in ("", name):
            raise BadLine("directives_contradict", "two default commodities in one file")
        styles.default = name


def _take(sample: str, styles: Styles) -> str:
    name, mark, digits = style_of(sample, styles)
    if styles.digits.setdefault(name, digits) != digits or (mark and styles.marks.setdefault(name, mark) != mark):
        raise BadLine("directives_contradict", f"two ways to write {name!r} in one file")
    return name
