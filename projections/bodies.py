"""Decodes event bodies for folds that write their text into PostgreSQL.

JSON may hold the character U+0000, PostgreSQL text may not. The store keeps the body escaped and loses nothing; a
projection shows U+FFFD instead, so that one odd remittance text cannot stop a book (law 6).
"""

import re
from typing import Final, TypeVar

import msgspec

T = TypeVar("T")

# An odd number of backslashes before u0000: the escape itself and not the text "\u0000".
_NUL_ESCAPE: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def decode_body(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """The body as the decoder's type, storable: U+0000 replaced."""
    if b"\\" in body and b"\\u0000" in body:  # one byte is found ten times as fast as six, and most bodies have none
        body = _NUL_ESCAPE.sub(rb"\1\\ufffd", body)
    return decoder.decode(body)
