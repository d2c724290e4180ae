"""`docs/reference/cli.md`, from the commands: `python -m contraflow.cli.reference_page > docs/reference/cli.md`."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer.main

from contraflow.cli.app import app
from contraflow.cli.exit_codes import MEANINGS

_HEAD = """# Command line

Written from `contraflow/cli/` by `python -m contraflow.cli.reference_page`; a test keeps both alike.

Answers go to stdout, progress and logs to stderr. `-o table|json` and `--debug` may stand before or after the
subcommand. Errors are one line that says what to do; `--debug` adds the traceback. Settings are environment variables,
see [settings](settings.md).

Commands that only read work beside a running pipeline and without one: then they start the embedded PostgreSQL, read,
and stop it again.

## Exit codes

| code | meaning |
|---|---|
"""


def page() -> str:
    """The whole page."""
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return _HEAD + codes + "\n## Commands\n\n" + "\n".join(_section(name, each) for name, each in commands())


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name, in the order of `--help`."""
    # typer's command objects are not part of its public types.
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        if hasattr(command, "commands"):
            for below, each in command.commands.items():
                yield f"{name} {below}", each
        else:
            yield name, command


def _section(name: str, command: Any) -> str:
    shown = [each for each in command.params if each.name not in ("output", "debug", "help")]
    arguments = "".join(f" {_argument(each)}" for each in shown if each.param_type_name == "argument")
    lines = [f"### `contraflow {name}{arguments}`", "", _prose(command.help), ""]
    if shown:
        rows = [f"| `{_spelling(each)}` | {_prose(each.help)}{_default(each)} |" for each in shown]
        lines += ["| argument or option | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _argument(parameter: Any) -> str:
    name = str(parameter.metavar or parameter.name.upper()).removesuffix("...")
    many = "..." if parameter.nargs == -1 else ""
    return f"{name}{many}" if parameter.required else f"[{name}{many}]"


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _argument(parameter)
    spelled = ", ".join(parameter.opts)
    if parameter.is_flag:
        return spelled
    annotation = parameter.type_descriptor.annotation
    (kind,) = typing.get_args(annotation) or (annotation,)
    choices = "\\|".join(each.value for each in kind) if issubclass(kind, Enum) else kind.__name__.upper()
    return f"{spelled} {choices}"


def _default(parameter: Any) -> str:
    value = parameter.default
    if value is None or value is False or value is ... or not getattr(parameter, "show_default", False):
        return ""
    return f" Default: {getattr(value, 'value', value)}."


def _prose(text: str | None) -> str:
    """Paragraphs, each on a line of its own."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").split("\n\n"))


if __name__ == "__main__":
    print(page(), end="")
