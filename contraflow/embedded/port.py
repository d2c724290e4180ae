"""Free TCP ports on the loopback interface."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"
# Below those that the system gives to clients (from 32768 on Linux, from 49152 elsewhere): while a server is away, a
# client that keeps trying to reach it could be given the server's own port, and hold it.
_PORT_MIN, _PORT_MAX = 20_000, 32_000
_TRIES_MAX = 1_000


def free_ports(count: int) -> list[int]:
    """`count` different ports that are free right now; raises OSError when none can be found."""
    found: set[int] = set()
    for _ in range(_TRIES_MAX):
        if len(found) == count:
            return list(found)
        port = random.randint(_PORT_MIN, _PORT_MAX)  # noqa: S311 - a port is no secret
        if is_free(port):
            found.add(port)
    raise OSError(f"no {count} free ports between {_PORT_MIN} and {_PORT_MAX}")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now. Connections in TIME_WAIT do not count, as for the server."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int, wait_s: float = 1.0) -> bool:
    """Whether something accepts connections on this port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=wait_s):
            return True
    except OSError:
        return False
