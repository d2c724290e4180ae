"""Posting in a process of its own that stops itself in the middle of a batch, once SIGUSR1 has armed it."""

import runpy
import signal
from typing import Any

import streams.posting
from streams.writer import Writer
from tests.chaos.zombie import Zombie

ZOMBIE = Zombie()


class HauntedWriter(Writer):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        ZOMBIE.haunt(self._store)
        ZOMBIE.haunt(self._reader)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda *_: setattr(ZOMBIE, "armed", True))
    streams.posting.Writer = HauntedWriter  # type: ignore[misc]
    runpy.run_module("tests.integration.posting_process", run_name="__main__")
