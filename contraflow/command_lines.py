"""Command lines: commands as JSON lines, read in bounded memory and put together into batches.

A batch is what has come so far, up to a size, and never ends within a chain. A line that is no command keeps its place
as `Malformed`, with its number. Whoever writes one line and waits for its answer gets it: a batch also ends when
nothing more has come yet.
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from msgspec.structs import replace

from ledger.commands import COMMAND_BYTES_MAX, Command, Malformed, decode_command

BATCH_COMMANDS_MAX: Final = 2_000
BATCH_BYTES_MAX: Final = 256 * 1024
CHAIN_COMMANDS_MAX: Final = 5_000
CHAIN_BYTES_MAX: Final = 2 * 1024 * 1024
CHUNK_BYTES: Final = 256 * 1024
STAND_IN_BYTES: Final = 2_000  # about the most that stands in for a line which is no command
PIECE_LINES: Final = BATCH_BYTES_MAX // STAND_IN_BYTES


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One line.

    Attributes:
        number: from 1, empty lines counted.
        raw: its JSON; empty when it is malformed.
    """

    number: int
    raw: bytes
    command: Command | Malformed


@dataclass(slots=True)
class CommandBatch:
    """Lines to be decided together.

    Attributes:
        lines: none when there is only somebody waiting.
        waits: nothing more has come yet, so somebody may be waiting for these answers and those before them.
    """

    lines: list[CommandLine] = field(default_factory=list)
    waits: bool = False

    @property
    def commands(self) -> list[Command | Malformed]:
        """The commands, in order."""
        return [line.command for line in self.lines]


class CommandLines:
    """Reads lines. `read` gives the next bytes, empty at the end; `ready` says whether it would give them at once."""

    def __init__(self, read: Callable[[], bytes], ready: Callable[[], bool] = lambda: True) -> None:
        """Prefer `of_descriptor` and `of_bytes`."""
        self._read = read
        self._ready = ready
        self._whole: deque[bytes | None] = deque()
        self._rest = b""
        self._too_long = False
        self._ended = False
        self._number = 0

    @classmethod
    def of_descriptor(cls, descriptor: int) -> CommandLines:
        """The lines of an open file, pipe or terminal."""
        return cls(lambda: os.read(descriptor, CHUNK_BYTES), lambda: bool(select.select([descriptor], [], [], 0)[0]))

    @classmethod
    def of_bytes(cls, text: bytes) -> CommandLines:
        """The lines of a text."""
        content = BytesIO(text)
        return cls(lambda: content.read(CHUNK_BYTES))

    def batches(self) -> Iterator[CommandBatch]:
        """The lines in batches, in order."""
        batch = CommandBatch()
        size_bytes = 0
        chain: list[CommandLine] = []
        chain_bytes = 0
        broken = False
        owed = False
        while True:
            if not self._whole:
                if self._ended:
                    break
                # Whatever is whole: half a chain after it may come only once these answers are read.
                if (batch.lines or owed) and not self._ready():
                    batch.waits = True
                    yield batch
                    batch, size_bytes = CommandBatch(), 0
                    owed = False
                self._fill()
                continue
            line = self._next()
            if line is None:
                continue
            chain.append(line)
            chain_bytes += len(line.raw) or STAND_IN_BYTES
            broken = broken or len(chain) > CHAIN_COMMANDS_MAX or chain_bytes > CHAIN_BYTES_MAX
            if line.command.linked and not broken:
                continue
            if broken:
                for at in range(0, len(chain), PIECE_LINES):
                    batch.lines += [_unlinked(each) for each in chain[at : at + PIECE_LINES]]
                    yield batch
                    batch, size_bytes = CommandBatch(), 0
                    owed = True
                broken = line.command.linked
            else:
                batch.lines += chain
                size_bytes += chain_bytes
            chain, chain_bytes = [], 0
            if len(batch.lines) >= BATCH_COMMANDS_MAX or size_bytes >= BATCH_BYTES_MAX:
                yield batch
                batch, size_bytes = CommandBatch(), 0
                owed = True
        batch.lines += chain
        if batch.lines:
            batch.waits = True
            yield batch

    def _fill(self) -> None:
        """Read once; a line past the bound is not kept, only that it was there."""
        chunk = self._read()
        if not chunk:
            self._ended = True
            if self._rest or self._too_long:
                self._whole.append(None if self._too_long else self._rest)
            return
        first, *more = chunk.split(b"\n")
        self._rest += b"" if self._too_long else first
        for following in more:
            self._whole.append(None if self._too_long else self._rest)
            self._rest, self._too_long = following, False
        if len(self._rest) > COMMAND_BYTES_MAX:
            self._rest, self._too_long = b"", True

    def _next(self) -> CommandLine | None:
        """The next line; None for an empty one."""
        raw = self._whole.popleft()
        self._number += 1
        if raw is None:
            detail = f"line {self._number}: a command has at most {COMMAND_BYTES_MAX} bytes"
            return CommandLine(self._number, b"", Malformed(detail=detail))
        if self._number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        raw = raw.strip()
        if not raw:
            return None
        command = decode_command(raw)
        if isinstance(command, Malformed):
            return CommandLine(self._number, b"", replace(command, detail=f"line {self._number}: {command.detail}"))
        return CommandLine(self._number, raw, command)


def _unlinked(line: CommandLine) -> CommandLine:
    """What stands in for a member of a chain that is too long to be decided at once."""
    detail = f"line {line.number}: a chain has at most {CHAIN_COMMANDS_MAX} commands and {CHAIN_BYTES_MAX} bytes"
    return CommandLine(
        line.number, b"", Malformed(key=line.command.key, code="chain_too_long", field="linked", detail=detail)
    )
