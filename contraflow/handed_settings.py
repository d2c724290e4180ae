"""Handed settings: what the supervisor gives to each of its parts, whole, as one line of JSON over a pipe.

A part must work with exactly the settings that its supervisor checked, with the servers' addresses filled in. It
therefore looks neither at the environment nor at a file. The line holds secrets in plain text: it goes through a pipe
and nowhere else.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from contraflow.settings import Settings


class HandedSettings(Settings):
    """Settings that come from their arguments alone."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments."""
        return (init_settings,)


def write_settings(settings: Settings) -> bytes:
    """The line, secrets included."""
    return json.dumps(_plain(settings.model_dump())).encode()


def read_settings(line: bytes) -> Settings:
    """The settings in a line that `write_settings` wrote."""
    values: dict[str, Any] = json.loads(line)
    return HandedSettings(**values)


def _plain(value: Any) -> Any:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case Path() | date():
            return str(value)
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value
