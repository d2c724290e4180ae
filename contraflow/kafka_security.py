"""How to reach a Kafka that is not ours: TLS and SASL, in the words of both client libraries.

librdkafka (under confluent-kafka) reads a flat table of strings; aiokafka (under faust) wants an `ssl.SSLContext`.
Both are made from the same five fields, so that they cannot disagree. The embedded Kafka listens on loopback and
needs none of this.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT


class KafkaSecurity(BaseModel):
    """TLS and SASL settings of a Kafka cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to speak to the brokers."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="How to log in; needed with a SASL protocol."
    )
    username: str | None = Field(None, description="User name for SASL.")
    password: SecretStr | None = Field(None, description="Password for SASL.")
    ca_file: Path | None = Field(
        None, description="Certificates (PEM) to trust instead of the system's, with a TLS protocol."
    )

    @model_validator(mode="after")
    def _whole(self) -> KafkaSecurity:
        login = {"sasl_mechanism": self.sasl_mechanism, "username": self.username, "password": self.password}
        if self.protocol.startswith("SASL_"):
            absent = [name for name, value in login.items() if value is None]
            if absent:
                raise ValueError(f"protocol {self.protocol} needs {', '.join(absent)} as well")
        else:
            idle = [name for name, value in login.items() if value is not None]
            if idle:
                raise ValueError(f"{', '.join(idle)} would be ignored with protocol {self.protocol}: use SASL_SSL")
        if self.ca_file is not None:
            if not self.protocol.endswith("SSL"):
                raise ValueError(f"ca_file would be ignored with protocol {self.protocol}: use SSL or SASL_SSL")
            if not self.ca_file.is_file():
                raise ValueError(f"ca_file {self.ca_file} is not a file")
        return self

    def librdkafka(self) -> dict[str, str]:
        """Settings for confluent-kafka's clients. Holds the password: never log it."""
        values = {"security.protocol": self.protocol}
        if self.sasl_mechanism is not None and self.username is not None and self.password is not None:
            values["sasl.mechanism"] = self.sasl_mechanism
            values["sasl.username"] = self.username
            values["sasl.password"] = self.password.get_secret_value()
        if self.ca_file is not None:
            values["ssl.ca.location"] = str(self.ca_file)
        return values

    def aiokafka(self) -> dict[str, str | ssl.SSLContext]:
        """Keyword arguments for aiokafka's clients. Holds the password: never log it."""
        values: dict[str, str | ssl.SSLContext] = {"security_protocol": self.protocol}
        context = self.ssl_context()
        if context is not None:
            values["ssl_context"] = context
        if self.sasl_mechanism is not None and self.username is not None and self.password is not None:
            values["sasl_mechanism"] = self.sasl_mechanism
            values["sasl_plain_username"] = self.username
            values["sasl_plain_password"] = self.password.get_secret_value()
        return values

    def faust(self) -> CredentialsT | None:
        """What faust calls `broker_credentials`; None for PLAINTEXT."""
        import faust

        context = self.ssl_context()
        if self.sasl_mechanism is not None and self.username is not None and self.password is not None:
            return faust.SASLCredentials(
                username=self.username,
                password=self.password.get_secret_value(),
                ssl_context=context,
                mechanism=self.sasl_mechanism,
            )
        return None if context is None else faust.SSLCredentials(context)

    def ssl_context(self) -> ssl.SSLContext | None:
        """Verifies certificate and host name; None without TLS."""
        if not self.protocol.endswith("SSL"):
            return None
        return ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
