"""Command lines: batches that never cut a chain, lines that are no command, bounded memory, nobody kept waiting."""

import json
from collections.abc import Callable

import pytest

from contraflow import command_lines
from contraflow.command_lines import BATCH_COMMANDS_MAX, CHAIN_COMMANDS_MAX, CommandBatch, CommandLines
from ledger.commands import COMMAND_BYTES_MAX, Malformed


def release(key: object, *, linked: bool = False) -> bytes:
    return json.dumps({"command": "release", "key": str(key), "hold": "h", "linked": linked}).encode()


def batches(text: bytes) -> list[CommandBatch]:
    return list(CommandLines.of_bytes(text).batches())


def keys(found: list[CommandBatch]) -> list[list[str]]:
    return [[line.command.key for line in batch.lines] for batch in found]


def pieces(*chunks: bytes, ready: Callable[[], bool] = lambda: True) -> list[CommandBatch]:
    left = list(chunks)
    return list(CommandLines(lambda: left.pop(0) if left else b"", ready).batches())


def test_lines_in_order_with_numbers_and_empty_ones_passed_over() -> None:
    (batch,) = batches(b"\xef\xbb\xbf" + release(1) + b"\r\n\n  \n" + release(2))
    assert [(line.number, line.command.key, line.raw) for line in batch.lines] == [
        (1, "1", release(1)),
        (4, "2", release(2)),
    ]


def test_nothing_is_no_batch() -> None:
    assert batches(b"") == batches(b"\n\n") == []


@pytest.mark.parametrize("garbage", [b"garbage", b"\xff\xfe", b"[]", b'{"command":"release"}', b"[" * 9000])
def test_a_line_that_is_no_command_keeps_its_place_and_says_its_number(garbage: bytes) -> None:
    (batch,) = batches(release(1) + b"\n" + garbage + b"\n" + release(2))
    assert [isinstance(command, Malformed) for command in batch.commands] == [False, True, False]
    malformed = batch.commands[1]
    assert isinstance(malformed, Malformed)
    assert malformed.detail.startswith("line 2: ")
    assert batch.lines[1].raw == b""


def test_a_line_past_the_bound_is_dropped_and_told() -> None:
    chunks = [release(1) + b"\n", *[b"x" * 300_000] * 40, b"\n" + release(2) + b"\n"]
    left = list(chunks)
    lines = CommandLines(lambda: left.pop(0) if left else b"")
    (batch,) = list(lines.batches())
    assert [line.command.key for line in batch.lines] == ["1", "", "2"]
    assert isinstance(batch.commands[1], Malformed)
    assert str(COMMAND_BYTES_MAX) in batch.commands[1].detail


def test_a_line_past_the_bound_at_the_end() -> None:
    (batch,) = pieces(*[b"x" * 300_000] * 5)
    assert isinstance(batch.commands[0], Malformed)


def test_a_batch_ends_at_its_size_and_not_within_a_chain() -> None:
    text = b"\n".join(
        [release(number) for number in range(BATCH_COMMANDS_MAX - 1)]
        + [release("a", linked=True), release("b", linked=True), release("c"), release("d")]
    )
    first, second = batches(text)
    assert [line.command.key for line in first.lines][-3:] == ["a", "b", "c"]
    assert [line.command.key for line in second.lines] == ["d"]


def test_an_open_chain_at_the_end_is_given_as_it_is() -> None:
    (batch,) = batches(release(1) + b"\n" + release(2, linked=True))
    assert batch.commands[-1].linked


def test_a_chain_that_is_too_long_is_refused_whole_in_pieces_and_what_follows_is_read() -> None:
    length = CHAIN_COMMANDS_MAX + 50
    chain = [release(number, linked=number < length - 1) for number in range(length)]
    found = batches(b"\n".join([release("before"), *chain, release("after")]))
    commands = [command for batch in found for command in batch.commands]
    assert [command.key for command in commands] == ["before", *map(str, range(length)), "after"]
    refused = commands[1:-1]
    assert all(isinstance(command, Malformed) and command.code == "chain_too_long" for command in refused)
    assert not any(command.linked for command in commands)
    assert max(len(batch.lines) for batch in found) <= command_lines.PIECE_LINES + 1


def test_who_waits_for_an_answer_gets_it_before_more_is_read() -> None:
    found = pieces(release(1) + b"\n", release(2) + b"\n" + release(3) + b"\n", ready=lambda: False)
    assert keys(found) == [["1"], ["2", "3"]]
    assert all(batch.waits for batch in found)


def test_an_open_chain_waits_for_its_end() -> None:
    found = pieces(release(1, linked=True) + b"\n", release(2) + b"\n", ready=lambda: False)
    assert keys(found) == [["1", "2"]]


def test_half_a_chain_keeps_nobody_waiting_for_what_came_before_it() -> None:
    found = pieces(release(1) + b"\n" + release(2, linked=True) + b"\n", release(3) + b"\n", ready=lambda: False)
    assert keys(found) == [["1"], ["2", "3"]]
    assert all(batch.waits for batch in found)


def test_a_batch_that_is_full_when_nothing_more_has_come_is_waited_for() -> None:
    full = b"\n".join(release(number) for number in range(BATCH_COMMANDS_MAX)) + b"\n"
    found = pieces(full, release("next") + b"\n", ready=lambda: False)
    assert [(len(batch.lines), batch.waits) for batch in found] == [(BATCH_COMMANDS_MAX, False), (0, True), (1, True)]


def test_lines_cut_anywhere_are_the_same_lines() -> None:
    text = b"\n".join([release(1), b"", b"garbage", release(2, linked=True), release(3)])
    whole = batches(text)
    for size in (1, 2, 3, 7, 50):
        cut = pieces(*(text[at : at + size] for at in range(0, len(text), size)))
        assert [batch.lines for batch in cut] == [batch.lines for batch in whole]
