"""Logs: what a failure shows, in both forms, and what it never shows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A connection string is only ever a value here, so that the source lines of a traceback do not hold it.
_FAILING = """
import sys
import structlog
from contraflow.logs import set_up_logs

def connect(conninfo):
    raise ValueError("cannot connect")

set_up_logs("info", sys.argv[1], part="posting")
try:
    connect(sys.argv[2])
except ValueError as error:
    structlog.get_logger("test").critical("the part ends", exc_info=error)
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_where_and_no_local_variable(form: str) -> None:
    conninfo = "postgresql://user:pass" + "word@host/db"
    done = subprocess.run(
        [sys.executable, "-c", _FAILING, form, conninfo],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "password" not in done.stderr
    assert "cannot connect" in done.stderr and "in connect" in done.stderr.replace('"name": "connect"', "in connect")
    if form == "json":
        assert json.loads(done.stderr)["part"] == "posting"
