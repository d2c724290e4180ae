"""All settings, checked once when a process starts. Secrets never show in a repr, an error or a log.

In falling order of weight: arguments in code; environment variables (`CONTRAFLOW_API_PORT`, and `__` between a name
and what it holds: `CONTRAFLOW_KAFKA_SECURITY__USERNAME`); files in `/run/secrets` (`contraflow_postgres`); a TOML
file, `CONTRAFLOW_CONFIG` or `contraflow.toml` in the working directory. Nothing set at all is a working
configuration: everything embedded.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from contraflow.gateway_settings import BookName, GatewayAccount
from contraflow.kafka_security import KafkaSecurity

PREFIX = "CONTRAFLOW_"
SECRETS_DIR = Path("/run/secrets")
# Variables of ours that are no settings.
OTHER_VARIABLES = {"CONTRAFLOW_CONFIG", "CONTRAFLOW_TEST_INFRA"}
# Everything below is shown with its value in an error, except these, which may hold secrets.
_HIDDEN = {"postgres", "kafka_security", "endpoints", "gateways"}


class SettingsInvalid(Exception):
    """A setting cannot be used. The message names each with its reason, never with a secret."""


class WebhookEndpoint(BaseModel):
    """One address that a gateway posts its events to: `/webhooks/{gateway}/{endpoint}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    gateway: str = Field("stripe", description="Who posts there: a connector that takes webhooks.")
    account: str = Field(min_length=1, description="The account at the gateway, the first part of every fact's key.")
    secrets: list[SecretStr] = Field(
        min_length=1,
        description="What proves its requests: signing secrets, for PayPal the webhook's id. "
        "Several while one is being replaced.",
    )
    book: BookName = Field("main", description="The book that its events are posted to.")

    @field_validator("gateway")
    @classmethod
    def _takes_webhooks(cls, gateway: str) -> str:
        from connectors import CONNECTORS

        able = sorted(name for name, connector in CONNECTORS.items() if connector.can("webhook"))
        if gateway not in able:
            raise ValueError(f"use one of {', '.join(able)}")
        return gateway

    @field_validator("secrets")
    @classmethod
    def _not_empty(cls, secrets: list[SecretStr]) -> list[SecretStr]:
        if not all(secret.get_secret_value().strip() for secret in secrets):
            raise ValueError("an empty secret would accept forged events: remove it")
        return secrets


class BankAccount(BaseModel):
    """Which book the lines of one bank account belong to. Which account they post to is the posting rules' matter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    book: BookName = Field("main", description="The book.")


class Settings(BaseSettings):
    """Every setting of Contraflow. Make one with `load_settings`, which words errors for people."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("contraflow", appauthor=False)),
        description="Where the embedded Kafka and PostgreSQL keep their data.",
    )
    kafka: str | None = Field(
        None,
        description="Bootstrap servers of your Kafka, `host:port,host:port`. Without it, an embedded one is started.",
    )
    kafka_security: KafkaSecurity = Field(KafkaSecurity(), description="TLS and login for your Kafka.")
    postgres: SecretStr | None = Field(
        None, description="Connection string of your PostgreSQL. Without it, an embedded one is started."
    )
    kafka_heap_mb: int = Field(512, ge=256, le=32768, description="Java heap of the embedded Kafka, in MiB.")
    jars_dir: Path | None = Field(
        None, description="Where the jars of the embedded Kafka are kept. Without it, the user's cache directory."
    )
    maven_repository: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Where to fetch those jars. Without it, what jgo's and Maven's own settings say.",
    )
    topic_prefix: str = Field("", description="Put before the name of every topic and consumer group.")
    partitions: int = Field(4, ge=1, le=1000, description="Partitions of every topic that posting reads.")
    replication_factor: int = Field(1, ge=1, le=32767, description="Copies of every topic. Use 3 on a cluster.")
    book: BookName = Field("main", description="The book that is meant where none is named.")
    chart_file: Path | None = Field(
        None, description="Chart of accounts that new books are opened with. Without it, the one that ships."
    )
    rules_file: Path | None = Field(
        None, description="Posting rules that new books are opened with. Without it, those that ship."
    )
    api_host: str = Field("127.0.0.1", min_length=1, description="Address that the API listens on.")
    api_port: int = Field(8440, ge=1, le=65535, description="Port that the API listens on.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_format: Literal["console", "json"] = Field("console", description="How it is logged, on stderr.")
    endpoints: dict[str, WebhookEndpoint] = Field(
        {}, description="Webhook endpoints by name: the last part of `/webhooks/{gateway}/{name}`."
    )
    gateways: dict[str, GatewayAccount] = Field(
        {},
        description="Accounts at gateways that are polled, by name. What is remembered of one stands under its name.",
    )
    breaker_window_s: int = Field(60, ge=1, le=3600, description="For so long calls are counted, in seconds.")
    breaker_failures_percent: int = Field(
        15, ge=1, le=100, description="An operation of which so many calls failed is left alone."
    )
    breaker_calls_min: int = Field(10, ge=1, le=10_000, description="But not with fewer calls than this.")
    breaker_rest_s: int = Field(300, ge=1, le=86400, description="How long it is left alone, in seconds.")
    gap_after_s: int = Field(
        900, ge=1, le=604_800, description="What polling saw and no webhook told for so long is a gap, in seconds."
    )
    banks: dict[str, BankAccount] = Field({}, description="Bank accounts by IBAN or account number.")
    webhook_body_bytes_max: int = Field(
        1024 * 1024, ge=1024, le=1024 * 1024, description="Larger webhook bodies are refused, in bytes."
    )
    signature_tolerance_s: int | None = Field(
        None,
        ge=1,
        le=86400,
        description="How far a signature's time may lie in the past or the future, in seconds. "
        "Without it, what the gateway's connector says: 300 for Stripe. It never shortens the four days of PayPal, "
        "whose repeats may carry the time of the first attempt.",
    )

    @property
    def is_embedded(self) -> bool:
        """Whether at least one of the two servers is ours to start."""
        return self.kafka is None or self.postgres is None

    def bank_account(self, identifier: str) -> BankAccount | None:
        """The bank account with this IBAN or number, however it is spaced or cased."""
        return self.banks.get(_account_key(identifier))

    @field_validator("data_dir", "jars_dir")
    @classmethod
    def _expanded(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator("kafka")
    @classmethod
    def _bootstrap_servers(cls, value: str | None) -> str | None:
        for server in () if value is None else value.split(","):
            host, _, port = server.strip().rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 65536:
                raise ValueError(f"{server.strip()!r} is not host:port")
        return value

    @field_validator("postgres")
    @classmethod
    def _connection_string(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict

            try:
                named = bool(value.get_secret_value()) and conninfo_to_dict(value.get_secret_value())
            except ProgrammingError:
                named = False
            if not named:
                # psycopg's own message may quote the password
                raise ValueError("not a connection string: use postgresql://user:password@host:5432/database") from None
        return value

    @field_validator("topic_prefix")
    @classmethod
    def _prefix(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,100}", value) or value in (".", ".."):
            raise ValueError("use up to 100 letters, digits, '.', '_' or '-', as Kafka allows in a topic's name")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("endpoints")
    @classmethod
    def _endpoint_names(cls, endpoints: dict[str, WebhookEndpoint]) -> dict[str, WebhookEndpoint]:
        for name in endpoints:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", name):
                raise ValueError(f"endpoint name {name!r}: use up to 63 lower-case letters, digits, '_' or '-'")
        return endpoints

    @field_validator("gateways")
    @classmethod
    def _gateway_names(cls, gateways: dict[str, GatewayAccount]) -> dict[str, GatewayAccount]:
        seen: dict[tuple[str, str], str] = {}
        for name, each in gateways.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", name):
                raise ValueError(f"account name {name[:80]!r}: use up to 63 lower-case letters, digits, '_' or '-'")
            if (other := seen.setdefault((each.gateway, each.account), name)) != name:
                raise ValueError(f"{other} and {name} are the same account of {each.gateway}")
        return gateways

    @field_validator("banks")
    @classmethod
    def _bank_keys(cls, banks: dict[str, BankAccount]) -> dict[str, BankAccount]:
        keyed = {_account_key(identifier): account for identifier, account in banks.items()}
        if len(keyed) != len(banks) or "" in keyed:
            raise ValueError("two entries name the same bank account, or one names none")
        return keyed

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, secrets directory, TOML file; no .env file."""
        return init_settings, env_settings, file_secret_settings, TomlConfigSettingsSource(settings_cls, _toml_file())


def load_settings(**values: Any) -> Settings:
    """The settings of this process; `values` outweigh everything else. Raises SettingsInvalid."""
    try:
        return Settings(**{"_secrets_dir": SECRETS_DIR if SECRETS_DIR.is_dir() else None, **values})
    except ValidationError as error:
        lines = [_reason(each["loc"], each["msg"], each["input"]) for each in error.errors(include_url=False)]
        raise SettingsInvalid("\n".join(lines)) from None
    except SettingsError as error:
        raise SettingsInvalid(f"{error}: {error.__cause__ or 'it has to be JSON'}") from None
    except (ValueError, OSError) as error:  # ValueError: tomllib.TOMLDecodeError
        raise SettingsInvalid(f"{_toml_file()} cannot be read: {error}") from None


def unknown_variables() -> list[str]:
    """Environment variables with our prefix that are no settings: most likely a typing error."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    ours = (name for name in os.environ if name.upper().startswith(PREFIX))
    return sorted(name for name in ours if name.upper().partition("__")[0] not in known | OTHER_VARIABLES)


def _toml_file() -> Path | None:
    named = os.environ.get("CONTRAFLOW_CONFIG")
    if named is None:
        return Path("contraflow.toml")
    if not Path(named).expanduser().is_file():
        raise SettingsInvalid(f"CONTRAFLOW_CONFIG names {named}, which is not a file")
    return Path(named).expanduser()


def _reason(location: tuple[int | str, ...], message: str, value: object) -> str:
    name = PREFIX + "__".join(str(part) for part in location).upper()
    # A misspelt name may hold a secret as well: only what we know to be harmless is shown.
    if location and location[0] in Settings.model_fields and location[0] not in _HIDDEN:
        return f"{name}: {message.removeprefix('Value error, ')} (given: {repr(value)[:80]})"
    return (
        f"{name}: {message.removeprefix('Value error, ').replace('Extra inputs are not permitted', 'no such setting')}"
    )


def _account_key(identifier: str) -> str:
    return re.sub(r"\s", "", identifier).upper()
