"""Preparation: what nearly every command does first. Settings are read, checked and lead the logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from contraflow.cli.terminal import Terminal, terminal_of

if TYPE_CHECKING:
    from contraflow.settings import Settings


def prepare(context: typer.Context, *, long_running: bool = False, **values: object) -> tuple[Terminal, Settings]:
    """The terminal and the settings; `values` outweigh the environment, None means not given.

    A command that answers and ends logs only warnings; one that stays logs what the settings say.
    """
    from contraflow.logs import set_up_logs
    from contraflow.settings import load_settings, unknown_variables

    terminal = terminal_of(context)
    settings = load_settings(**{name: value for name, value in values.items() if value is not None})
    level = "debug" if terminal.debug else settings.log_level if long_running else "warning"
    set_up_logs(level, settings.log_format)
    for name in unknown_variables():
        terminal.say(f"{name} is set, and no setting has that name: is it a typing error?")
    return terminal, settings.model_copy(update={"log_level": "debug"}) if terminal.debug else settings
