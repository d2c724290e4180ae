"""`--help` comes at once, because nothing heavy is imported for it; the reference page says what the commands say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contraflow.cli.reference_page import commands, page

ROOT = Path(__file__).resolve().parents[3]

# Each of them costs tens or hundreds of milliseconds to import.
HEAVY = {
    "aiokafka",
    "asyncio",
    "confluent_kafka",
    "eventsourcing",
    "fastapi",
    "faust",
    "granian",
    "httpx",
    "lxml",
    "msgspec",
    "psycopg",
    "pydantic",
    "pydantic_settings",
    "rich",
    "structlog",
    "uvloop",
    "connectors",
    "streams",
    "ledger",
    "projections",
    "api",
}
PROGRAM = """
import json, sys
from contraflow.cli import main
try:
    main()
except SystemExit as left:
    print(json.dumps({"code": left.code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def run_and_list_modules(*arguments: str) -> tuple[str, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout, json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("arguments", [["--help"], ["up", "--help"], ["dead", "list", "-h"], ["--version"]])
def test_nothing_heavy_is_imported_for_help(arguments: list[str]) -> None:
    printed, left = run_and_list_modules(*arguments)
    assert left["code"] == 0
    assert "contraflow" in printed
    modules = left["modules"]
    assert isinstance(modules, list)
    assert "typer" in modules, "the list of modules is not that of the program"
    # typer itself coerces the options of a subcommand with pydantic.
    allowed = {"pydantic"} if len(arguments) > 1 else set()
    assert HEAVY & {name.partition(".")[0] for name in modules} - allowed == set()


def test_a_heavy_import_would_be_noticed() -> None:
    _, left = run_and_list_modules("payment", "pi_1", "--book", "no such name!")
    modules = left["modules"]
    assert isinstance(modules, list)
    assert left["code"] == 4
    assert "pydantic_settings" in modules


def test_the_reference_page_says_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8") == page(), (
        "run: python -m contraflow.cli.reference_page > docs/reference/cli.md"
    )


def test_every_command_takes_the_shared_options_and_explains_itself() -> None:
    found = dict(commands())
    assert {"up", "demo", "status", "ingest", "verify", "dead redrive", "projections rebuild"} <= found.keys()
    for name, command in found.items():
        assert command.help, name
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--debug" in options, name
        assert "--output" in options or name == "bench", name


@pytest.mark.parametrize("arguments", [["nonsense"], ["up", "--only", "kafka"], ["balance"], ["-o", "xml", "status"]])
def test_a_command_line_that_cannot_be_understood_is_exit_code_2(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "contraflow", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
