"""Commands: what a caller asks of a book. Facts tell what happened; a command may be refused.

A command is a JSON object whose field ``command`` says which; ``key`` is the caller's idempotency key. The same key
with the same content is answered as the first time and changes nothing; with other content it is refused. With
``linked`` a command and the next one stand or fall together.

Reading them never raises: what cannot be read becomes `Malformed`, which is answered in its turn.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from ledger.accounts import AccountType, Side
from ledger.allocation import Rounding
from ledger.entries import Line
from ledger.json_values import holds_zero, value_at
from ledger.limits import Limit
from ledger.splits import SplitPart

LINES_MAX: Final = 1_000
METADATA_MAX: Final = 64
TEXT_CHARS_MAX: Final = 2_000
KEY_CHARS_MAX: Final = 256
FACT_KEY_CHARS_MAX: Final = 512
COMMAND_BYTES_MAX: Final = 1_048_576


class _Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What all commands have: a key, and whether this one and the next stand or fall together."""

    key: str
    linked: bool = False


class OpenAccount(_Command, tag="open_account", tag_field="command", frozen=True):
    """Open an account: a code such as ``1000`` or a name such as ``assets:bank:eur``.

    Attributes:
        normal_side: that of the type, when empty.
        currencies: the only ones it takes; any when empty.
        limits: by currency, ``*`` for every currency.
    """

    account: str
    type: AccountType
    name: str = ""
    normal_side: Side | Literal[""] = ""
    clearing: bool = False
    currencies: tuple[str, ...] = ()
    limits: dict[str, Limit] = {}
    metadata: dict[str, str] = {}


class CloseAccount(_Command, tag="close_account", tag_field="command", frozen=True):
    """Commands no longer post to the account; what the outside world posts there is flagged."""

    account: str
    description: str = ""


class ReopenAccount(_Command, tag="reopen_account", tag_field="command", frozen=True):
    """Open a closed account again."""

    account: str
    description: str = ""


class SetLimit(_Command, tag="set_limit", tag_field="command", frozen=True):
    """Set or remove (``none``) the limit of an account.

    Attributes:
        currency: ``*`` is every currency without a limit of its own.
        overdraft: for the limit ``overdraft``, minor units.
    """

    account: str
    limit: Literal["none", "debits_must_not_exceed_credits", "credits_must_not_exceed_debits", "overdraft"]
    currency: str = "*"
    overdraft: str = "0"


class SetMetadata(_Command, tag="set_metadata", tag_field="command", frozen=True):
    """Set fields of an account's metadata; null removes one. The events are its history."""

    account: str
    metadata: dict[str, str | None]


class Post(_Command, tag="post", tag_field="command", frozen=True):
    """Post an entry.

    Attributes:
        lines: two or more, ``["1000","debit","1250","USD"]``, equal debits and credits in every currency.
        split: parts, each with an account, that share out what the lines lack on one side; then one line is enough.
        rounding: of a split, who gets the units that cutting to whole ones leaves over.
        effective_at: a date or an RFC 3339 time in UTC; the book's time when empty.
        at_most: two lines only: the amount is the most that may be posted. ``limits`` takes what the limits of both
            accounts leave; ``debit``, ``credit`` and ``both`` besides never let the debits of the debited account
            exceed its credits, the credits of the credited one its debits.
        post_to_open_period: when the date lies in a closed period, post on the first open day.
    """

    lines: tuple[Line, ...]
    split: tuple[SplitPart, ...] = ()
    rounding: Rounding = "largest_remainder"
    effective_at: str = ""
    description: str = ""
    reference: str = ""
    metadata: dict[str, str] = {}
    at_most: Literal["", "limits", "debit", "credit", "both"] = ""
    post_to_open_period: bool = False


class Hold(_Command, tag="hold", tag_field="command", frozen=True):
    """Reserve an entry without posting it: the first of two phases.

    Attributes:
        expires_at: the clock at or after this time releases it; never when empty.
        expires_after_s: instead, seconds after the book's time.
    """

    lines: tuple[Line, ...]
    expires_at: str = ""
    expires_after_s: int = 0
    effective_at: str = ""
    description: str = ""
    reference: str = ""
    metadata: dict[str, str] = {}
    at_most: Literal["", "limits", "debit", "credit", "both"] = ""


class Capture(_Command, tag="capture", tag_field="command", frozen=True):
    """Post what a hold reserved, or a part of it.

    Attributes:
        hold: key of the hold.
        amount: of a hold of two lines; the whole remainder when empty.
        lines: instead of an amount.
        rest: what becomes of what is left.
    """

    hold: str
    amount: str = ""
    lines: tuple[Line, ...] = ()
    rest: Literal["release", "keep"] = "release"
    effective_at: str = ""
    description: str = ""
    reference: str = ""
    metadata: dict[str, str] = {}
    post_to_open_period: bool = False


class Release(_Command, tag="release", tag_field="command", frozen=True):
    """Give back what is left of a hold."""

    hold: str
    description: str = ""


class Clock(_Command, tag="clock", tag_field="command", frozen=True):
    """Tell the book the time, an RFC 3339 time in UTC; holds that are due by then expire."""

    at: str


class Reverse(_Command, tag="reverse", tag_field="command", frozen=True):
    """Take back an entry, or a part of it; in sum never more than all of it.

    Attributes:
        entry: key of the command that posted it; or `fact`: key of the fact; or `position`.
        amount: of an entry of two lines; the whole remainder when empty.
        lines: instead of an amount, as they stand in the entry.
    """

    entry: str = ""
    fact: str = ""
    position: int = 0
    amount: str = ""
    lines: tuple[Line, ...] = ()
    effective_at: str = ""
    description: str = ""
    reference: str = ""
    metadata: dict[str, str] = {}
    post_to_open_period: bool = False


class ClosePeriod(_Command, tag="close_period", tag_field="command", frozen=True):
    """Close the book up to a date, that day included."""

    through: str
    description: str = ""


class ReopenPeriod(_Command, tag="reopen_period", tag_field="command", frozen=True):
    """Open the book again from a date on."""

    since: str
    description: str = ""


class AdoptRules(_Command, tag="adopt_rules", tag_field="command", frozen=True):
    """Facts decided from here on are posted by these rules."""

    rules: dict[str, Any]
    description: str = ""


class _Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What all queries have.

    Attributes:
        as_of: only what counts on this date or before.
        at_position: only what was known at this position.
    """

    account: str
    currency: str
    key: str = ""
    as_of: str = ""
    at_position: int = 0
    linked: bool = False


class PostedQuery(_Query, tag="posted", tag_field="command", frozen=True):
    """The posted balance on the account's normal side."""


class HeldQuery(_Query, tag="held", tag_field="command", frozen=True):
    """What holds reserve on the side that lowers the balance."""


class AvailableQuery(_Query, tag="available", tag_field="command", frozen=True):
    """Posted less held."""


class BalanceQuery(_Query, tag="balance", tag_field="command", frozen=True):
    """Posted and held debits and credits."""


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was to be a command and is none; it leaves no trace in the book."""

    key: str = ""
    linked: bool = False
    code: str = "command_malformed"
    field: str = ""
    value: str = ""
    detail: str = ""


Query = PostedQuery | HeldQuery | AvailableQuery | BalanceQuery
Recordable = (
    OpenAccount
    | CloseAccount
    | ReopenAccount
    | SetLimit
    | SetMetadata
    | Post
    | Hold
    | Capture
    | Release
    | Clock
    | Reverse
    | ClosePeriod
    | ReopenPeriod
    | AdoptRules
)
Command = Recordable | Query
_TEXTS: Final[dict[type[Any], tuple[tuple[str, int], ...]]] = {}
_OTHERS: Final[dict[type[Any], tuple[str, ...]]] = {}
_ZERO: Final = b"\\u0000"
_decoder: Final = msgspec.json.Decoder(Recordable | PostedQuery | HeldQuery | AvailableQuery | BalanceQuery)


def decode_command(raw: bytes) -> Command | Malformed:
    """Read one command; never raises."""
    if len(raw) > COMMAND_BYTES_MAX:
        return Malformed(detail=f"a command has at most {COMMAND_BYTES_MAX} bytes, this one {len(raw)}")
    try:
        command: Command = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _malformed(raw, error)
    fault = size_fault(command)
    if fault is None and _ZERO in raw and holds_zero(msgspec.json.decode(raw)):
        fault = "", "no text holds the character zero: PostgreSQL's JSON does not either"
    if fault:
        field, detail = fault
        return Malformed(key=command.key[:KEY_CHARS_MAX], linked=command.linked, field=field, detail=detail)
    return command


def command_name(command: Command | Malformed) -> str:
    """The value of the field ``command``."""
    return "" if isinstance(command, Malformed) else str(command.__struct_config__.tag)


def size_fault(command: Command) -> tuple[str, str] | None:
    """The field that is empty or too large, and why; None when the sizes are in bounds."""
    if not isinstance(command, Query) and not command.key:
        return "key", "a command needs a key"
    for name, chars_max in _TEXTS[type(command)]:
        text = getattr(command, name)
        if len(text) > chars_max:
            return name, f"at most {chars_max} characters, this has {len(text)}"
    for name in _OTHERS[type(command)]:
        value = getattr(command, name)
        if value and (fault := _other_fault(value)):
            return name, fault
    return None


def differing_field(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """The field in which two contents of one key differ, or an empty string."""
    for name in ("command", *sorted(first.keys() | second.keys())):
        if first.get(name) != second.get(name):
            return name
    return ""


def _other_fault(value: object) -> str:
    """What is wrong with the size of a list, a mapping or a number, or an empty string."""
    if isinstance(value, tuple) and len(value) > LINES_MAX:
        return f"at most {LINES_MAX} of them, these are {len(value)}"
    if isinstance(value, dict):
        return _mapping_fault(value)
    if isinstance(value, int) and not 0 <= value < 2**53:
        return "must be between 0 and 2^53-1"
    return ""


def _texts(struct: type[msgspec.Struct]) -> tuple[tuple[str, int], ...]:
    chars_max = {"description": TEXT_CHARS_MAX, "fact": FACT_KEY_CHARS_MAX}
    fields = msgspec.structs.fields(struct)
    return tuple((field.name, chars_max.get(field.name, KEY_CHARS_MAX)) for field in fields if field.type is str)


def _others(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Fields that may be too large and are no text; those with a fixed set of values, and rules, are not."""
    fields = msgspec.structs.fields(struct)
    return tuple(
        field.name
        for field in fields
        if field.type is int or (get_origin(field.type) in (tuple, dict) and field.name != "rules")
    )


def _mapping_fault(value: Mapping[str, Any]) -> str:
    if len(value) > METADATA_MAX:
        return f"at most {METADATA_MAX} fields, this has {len(value)}"
    for name, text in value.items():
        if not name or len(name) > KEY_CHARS_MAX:
            return f"a name has 1 to {KEY_CHARS_MAX} characters"
        if isinstance(text, str) and len(text) > TEXT_CHARS_MAX:
            return f"{name[:60]!r} has at most {TEXT_CHARS_MAX} characters"
    return ""


def _malformed(raw: bytes, error: Exception) -> Malformed:
    """What can be said of bytes that are no command: the path of the field, and key and link where they are legible."""
    message, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    key, linked = "", False
    if isinstance(found, dict):
        key = found.get("key", "") if isinstance(found.get("key", ""), str) else ""
        linked = found.get("linked") is True
    if not field:
        quoted = message.split("`")
        field = quoted[1] if len(quoted) > 1 and "field" in message else ""
    value = value_at(found, field) if field else ""
    return Malformed(key=key[:KEY_CHARS_MAX], linked=linked, field=field[:200], value=value, detail=message[:300])


_TEXTS.update({struct: _texts(struct) for struct in get_args(Command)})
_OTHERS.update({struct: _others(struct) for struct in get_args(Command)})
