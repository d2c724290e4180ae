"""Watching positions: when a projection said that a position can be read."""

import threading
import time

import psycopg


class PositionWatch:
    """Listens to what projections announce and keeps the moment at which each position became readable.

    The moments are those of `time.monotonic` in this process, so that they can be held against its own sends.
    """

    def __init__(self, dsn: str, projection: str, book: str) -> None:
        """Watch `projection` of `book`; use it as a with block."""
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._prefix = f"{projection} {book} "
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="position-watch")
        self.reached: list[tuple[int, float]] = []

    def __enter__(self) -> "PositionWatch":
        """Start listening."""
        self._connection.execute("LISTEN contraflow_projection")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._over.set()
        self._thread.join()
        self._connection.close()

    @property
    def position(self) -> int:
        """The last position that was announced."""
        return self.reached[-1][0] if self.reached else 0

    def wait(self, position: int, wait_s: float) -> None:
        """Wait until `position` can be read; raises `TimeoutError`."""
        deadline_s = time.monotonic() + wait_s
        while self.position < position:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"position {position} was not readable after {wait_s:g} s, {self.position} was")
            time.sleep(0.01)

    def _listen(self) -> None:
        while not self._over.is_set():
            for notice in self._connection.notifies(timeout=0.2):
                if notice.payload.startswith(self._prefix):
                    self.reached.append((int(notice.payload[len(self._prefix) :]), time.monotonic()))
