"""One owner for each data directory. The kernel drops the lock when the owner's process dies."""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path

from contraflow.embedded.errors import PairInUse

_held: weakref.WeakSet[DirectoryLock] = weakref.WeakSet()


class DirectoryLock:
    """An exclusive lock on `<data_dir>/pair.lock`. Raises PairInUse when somebody holds it."""

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / "pair.lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode(errors="replace") or "another process"
            os.close(self._file)
            raise PairInUse(
                f"{data_dir} is in use by process {holder}. Use its pair (EmbeddedPair.attach), stop that process, or "
                "choose another directory with CONTRAFLOW_DATA_DIR."
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())
        _held.add(self)

    def release(self) -> None:
        """Let the next one in. The file stays: removing it would let two owners lock two different files."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _forget_after_fork() -> None:
    """A forked child shares the lock; were it to outlive its parent, the directory would stay locked."""
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_forget_after_fork)
