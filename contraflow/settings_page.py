"""`docs/reference/settings.md`, from the model: `python -m contraflow.settings_page > docs/reference/settings.md`."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from contraflow.gateway_settings import GatewayAccount
from contraflow.kafka_security import KafkaSecurity
from contraflow.settings import PREFIX, BankAccount, Settings, WebhookEndpoint

_HEAD = """# Settings

Written from `contraflow/settings.py` by `python -m contraflow.settings_page`; a test keeps both alike.

Everything has a default: without settings, Contraflow runs on its embedded Kafka and PostgreSQL. In falling order of
weight, a setting comes from

1. an environment variable: `CONTRAFLOW_API_PORT=9000`. Two underscores lead into a group:
   `CONTRAFLOW_KAFKA_SECURITY__USERNAME=ledger`. Lists and whole groups may be given as JSON;
2. a file in `/run/secrets` named like the variable in lower case: `/run/secrets/contraflow_postgres`;
3. a TOML file: the one that `CONTRAFLOW_CONFIG` names, else `contraflow.toml` in the working directory.

```toml
topic_prefix = "prod."
replication_factor = 3

[kafka_security]
protocol = "SASL_SSL"
sasl_mechanism = "SCRAM-SHA-512"
username = "ledger"
# the password comes from CONTRAFLOW_KAFKA_SECURITY__PASSWORD

[endpoints.shop]
account = "acct_1"
secrets = ["whsec_old", "whsec_new"]

[gateways.shop]
gateway = "stripe"
account = "acct_1"
environment = "live"
api_key_file = "/run/secrets/stripe_key"

[banks.DE89370400440532013000]
book = "main"
```

A setting that cannot be used stops the program, which names it and the reason; a secret is never shown.
"""


def settings_page() -> str:
    """The whole page, Markdown."""
    parts = [_HEAD, "## All settings\n", _table(Settings, PREFIX)]
    groups: tuple[tuple[str, type[BaseModel], str], ...] = (
        ("`kafka_security`", KafkaSecurity, f"{PREFIX}KAFKA_SECURITY__"),
        ("Each of `endpoints`", WebhookEndpoint, f"{PREFIX}ENDPOINTS__<NAME>__"),
        ("Each of `gateways`", GatewayAccount, f"{PREFIX}GATEWAYS__<NAME>__"),
        ("Each of `banks`", BankAccount, f"{PREFIX}BANKS__<IBAN>__"),
    )
    for title, model, prefix in groups:
        parts += [f"## {title}\n", _table(model, prefix)]
    return "\n".join(parts)


def _table(model: type[BaseModel], prefix: str) -> str:
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        kind = " or ".join(_kinds(field.annotation))
        rows.append(f"| `{prefix}{name.upper()}` | {kind} | {_default(name, field)} | {field.description} |")
    return "\n".join(rows) + "\n"


def _kinds(annotation: object) -> Iterator[str]:
    """The type in a reader's words; None is what an empty default says already."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _kinds(part)
    elif origin is typing.Annotated:
        yield from _kinds(typing.get_args(annotation)[0])
    elif origin is typing.Literal:
        yield from (f"`{value}`" for value in typing.get_args(annotation))
    elif origin is list:
        yield f"list of {' or '.join(_kinds(typing.get_args(annotation)[0]))}"
    elif origin is dict:
        inner = " or ".join(_kinds(typing.get_args(annotation)[1]))
        yield "table, see below" if inner.startswith("group") else f"table of {inner}"
    elif annotation is SecretStr:
        yield "secret"
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "group, see below"
    elif isinstance(annotation, type) and annotation is not type(None):
        yield {"str": "text", "int": "whole number", "Path": "path", "date": "date"}[annotation.__name__]


def _default(name: str, field: FieldInfo) -> str:
    if name == "data_dir":
        return "`contraflow` in the user's data directory"
    if field.default is PydanticUndefined:
        return "**required**"
    if field.default in (None, "", {}) or isinstance(field.default, BaseModel):
        return ""
    return f"`{field.default}`"


if __name__ == "__main__":
    print(settings_page(), end="")
