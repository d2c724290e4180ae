"""A record of `inbound.commands`: one command, or an array of them that is decided as one batch.

A chain of linked commands travels in one record, so no batch boundary can cut it. Instead of something that it could
not read, a sender may put a stand-in (``"command": "malformed"``) that keeps its place in the order and in its chain.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ledger.commands import Command, Malformed, decode_command
from streams.errors import InboundError

SOURCE: Final = "commands"
COMMANDS_MAX: Final = 10_000  # of one record


class _StandIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="malformed", tag_field="command"):
    """What `Malformed` looks like on its way."""

    key: str = ""
    linked: bool = False
    code: str = "command_malformed"
    field: str = ""
    value: str = ""
    detail: str = ""


_array: Final = msgspec.json.Decoder(list[msgspec.Raw])
_stand_in: Final = msgspec.json.Decoder(_StandIn)


def encode_commands(commands: Iterable[bytes | Malformed]) -> bytes:
    """The record of some commands, each the JSON of one or what stands in for it."""
    return b"[" + b",".join(each if isinstance(each, bytes) else _standing_in(each) for each in commands) + b"]"


def decode_commands(body: bytes) -> Sequence[Command | Malformed]:
    """The commands of a record, in order; raises `InboundError` when it is none."""
    text = body.lstrip(b" \t\r\n")
    if text[:1] == b"{":
        return [_read(text)]
    try:
        found = _array.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InboundError("commands_malformed", f"neither a command nor an array of commands: {error}") from error
    if not 0 < len(found) <= COMMANDS_MAX:
        raise InboundError("commands_malformed", f"{len(found)} commands, a record holds 1 to {COMMANDS_MAX}")
    return [_read(bytes(each)) for each in found]


def _read(raw: bytes) -> Command | Malformed:
    command = decode_command(raw)
    if isinstance(command, Malformed):
        try:
            stand_in = _stand_in.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return command
        return Malformed(**msgspec.structs.asdict(stand_in))
    return command


def _standing_in(malformed: Malformed) -> bytes:
    return msgspec.json.encode(_StandIn(**msgspec.structs.asdict(malformed)))
