"""Gateway accounts in the settings: who is polled, where, with which credentials.

A credential stands in the settings itself or in a file that they name (`api_key_file`), which is read when a part
starts. Credentials never show in a repr, an error or a log.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

if TYPE_CHECKING:
    from connectors.connector import Connector

CREDENTIALS = ("api_key", "username", "password", "client_id", "client_secret", "refresh_token")


def book_name(value: str) -> str:
    """Books stand in headers, cursors, addresses and file names."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", value):
        raise ValueError("use 1 to 100 letters, digits, '.', '_' or '-', beginning with a letter or digit")
    return value


BookName = Annotated[str, AfterValidator(book_name)]


class GatewayAccount(BaseModel):
    """One account at one gateway that is polled."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    gateway: str = Field(description="The connector that speaks to it: `contraflow connectors list` names them.")
    account: str = Field(
        min_length=1,
        max_length=120,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="The account at the gateway, the same as at its webhook endpoint.",
    )
    book: BookName = Field("main", description="The book that what is read is posted to.")
    environment: Literal["sandbox", "live"] = Field(description="Which of the gateway's two worlds is asked.")
    base_url: str | None = Field(
        None, description="Asked instead of the gateway's own address; `http` for this machine alone."
    )
    token_url: str | None = Field(None, description="Asked for tokens instead of the gateway's own address.")
    api_key: SecretStr | None = Field(None, description="Secret key, for `bearer` and `api_key`.")
    api_key_file: Path | None = Field(None, description="A file that holds it.")
    username: SecretStr | None = Field(None, description="Name or organization id, for `basic`.")
    username_file: Path | None = Field(None, description="A file that holds it.")
    password: SecretStr | None = Field(None, description="Password or key, for `basic`.")
    password_file: Path | None = Field(None, description="A file that holds it.")
    client_id: SecretStr | None = Field(None, description="Client id, for `client_credentials` and `refresh_token`.")
    client_id_file: Path | None = Field(None, description="A file that holds it.")
    client_secret: SecretStr | None = Field(None, description="Its secret.")
    client_secret_file: Path | None = Field(None, description="A file that holds it.")
    refresh_token: SecretStr | None = Field(
        None, description="The first refresh token, for `refresh_token`; those that follow are kept in PostgreSQL."
    )
    refresh_token_file: Path | None = Field(None, description="A file that holds it.")
    headers: dict[str, SecretStr] = Field(
        {}, description="Headers sent with every call, for example a tenant or a subscription key."
    )
    streams: list[str] | None = Field(
        None, description="Only these are polled; `[]` for none. Without it, all that the connector has."
    )
    every_s: dict[str, int] = Field({}, description="Pause between two polls by stream, in seconds.")
    since: date | None = Field(
        None, description="From when a stream is read that was never read before. Without it, from its first poll."
    )

    @property
    def connector(self) -> Connector:
        """What speaks its language."""
        from connectors import CONNECTORS

        return CONNECTORS[self.gateway]

    @property
    def since_s(self) -> int | None:
        """`since` as Unix time in seconds."""
        return None if self.since is None else int(datetime.combine(self.since, time(), UTC).timestamp())

    def given(self) -> tuple[str, ...]:
        """Names of the credentials that are set, by value or by file."""
        return tuple(name for name in CREDENTIALS if getattr(self, name) or getattr(self, f"{name}_file"))

    def missing(self) -> tuple[str, ...]:
        """Names of the credentials that its gateway needs and that are not set."""
        from streams.gateway import NEEDED

        manifest = self.connector.manifest
        assert manifest is not None
        return tuple(name for name in NEEDED[manifest.auth.kind] if name not in self.given())

    def credential(self, name: str) -> str:
        """One credential; raises OSError where its file cannot be read, ValueError where it is empty."""
        value: SecretStr | None = getattr(self, name)
        path: Path | None = getattr(self, f"{name}_file")
        if value is not None:
            return value.get_secret_value()
        if path is None:
            return ""
        held = path.expanduser().read_text(encoding="utf-8").strip()
        if not held:
            raise ValueError(f"{path} is empty")
        return held

    @field_validator("gateway")
    @classmethod
    def _can_be_asked(cls, gateway: str) -> str:
        from connectors import CONNECTORS

        able = sorted(name for name, each in CONNECTORS.items() if each.can("poll") or each.can("fetch"))
        if gateway not in able:
            raise ValueError(f"use one of {', '.join(able)}")
        return gateway

    @field_validator("base_url", "token_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = urlsplit(value)
        if address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
            raise ValueError("use an address such as https://api.example.com")
        if address.username or address.password:
            raise ValueError("credentials do not belong into an address: it shows up in logs of others")
        if address.scheme == "http" and not _is_loopback(address.hostname):
            raise ValueError("credentials would travel in the clear: http is for stand-ins on this machine alone")
        return value.rstrip("/")

    @field_validator(*CREDENTIALS)
    @classmethod
    def _not_empty(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is empty: remove it")
        return value

    @model_validator(mode="after")
    def _fits(self) -> GatewayAccount:
        for name in CREDENTIALS:
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise ValueError(f"{name} and {name}_file are both set: remove one")
        manifest = self.connector.manifest
        assert manifest is not None
        if self.given() and self.missing():
            raise ValueError(f"{manifest.title} needs {', '.join(self.missing())} as well")
        polled = {stream.name for stream in manifest.streams if not stream.by_id}
        for stream in [*(self.streams or ()), *self.every_s]:
            if stream not in polled:
                raise ValueError(f"{stream!r} is not a stream of {manifest.title}: use {', '.join(sorted(polled))}")
        if any(pause_s < 1 for pause_s in self.every_s.values()):
            raise ValueError("every_s: a pause has one second or more")
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
