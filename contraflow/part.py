"""One part of the pipeline as a process: `python -m contraflow.part NAME`, started by a supervisor.

It reads its settings from the first line of its standard input and ends when that input ends, so that no part outlives
its supervisor. SIGTERM asks it to stop.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from contraflow import wiring
from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import explain
from contraflow.handed_settings import read_settings
from contraflow.logs import set_up_logs

if TYPE_CHECKING:
    from contraflow.settings import Settings

# How long a part may take to end after its supervisor is gone.
ORPHAN_WAIT_S: Final = 10.0
# Connections to the API at once, idle ones included; the next one waits until one is closed.
CONNECTIONS_MAX: Final = 2048
# How long a connection may take to send the headers of its next request.
HEADER_WAIT_MS: Final = 15_000
_STDIN: Final = 0


def main() -> int:
    """Run the part named in argv[1]; its exit code."""
    name = sys.argv[1]
    settings = read_settings(_first_line())
    set_up_logs(settings.log_level, settings.log_format, part=name)
    threading.Thread(target=_watch_supervisor, name="supervisor-watch", daemon=True).start()
    try:
        return _RUNNERS[name](settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is logged and becomes the exit code
        code, line = explain(error)
        # What is known by name is the world's fault and said in one line; anything else shows where it happened.
        defect = code is ExitCode.DEFECT or settings.log_level == "debug"
        structlog.get_logger(__name__).critical("the part ends", reason=line, exc_info=error if defect else None)
        return code


def run_api(settings: Settings) -> int:
    """Webhook intake and read API on one event loop, in this process alone: nothing to leave behind."""
    import asyncio

    import uvloop
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    from api.app import create_app

    _raise_open_files_limit()
    _collect_seldom()

    async def serve() -> None:
        server = Server(
            create_app(wiring.api_config(settings)),
            address=settings.api_host,
            port=settings.api_port,
            interface=Interfaces.ASGI,
            websockets=False,
            log_enabled=False,
            backlog=CONNECTIONS_MAX,
            # The default is 128: as many idle or half-open connections would keep everybody else waiting.
            backpressure=CONNECTIONS_MAX,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_WAIT_MS),
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        await server.serve()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
    return 0


def _raise_open_files_limit() -> None:
    """Room for `CONNECTIONS_MAX`: many systems begin with a soft limit of 1024 open files and allow far more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + 512
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def run_posting(settings: Settings) -> int:
    """Inbound topics into the books."""
    from streams.posting import run_posting

    _collect_seldom()
    run_posting(wiring.posting_config(settings), _stop_on_signal())
    return 0


def run_publishing(settings: Settings) -> int:
    """Books into the topics for everybody."""
    from streams.publishing import run_publishing

    _collect_seldom()
    run_publishing(wiring.publishing_config(settings), _stop_on_signal())
    return 0


def run_projecting(settings: Settings) -> int:
    """Journal into the projections; it listens to SIGTERM itself."""
    from streams.projecting import run_projecting

    _collect_seldom()
    return run_projecting(wiring.projecting_config(settings))


def run_polling(settings: Settings) -> int:
    """Gateways into the inbound topics."""
    from streams.polling import run_polling

    run_polling(wiring.polling_config(settings), _stop_on_signal())
    return 0


def _collect_seldom() -> None:
    """Look for cycles among Python's objects once in a while, and never among those of the program itself.

    A batch makes some ten thousand objects and lets go of all of them: looking every 700, as Python does unless told
    otherwise, took a tenth of the processor time of a part.
    """
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _stop_on_signal() -> threading.Event:
    """An event that SIGTERM or SIGINT sets.

    From a thread of its own: a handler in the main thread could deadlock with an `Event.wait` that it interrupts.
    Signals are blocked before any other thread starts, so that all inherit it and only this one gets them.
    """
    stop = threading.Event()
    numbers = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)

    def wait() -> None:
        signal.sigwait(numbers)
        stop.set()

    threading.Thread(target=wait, name="signal-wait", daemon=True).start()
    return stop


def _first_line() -> bytes:
    """Read without Python's buffer: its lock, held by a thread that waits for more, would not survive the exit."""
    line = b""
    while not line.endswith(b"\n") and (piece := os.read(_STDIN, 65536)):
        line += piece
    return line


def _watch_supervisor() -> None:
    # Signals are for the other threads, see above.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    while os.read(_STDIN, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(ORPHAN_WAIT_S)
    os._exit(1)


_RUNNERS: Final[dict[str, Callable[[Settings], int]]] = {
    "api": run_api,
    "posting": run_posting,
    "publishing": run_publishing,
    "projecting": run_projecting,
    "polling": run_polling,
}


if __name__ == "__main__":
    sys.exit(main())
