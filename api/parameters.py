"""Parameters that many routes share, with their bounds."""

from typing import Annotated

from fastapi import Path, Query

from api.cursor import CURSOR_CHARS_MAX, POSITION_MAX

NAME_CHARS_MAX = 600

BookName = Annotated[str, Path(description="name of the book, for example `main`", max_length=NAME_CHARS_MAX)]
EventPosition = Annotated[int, Path(description="position in the book", ge=0, le=POSITION_MAX)]
Limit = Annotated[int, Query(description="rows a page", ge=1, le=1000)]
CursorText = Annotated[
    str | None,
    Query(description="`next_cursor` of the page before; opaque", max_length=CURSOR_CHARS_MAX),
]
