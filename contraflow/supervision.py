"""Supervision: the parts of a pipeline as child processes that are started, watched, started again and stopped.

A part that ends is started again, the next time after twice the wait, and every such event is said. A part runs in a
session of its own, so that Ctrl-C in the terminal reaches only the supervisor, which then stops the parts in order:
ask (SIGTERM), wait, kill. A part's standard input is a pipe that the supervisor holds open: first comes one line of
settings, which may hold secrets and therefore stands neither in the arguments nor in the environment; the end of it
tells the part that its supervisor is gone, however that died.

Nothing here knows what a part does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

RESTART_WAIT_S = 0.5
RESTART_WAIT_S_MAX = 30.0
# A part that ran this long before it ended is started again as if for the first time.
STABLE_AFTER_S = 30.0
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class PartOrder:
    """One process to keep running.

    Attributes:
        name: what people call it.
        argv: its command line.
        handed: the line it reads from its standard input.
        stop_stage: parts of stage 0 are stopped first, all of a stage at once.
        stop_wait_s: how long it may take to end after SIGTERM.
    """

    name: str
    argv: Sequence[str]
    handed: bytes = field(default=b"{}", repr=False)
    stop_stage: int = 0
    stop_wait_s: float = 10.0


class Supervisor:
    """Keeps parts running. `say` gets one line about every event; `tick` has to be called often."""

    def __init__(
        self,
        orders: Sequence[PartOrder],
        say: Callable[[str], None],
        *,
        restart_wait_s: float = RESTART_WAIT_S,
        on_change: Callable[[Supervisor], None] | None = None,
    ) -> None:
        assert len({order.name for order in orders}) == len(orders), "two parts with one name"
        self._parts = [_Part(order, restart_wait_s) for order in orders]
        self._say = say
        self._on_change = on_change

    def start(self) -> None:
        """Start every part."""
        for part in self._parts:
            part.start()
        self._changed()

    def tick(self) -> None:
        """Notice what ended and start what is due."""
        now_s = time.monotonic()
        before = self.restarts
        for part in self._parts:
            if part.process is not None and (code := part.process.poll()) is not None:
                part.clear_away()
                wait_s = part.ended(now_s)
                self._say(f"{part.order.name} {_ending(code)}; it is started again in {wait_s:g} s")
            if part.process is None and now_s >= part.due_at_s:
                part.restarts += 1
                part.start()
                self._say(f"{part.order.name} started again, process {part.pid}")
        if self.restarts != before:
            self._changed()

    def run(self, is_over: Callable[[], bool], poll_s: float = POLL_S) -> None:
        """Tick until `is_over` says so. It is asked `1 / poll_s` times a second."""
        while not is_over():
            self.tick()
            time.sleep(poll_s)

    def stop(self) -> None:
        """Stop every part, stage by stage; afterwards none is left. Repeating it does nothing."""
        for stage in sorted({part.order.stop_stage for part in self._parts}):
            parts = [part for part in self._parts if part.order.stop_stage == stage and part.process is not None]
            for part in parts:
                part.ask_to_stop()
            for part in parts:
                if not part.wait_stopped():
                    wait_s = part.order.stop_wait_s
                    self._say(f"{part.order.name} did not end within {wait_s:g} s after SIGTERM; it was killed")

    @property
    def restarts(self) -> int:
        """How often a part was started again."""
        return sum(part.restarts for part in self._parts)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the parts that run."""
        return {part.order.name: part.pid for part in self._parts if part.process is not None}

    @property
    def restarts_by_part(self) -> dict[str, int]:
        """How often each part was started again."""
        return {part.order.name: part.restarts for part in self._parts}

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change(self)


class _Part:
    """One part and the process it is right now; `process` is None while it waits for its next start."""

    def __init__(self, order: PartOrder, restart_wait_s: float) -> None:
        self.order = order
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.due_at_s = 0.0
        self._first_wait_s = self._next_wait_s = restart_wait_s
        self._started_at_s = 0.0
        self._stop_asked_at_s = 0.0

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        self._started_at_s = time.monotonic()
        self.process = subprocess.Popen(self.order.argv, stdin=subprocess.PIPE, start_new_session=True)
        assert self.process.stdin is not None
        # A part that died before it read its line is noticed by the next tick.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(self.order.handed.replace(b"\n", b" ") + b"\n")
            self.process.stdin.flush()

    def ended(self, now_s: float) -> float:
        """Plan the next start; the wait until then."""
        self.process = None
        if now_s - self._started_at_s >= STABLE_AFTER_S:
            self._next_wait_s = self._first_wait_s
        wait_s = self._next_wait_s
        self.due_at_s = now_s + wait_s
        self._next_wait_s = min(2 * wait_s, RESTART_WAIT_S_MAX)
        return wait_s

    def ask_to_stop(self) -> None:
        assert self.process is not None
        self._stop_asked_at_s = time.monotonic()
        self.process.terminate()

    def wait_stopped(self) -> bool:
        """False when it had to be killed."""
        assert self.process is not None
        left_s = self._stop_asked_at_s + self.order.stop_wait_s - time.monotonic()
        try:
            self.process.wait(max(left_s, 0.01))
            ended = True
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            ended = False
        self.clear_away()
        self.process = None
        return ended

    def clear_away(self) -> None:
        """Kill what the ended process may have left in its session, and close its pipe."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
