"""Positions in HTTP: which position an answer is true at, and from which on a caller wants it.

``Contraflow-Position: main=123`` stands on every answer from a book. ``Contraflow-Min-Position: main=123`` asks that
the answer be at least that new, ``Prefer: wait=2`` (RFC 7240) how many seconds it may take to get there.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

from api.config import WAIT_S_MAX
from api.cursor import POSITION_MAX
from api.problem import Problem

POSITION_HEADER: Final = "Contraflow-Position"
MIN_POSITION_HEADER: Final = "Contraflow-Min-Position"
HEADER_CHARS_MAX: Final = 1024

_PAIR: Final = re.compile(r"\s*([A-Za-z0-9._~%-]{1,600})=([0-9]{1,19})\s*")
_WAIT: Final = re.compile(r"\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?:;.*)?", re.IGNORECASE)


def format_position(book: str, position: int) -> str:
    """``main=123``; whatever in the book's name is not a plain letter is percent-encoded."""
    return f"{quote(book, safe='')}={position}"


def parse_min_position(text: str, book: str) -> int:
    """The position asked for in a `Contraflow-Min-Position` header; it may name several books, divided by commas.

    Raises:
        Problem: 400 `min_position_malformed` when it cannot be read or does not name `book`.
    """
    found = None
    for pair in text[: HEADER_CHARS_MAX + 1].split(","):
        match = _PAIR.fullmatch(pair)
        if match is None or len(text) > HEADER_CHARS_MAX or int(match[2]) > POSITION_MAX:
            raise Problem(
                400,
                "min_position_malformed",
                f"{MIN_POSITION_HEADER} must read like `main=123`, with a position from 0 to {POSITION_MAX};"
                " several books are divided by commas.",
            )
        if unquote(match[1]) == book:
            found = int(match[2])
    if found is None:
        raise Problem(
            400, "min_position_malformed", f"{MIN_POSITION_HEADER} names other books than the one that is asked for."
        )
    return found


def parse_wait_s(text: str) -> int:
    """Seconds of a `Prefer: wait=2` header, at most `WAIT_S_MAX`; 0 when it says nothing that we understand.

    A preference that cannot be honoured is passed over and never an error (RFC 7240 section 2).
    """
    for preference in text[:HEADER_CHARS_MAX].split(","):
        match = _WAIT.fullmatch(preference)
        if match is not None:
            return min(int(match[1]), WAIT_S_MAX)
    return 0


def entity_tag(stream: str, position: int) -> str:
    """A weak entity tag: at one position one URL has one meaning, though a newer version may write it differently."""
    return f'W/"{stream}-{position}"'


def is_known(if_none_match: str, tag: str) -> bool:
    """Whether an `If-None-Match` header names `tag` (weak comparison, RFC 9110 section 13.1.2)."""
    opaque = tag.removeprefix("W/")
    known = [part.strip() for part in if_none_match.split(",")]
    return "*" in known or any(part.removeprefix("W/") == opaque for part in known)
