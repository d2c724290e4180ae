"""Asking: what a gateway is asked and what it replies, as values; `contraflow.simulator.site` speaks HTTP for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from contraflow.simulator.gateway_scene import DAY_S, Row
from contraflow.simulator.hook import Json, written

# Vendors may always answer with fewer rows than were asked for; a day is small and its paging should show.
ROWS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Attributes:
        path: below the gateway's base address.
        headers: by lower-case name.
        form: fields of a form that was posted.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: object, status: int = 200, **headers: str) -> "Reply":
        """A JSON answer; header names are written with underscores."""
        return cls(status, written(body), {name.replace("_", "-"): value for name, value in headers.items()})


class Desk(Protocol):
    """A gateway that can be asked."""

    def answer(self, asked: Asked, now_s: int) -> Reply:
        """What it replies at Unix time `now_s`."""
        ...


def newest_first(rows: Sequence[Row]) -> list[Json]:
    """Rows as lists show them."""
    return [row.body for row in sorted(rows, key=lambda row: (-row.at_s, str(row.body)))]


def within(rows: Sequence[Row], since: str, until: str) -> list[Row]:
    """The rows of a window, both ends included; a bound that is a day means all of it, an empty one none."""
    begin_s = _seconds(since) if since else 0
    end_s = _seconds(until) + (DAY_S - 1 if len(until) == 10 else 0) if until else 2**62
    return [row for row in rows if begin_s <= row.at_s <= end_s]


def page_of(rows: Sequence[Json], page: int, size: int) -> tuple[list[Json], int]:
    """The rows of a page, counted from 1, and how many pages there are."""
    size = max(min(size, ROWS_MAX), 1)
    return list(rows[(page - 1) * size : page * size]), -(-len(rows) // size)


def found(rows: Sequence[Row], field_name: str, value: str) -> Json | None:
    """The first object whose field has this value, read as text."""
    return next((row.body for row in rows if str(row.body.get(field_name)) == value), None)


def _seconds(text: str) -> int:
    moment = datetime.fromisoformat(text if len(text) > 10 else f"{text}T00:00:00+00:00")
    return int(moment.timestamp())
