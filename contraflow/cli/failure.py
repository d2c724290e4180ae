"""Failure: an exception as one clear line on stderr and an exit code that says what to do about it.

A command raises `Failed` for what it finds out itself; everything that the rooms raise is sorted here. The rooms'
exception classes are looked up by name in the class's line of ancestors, so that nothing heavy is imported only to say
what went wrong.
"""

from __future__ import annotations

from contraflow.cli.exit_codes import ExitCode


class Failed(Exception):
    """A command cannot do what was asked. `message` says what happened and what to do."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code


# Ancestor's name -> exit code; the nearest ancestor that stands here decides.
_CODES: dict[str, ExitCode] = {
    "contraflow.settings.SettingsInvalid": ExitCode.SETTINGS,
    "streams.errors.Stop": ExitCode.SETTINGS,
    "contraflow.embedded.errors.PairInUse": ExitCode.IN_USE,
    "contraflow.pipeline.PortInUse": ExitCode.IN_USE,
    "contraflow.pipeline.NotReady": ExitCode.NOT_IN_TIME,
    "contraflow.settling.NotSettled": ExitCode.NOT_IN_TIME,
    "contraflow.embedded.errors.EmbeddedError": ExitCode.UNAVAILABLE,
    "streams.errors.Retry": ExitCode.UNAVAILABLE,
    "streams.errors.Reject": ExitCode.REFUSED,
    "psycopg.OperationalError": ExitCode.UNAVAILABLE,
    "cimpl.KafkaException": ExitCode.UNAVAILABLE,
    "psycopg.errors.UndefinedTable": ExitCode.NOT_FOUND,
    "projections.errors.UnknownProjection": ExitCode.NOT_FOUND,
    "projections.errors.RebuildRunning": ExitCode.IN_USE,
    "ledger.errors.ChartError": ExitCode.SETTINGS,
    "ledger.errors.RulesError": ExitCode.SETTINGS,
    "ledger.errors.BrokenLaw": ExitCode.WRONG,
    "projections.errors.ProjectionError": ExitCode.WRONG,
    "ledger.errors.LedgerError": ExitCode.REFUSED,
}
_ADVICE: dict[str, str] = {
    "psycopg.errors.UndefinedTable": "Nothing was posted here yet: `contraflow up` makes the tables.",
    "psycopg.OperationalError": "Is PostgreSQL running? `contraflow doctor` says what can be reached.",
    "cimpl.KafkaException": "Is Kafka running? `contraflow doctor` says what can be reached.",
    "streams.errors.Retry": "Is Kafka running? `contraflow doctor` says what can be reached.",
}


def explain(error: BaseException) -> tuple[ExitCode, str]:
    """The exit code and the line for `error`."""
    if isinstance(error, Failed):
        return error.code, str(error)
    for ancestor in type(error).__mro__:
        name = f"{ancestor.__module__}.{ancestor.__qualname__}"
        if name in _CODES:
            told = str(error).strip()
            if name.startswith("psycopg."):
                told = told.partition("\n")[0] + "."  # below it, the server quotes the statement
            return _CODES[name], f"{told} {_ADVICE.get(name, '')}".strip()
    if isinstance(error, OSError) and error.filename is not None:
        return ExitCode.REFUSED, f"{error.filename}: {error.strerror}"
    return ExitCode.DEFECT, f"{type(error).__name__}: {error}. This is a defect; --debug shows where."
