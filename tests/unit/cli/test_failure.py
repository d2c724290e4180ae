"""Every failure is one line and an exit code, and the classes that are looked up by name exist under it."""

import importlib
import subprocess
import sys

import psycopg
import pytest

from contraflow.cli import failure
from contraflow.cli.exit_codes import MEANINGS, ExitCode
from contraflow.cli.failure import Failed, explain
from contraflow.embedded import JarsUnavailable, PairInUse
from contraflow.settings import SettingsInvalid
from streams.errors import BodyTooLarge, IntakeUnavailable, TopicMismatch


@pytest.mark.parametrize("name", sorted(failure._CODES.keys() | failure._ADVICE.keys()))
def test_a_class_that_is_looked_up_by_name_exists(name: str) -> None:
    module, _, qualified = name.rpartition(".")
    if module == "cimpl":
        module = "confluent_kafka"
    found = getattr(importlib.import_module(module), qualified)
    assert issubclass(found, Exception)
    assert f"{found.__module__}.{found.__qualname__}" == name


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)
    assert len({code.value for code in ExitCode}) == len(ExitCode)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failed(ExitCode.NOT_FOUND, "no such thing"), ExitCode.NOT_FOUND),
        (SettingsInvalid("CONTRAFLOW_API_PORT: no"), ExitCode.SETTINGS),
        (PairInUse("in use by 12"), ExitCode.IN_USE),
        (JarsUnavailable("no jar"), ExitCode.UNAVAILABLE),
        (IntakeUnavailable("no broker"), ExitCode.UNAVAILABLE),
        (BodyTooLarge("body_too_large", "too large"), ExitCode.REFUSED),
        (TopicMismatch("partitions"), ExitCode.SETTINGS),
        (psycopg.OperationalError("connection refused"), ExitCode.UNAVAILABLE),
        (psycopg.errors.UndefinedTable("no table"), ExitCode.NOT_FOUND),
        (FileNotFoundError(2, "No such file or directory", "a.json"), ExitCode.REFUSED),
        (ZeroDivisionError("division by zero"), ExitCode.DEFECT),
    ],
)
def test_a_failure_has_its_code_and_says_what_happened(error: Exception, code: ExitCode) -> None:
    found, line = explain(error)
    assert found == code
    assert str(getattr(error, "strerror", None) or error) in line


def test_a_defect_shows_its_traceback_only_with_debug() -> None:
    program = (
        "import sys\n"
        "from contraflow.cli import app, main\n"
        "def broken(*_, **__):\n"
        "    raise ZeroDivisionError('planted')\n"
        "import contraflow.settings\n"
        "contraflow.settings.load_settings = broken\n"
        "main()\n"
    )
    for arguments, shown in (["status"], False), (["status", "--debug"], True), (["--debug", "status"], True):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == ExitCode.DEFECT
        assert "planted" in done.stderr.splitlines()[-1]
        assert ("Traceback" in done.stderr) is shown


def test_what_postgres_quotes_below_its_message_is_left_out() -> None:
    _, line = explain(psycopg.errors.UndefinedTable('relation "ledger.books" does not exist\nLINE 1: SELECT book\n  ^'))
    assert line.startswith('relation "ledger.books" does not exist. ')
    assert "contraflow up" in line
    assert "\n" not in line
