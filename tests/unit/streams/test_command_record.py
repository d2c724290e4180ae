"""A record of commands: what a sender puts in is what posting takes out, garbage included."""

import json

import pytest

from contraflow.command_lines import CommandLines
from ledger.commands import Malformed, decode_command
from streams.arrival import Arrival, portions
from streams.command_record import COMMANDS_MAX, decode_commands, encode_commands
from streams.errors import InboundError
from streams.inbound import InboundRecord
from tests.integration.command_file import command_lines


def test_a_file_travels_unchanged() -> None:
    for batch in CommandLines.of_bytes(b"\n".join(command_lines(7, 500))).batches():
        told = [line.command if isinstance(line.command, Malformed) else line.raw for line in batch.lines]
        assert decode_commands(encode_commands(told)) == batch.commands


def test_one_command_is_a_record() -> None:
    raw = b' {"command":"release","key":"r","hold":"h"} '
    assert decode_commands(raw) == [decode_command(raw)]


def test_elements_that_are_no_commands_keep_their_place() -> None:
    found = decode_commands(
        b'[1,{"command":"release","key":"r","hold":"h"},"x",{"command":"malformed"},{"command":"y"}]'
    )
    assert [isinstance(command, Malformed) for command in found] == [True, False, True, True, True]


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"[1,", b'"x"', b"\xff", b"[" * 9000, b"null"])
def test_what_is_no_record(body: bytes) -> None:
    with pytest.raises(InboundError) as caught:
        decode_commands(body)
    assert caught.value.code == "commands_malformed"


def test_a_record_holds_so_many_commands() -> None:
    with pytest.raises(InboundError):
        decode_commands(json.dumps([1] * (COMMANDS_MAX + 1)).encode())


def arrival(offset: int, source: str, size_bytes: int) -> Arrival:
    body = b"x" * size_bytes
    return Arrival("t", 0, offset, InboundRecord("main", source, "", 1, "00" * 32, "", {}, 0, body))


def test_portions_bound_commands_and_leave_facts_alone() -> None:
    told = [arrival(0, "facts", 90), arrival(1, "commands", 60), arrival(2, "commands", 60), arrival(3, "facts", 90)]
    assert [[each.offset for each in portion] for portion in portions(told, 100)] == [[0, 1], [2, 3]]
    assert [len(portion) for portion in portions([arrival(n, "facts", 90) for n in range(9)], 100)] == [9]
    assert [len(portion) for portion in portions([arrival(n, "commands", 150) for n in range(3)], 100)] == [1, 1, 1]
