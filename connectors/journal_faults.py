"""Faults of a journal while it is read: all of them are collected, so that one reading shows everything to mend."""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.commodities import CommodityUnknown
from connectors.errors import JournalFault, JournalRefused

FAULTS_MAX = 200


class BadLine(Exception):
    """Something in a line for which the journal is refused.

    Attributes:
        line: counted from 1; 0 is the line of whatever is being read.
    """

    def __init__(self, code: str, detail: str, line: int = 0) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.line = line


class Faults:
    """The faults of one journal so far."""

    def __init__(self, file: str) -> None:
        """`file` is the name under which the faults are told."""
        self._file = file
        self._found: list[JournalFault] = []

    def add(self, line: int, code: str, detail: str) -> None:
        """Note one fault."""
        self._found.append(JournalFault(self._file, line, code, detail))

    def __len__(self) -> int:
        return len(self._found)

    @contextmanager
    def at(self, line: int) -> Iterator[None]:
        """Note what is wrong inside the block, as a fault of `line` unless it names its own, and go on after it."""
        try:
            yield
        except BadLine as bad:
            self.add(bad.line or line, bad.code, bad.detail)
        except CommodityUnknown as error:
            self.add(line, "commodity_unknown", str(error))

    def check(self) -> None:
        """Raise `JournalRefused` when there is a fault."""
        if self._found:
            raise JournalRefused(sorted(self._found, key=lambda fault: fault.line)[:FAULTS_MAX])
