"""Cursors: where the next page of a list begins, opaque to whoever holds them.

A cursor names the last row of a page by its key, so pages neither repeat nor skip a row when new ones arrive between
two requests. It also names its list: a cursor of one list is refused by another.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

import msgspec

from api.problem import Problem

CURSOR_CHARS_MAX: Final = 6000
POSITION_MAX: Final = 2**63 - 1

Position = Annotated[int, msgspec.Meta(ge=0, le=POSITION_MAX)]
Line = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
# Text that may go into a query: PostgreSQL has no place for a NUL.
Word = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class Cursor(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The base of all cursors; its name stands first in the wire form."""


class BalanceCursor(Cursor, frozen=True, tag="balance"):
    """After this account and currency."""

    account: Word
    currency: Word


class PostingCursor(Cursor, frozen=True, tag="posting"):
    """Beyond this line of this entry, in the direction of the list."""

    order: Word
    position: Position
    line: Line


class PaymentCursor(Cursor, frozen=True, tag="payment"):
    """After this payment."""

    position: Position
    payment: Word


class ItemCursor(Cursor, frozen=True, tag="item"):
    """After this reconciliation item."""

    position: Position
    kind: Word
    item: Word


C = TypeVar("C", bound=Cursor)
R = TypeVar("R")


def encode_cursor(cursor: Cursor) -> str:
    """The cursor as it stands in a URL: base64url without padding."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode("ascii")


def decode_cursor(text: str, kind: type[C]) -> C:
    """Read a cursor that a client sent back.

    Raises:
        Problem: 400 `cursor_invalid` when it is not one that this list gave out.
    """
    try:
        if len(text) > CURSOR_CHARS_MAX:
            raise ValueError
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise Problem(
            400,
            "cursor_invalid",
            "The cursor is not one that this list gave out; leave it away to start at the first page.",
        ) from error


def cut_page(rows: Sequence[R], limit: int, cursor_of: Callable[[R], Cursor]) -> tuple[Sequence[R], str | None]:
    """Cut a list that was asked for one row more than `limit`, and say where the next page begins."""
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, encode_cursor(cursor_of(rows[-1]))
