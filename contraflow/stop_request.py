"""Stop request: SIGTERM, SIGINT and SIGHUP, asked for politely once the pipeline runs.

While things are being started a signal interrupts at once (`KeyboardInterrupt`), so that a long download can be left.
From `hold` on, and after the first signal in any case, signals are only noted: stopping is under way, is bounded in
time, and must not be cut short half-way.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

_NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopRequest:
    """Whether somebody asked this process to stop; calling it says so.

    Attributes:
        signal_name: the first signal that came, empty when none did.
    """

    def __init__(self) -> None:
        self.signal_name = ""
        self._interrupts = True

    @classmethod
    @contextlib.contextmanager
    def listening(cls) -> Iterator[StopRequest]:
        """Take these signals over for the block; call it in the main thread."""
        request = cls()

        def note(number: int, _: object) -> None:
            request.signal_name = request.signal_name or signal.Signals(number).name
            if request._interrupts:
                request._interrupts = False
                raise KeyboardInterrupt

        before = {number: signal.signal(number, note) for number in _NUMBERS}
        try:
            yield request
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def hold(self) -> None:
        """From here on only note signals."""
        self._interrupts = False

    def __call__(self) -> bool:
        """Whether one came."""
        return bool(self.signal_name)
