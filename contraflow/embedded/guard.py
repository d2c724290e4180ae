"""A small process between us and one server: it outlives nobody, and nobody outlives it.

Run as a script, `guard.py ORDER` (see `Order` in `process.py`), in a session of its own, so that a Ctrl-C in the
terminal reaches neither it nor the server. It
- starts the server, as another user when told so, and writes both process ids to the pid file;
- stops the server when told to (SIGTERM), and when its own parent is gone, however that died;
- asks Linux to signal the server when the guard itself is killed. The guard has one thread, so the kernel's
  parent-death signal cannot fire early, as it would when a thread of the parent that started the server ended.

It imports nothing of ours: a guard must start in milliseconds, and must not depend on where the packages are found.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

# Values of <linux/prctl.h> and <linux/capability.h>.
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
# How long a dead parent may stay unnoticed.
PARENT_POLL_S = 0.5


def main() -> int:
    """Run the server of the order in argv[1] until it ends; its exit code (128 + n after signal n)."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    asked_to_stop = []
    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.append(True))
    for other in (signal.SIGCHLD, signal.SIGINT, signal.SIGHUP):
        signal.signal(other, lambda *_: None)

    server = start(order)
    write_pid_file(Path(order["pid_file"]), server.pid)
    while server.poll() is None:
        if asked_to_stop or os.getppid() != order["parent_pid"]:
            stop(server, order["stop_signal"], order["stop_wait_s"])
            break
        if select.select([wake_read], [], [], PARENT_POLL_S)[0]:
            os.read(wake_read, 512)
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server; on Linux with a parent-death signal and, where the order says so, one capability."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    capability = order["capability"]
    if libc is not None and capability is not None:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)

    def in_child() -> None:
        if libc is None:
            return
        if capability is not None:
            keep_capability(libc, capability)
        libc.prctl(PR_SET_PDEATHSIG, order["stop_signal"], 0, 0, 0)

    uid, gid = order["user"] or (None, None)
    return subprocess.Popen(
        order["argv"],
        stdin=subprocess.DEVNULL,
        user=uid,
        group=gid,
        extra_groups=[] if uid is not None else None,
        preexec_fn=in_child,  # noqa: PLW1509 - this process has a single thread
    )


def keep_capability(libc: ctypes.CDLL, capability: int) -> None:
    """Carry one capability over the exec, after the change of user."""
    mask = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; low words first, then the high words (capabilities above 31)
    words = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc.capset(header, words) != 0 or libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"capability {capability} cannot be kept")


def stop(server: subprocess.Popen[bytes], stop_signal: int, wait_s: float) -> None:
    """Ask, wait, then kill."""
    server.send_signal(stop_signal)
    try:
        server.wait(wait_s)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def write_pid_file(path: Path, server_pid: int) -> None:
    """Both process ids, in one step, so that a reader never sees half a file."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"guard_pid": os.getpid(), "server_pid": server_pid, "written_at_s": _now_s()}))
    fresh.replace(path)


def _now_s() -> float:
    import time

    return time.time()


if __name__ == "__main__":
    sys.exit(main())
