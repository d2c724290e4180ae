"""What a plain-text journal becomes: commands of the bulk interface, and expectations that stand beside them.

The order of the commands is not that of the file: accounts are opened, entries posted by date, accounts closed. The key
of an entry is made from its content (and a number, where the same content stands twice), so the same journal in any
order gives the same commands, and one that was loaded before posts nothing again.

A dated balance assertion becomes an expectation: queries to put to the book after the load, as of its date, and the
balances that they may find.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Any, Final, TypeAlias

import msgspec

from connectors.errors import JournalFault
from connectors.journal_faults import BadLine

Command: TypeAlias = dict[str, Any]
Figures: TypeAlias = Callable[[Command], Mapping[str, str]]

LINES_MAX: Final = 1_000
METADATA_MAX: Final = 64
TEXT_CHARS_MAX: Final = 2_000
NAME_CHARS_MAX: Final = 256
ACCOUNT_CHARS_MAX: Final = 128
KEY_FIELD: Final = "contraflow-key"
REFERENCE_FIELD: Final = "contraflow-reference"
EFFECTIVE_FIELD: Final = "contraflow-effective-at"
ACCOUNT_FIELD: Final = "contraflow-account"
MORE_FIELD: Final = "contraflow-metadata"


class Expectation(msgspec.Struct, frozen=True):
    """A balance assertion of the journal.

    Attributes:
        line: of the assertion.
        text: the assertion in words, for messages.
        queries: ``balance`` queries; their posted debits less credits are added up.
        ranges: least and greatest sum in minor units, both included; one of them must hold.
    """

    line: int
    text: str
    queries: tuple[Command, ...]
    ranges: tuple[tuple[int, int], ...]


class LeftOut(msgspec.Struct, frozen=True):
    """Something of the journal that moves no money and has no place in a book, for example a price quotation."""

    line: int
    what: str


class JournalCommands(msgspec.Struct, frozen=True):
    """A journal that was read wholly.

    Attributes:
        commands: in the order in which they are to be applied.
        expectations: to be checked after that.
        left_out: what was read and is not in the commands.
    """

    file: str
    commands: tuple[Command, ...]
    expectations: tuple[Expectation, ...]
    left_out: tuple[LeftOut, ...] = ()

    def json_lines(self) -> bytes:
        """The commands, one JSON object a line."""
        return b"".join(msgspec.json.encode(command, order="sorted") + b"\n" for command in self.commands)

    def failed(self, figures: Figures) -> list[JournalFault]:
        """The expectations that do not hold.

        Args:
            figures: answers one ``balance`` query with ``posted_debits`` and ``posted_credits`` in minor units, as a
                book does; `own_figures` answers from the journal alone.
        """
        faults = []
        for expectation in self.expectations:
            found_minor = 0
            for query in expectation.queries:
                answer = figures(query)
                found_minor += int(answer["posted_debits"]) - int(answer["posted_credits"])
            if not any(low <= found_minor <= high for low, high in expectation.ranges):
                detail = f"{expectation.text}, found {found_minor} minor units"
                faults.append(JournalFault(self.file, expectation.line, "balance_differs", detail))
        return faults

    def own_figures(self) -> Figures:
        """Answers ``balance`` queries from these commands alone, as a book would that was empty before."""
        days: dict[tuple[str, str], dict[str, list[int]]] = {}
        for command in self.commands:
            for account, side, amount, currency in command.get("lines", ()):
                day = days.setdefault((account, currency), {}).setdefault(command["effective_at"][:10], [0, 0])
                day[side == "credit"] += int(amount)
        sums: dict[tuple[str, str], tuple[list[str], list[tuple[int, int]]]] = {}
        for key, moved in days.items():
            ordered = sorted(moved)
            debits, credits = accumulate(moved[d][0] for d in ordered), accumulate(moved[d][1] for d in ordered)
            sums[key] = (ordered, [(0, 0), *zip(debits, credits, strict=True)])

        def figures(query: Command) -> Mapping[str, str]:
            ordered, totals = sums.get((query["account"], query["currency"]), ([], [(0, 0)]))
            as_of = query.get("as_of", "")
            debits, credits = totals[bisect_right(ordered, as_of) if as_of else -1]
            return {"posted_debits": str(debits), "posted_credits": str(credits)}

        return figures


def open_account(
    prefix: str, account: str, kind: str, currencies: Sequence[str] = (), metadata: Mapping[str, str] | None = None
) -> Command:
    """The command that opens an account; raises `BadLine` when its name or metadata are none of a book."""
    parts = account.split(":")
    if len(account) > ACCOUNT_CHARS_MAX or not account.isprintable() or not all(p and p == p.strip() for p in parts):
        raise BadLine(
            "account_name", f"account {account[:80]!r} has an empty part or over {ACCOUNT_CHARS_MAX} characters"
        )
    command: Command = {"command": "open_account", "key": f"{prefix}/open/{account}", "account": account, "type": kind}
    if currencies:
        command["currencies"] = list(currencies)
    if fields := restored(metadata or {}):
        command["metadata"] = fields
    return command


def close_account(prefix: str, account: str, day: str) -> Command:
    """The command that closes an account once everything is posted."""
    key = f"{prefix}/close/{account}"
    return {"command": "close_account", "key": key, "account": account, "description": f"closed on {day}"}


def post(
    day: str, lines: Iterable[tuple[str, int, str]], description: str = "", metadata: Mapping[str, str] | None = None
) -> Command:
    """A ``post`` command; its key is missing until `with_keys` gives it one. Raises `BadLine` past a book's bounds.

    Args:
        lines: account, signed minor units with debits above zero, currency.
        metadata: fields that begin with ``contraflow-`` go back to where an export took them from.
    """
    fields = restored(metadata or {})
    command: Command = {
        "command": "post",
        "effective_at": fields.pop(EFFECTIVE_FIELD, "") or day,
        "lines": [[a, "debit" if minor > 0 else "credit", str(abs(minor)), code] for a, minor, code in lines],
    }
    if not command["effective_at"].startswith(day):
        raise BadLine("date_contradicted", f"{EFFECTIVE_FIELD} {command['effective_at']!r} is not on {day}")
    if len(command["lines"]) > LINES_MAX:
        raise BadLine("too_large", f"an entry has at most {LINES_MAX} lines, this one {len(command['lines'])}")
    if len(description) > TEXT_CHARS_MAX or "\0" in description:
        raise BadLine("too_large", f"a description has at most {TEXT_CHARS_MAX} characters, none of them zero")
    for name, field in (("key", KEY_FIELD), ("reference", REFERENCE_FIELD)):
        value = fields.pop(field, "")
        if len(value) > NAME_CHARS_MAX:
            raise BadLine("too_large", f"{field} has at most {NAME_CHARS_MAX} characters, this one {len(value)}")
        if value:
            command[name] = value
    if description:
        command["description"] = description
    if fields:
        command["metadata"] = fields
    return command


def with_keys(prefix: str, posts: Sequence[tuple[int, Command]]) -> list[Command]:
    """The commands by date and key, each with a key; raises `BadLine` when a key of the journal stands twice.

    Args:
        posts: commands with the lines on which they begin.
    """
    given = {command["key"] for _, command in posts if "key" in command}
    taken: set[str] = set()
    repeats: dict[str, int] = {}
    keyed = []
    for line, command in posts:
        key = command.get("key", "")
        if key in taken:
            raise BadLine("key_twice", f"{KEY_FIELD} {key!r} stands in the journal twice", line)
        if not key:
            digest = blake2b(msgspec.json.encode(command, order="sorted"), digest_size=16).hexdigest()
            first = f"{prefix}/{command['effective_at'][:10]}/{digest}"
            key = first
            while key in taken or key in given:
                repeats[first] = repeats.get(first, 1) + 1
                key = f"{first}/{repeats[first]}"
        taken.add(key)
        keyed.append({**command, "key": key})
    return sorted(keyed, key=lambda command: (command["effective_at"], command["key"]))


def balance_query(account: str, currency: str, as_of: str) -> Command:
    """A query for the balance at the end of a day; as it stands when the day is empty."""
    query = {"command": "balance", "account": account, "currency": currency}
    return {**query, "as_of": as_of} if as_of else query


def merged(computed: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """What the postings tell and what the transaction says of itself, which goes first.

    An export writes a cost as a price; where the cost stands in the metadata, that price is the cost told again.
    """
    again = {name.removesuffix("-cost") + "-price" for name in own if re.fullmatch(r"line-[0-9]+-cost", name)}
    return {**{name: value for name, value in computed.items() if name not in again}, **own}


def restored(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata with what an export put under `MORE_FIELD` in its place; raises `BadLine` past a book's bounds."""
    fields = dict(metadata)
    text = fields.pop(MORE_FIELD, "")
    if text:
        try:
            fields |= msgspec.json.decode(text, type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadLine("metadata_malformed", f"{MORE_FIELD} is no JSON object of texts: {error}") from error
    if len(fields) > METADATA_MAX:
        raise BadLine("too_large", f"metadata has at most {METADATA_MAX} fields, this has {len(fields)}")
    for name, value in fields.items():
        if not name or len(name) > NAME_CHARS_MAX or len(value) > TEXT_CHARS_MAX or "\0" in name + value:
            raise BadLine("too_large", f"metadata {name[:60]!r} has a name or value that is empty or too long")
    return fields
