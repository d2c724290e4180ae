"""Logs: structlog's lines for our own code and for the libraries under it, all on stderr.

stdout belongs to answers. `console` is for people, `json` for machines: one object a line with `timestamp`, `level`,
`event`, `logger` and `part`.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Literal

import structlog
from structlog.tracebacks import ExceptionDictTransformer

if TYPE_CHECKING:
    from structlog.typing import Processor

# Libraries that tell every step at INFO; their warnings are enough unless somebody debugs.
_TALKATIVE = ("_granian", "granian", "faust", "mode", "aiokafka", "httpx", "httpcore", "asyncio", "kafka")
# A library's warning or error from one place in its code is shown at most this often.
REPEAT_AFTER_S = 5.0


def set_up_logs(
    level: Literal["debug", "info", "warning", "error"], form: Literal["console", "json"], part: str = ""
) -> None:
    """Send every log line of this process to stderr. `part`: which process of the pipeline speaks."""
    stamps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if form == "json":
        render: list[Processor] = [
            # Without local variables: connection strings and raw records are among them.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        render = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_plain_traceback)]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *stamps,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    handler.addFilter(_Routine())
    handler.addFilter(_Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    if part:
        structlog.contextvars.bind_contextvars(part=part)


class _Routine(logging.Filter):
    """Lowers a warning that every first start of a broker brings: it loads its coordinators, the client retries."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno == logging.WARNING and "Coordinator load in progress: retrying" in record.getMessage():
            record.levelno, record.levelname = logging.INFO, "INFO"
        return record.levelno >= logging.getLogger().level


class _Repeats(logging.Filter):
    """Lets a library say the same thing once in a while: an absent broker brings forty equal lines a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at_s: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_TALKATIVE) or record.levelno < logging.WARNING:
            return True
        now_s = time.monotonic()
        what = (record.pathname, record.lineno, record.levelname)
        if now_s - self._said_at_s.get(what, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return False
        self._said_at_s[what] = now_s
        return True


_plain_traceback = structlog.dev.plain_traceback
