"""How to reach a Kafka that is not ours: TLS and SASL, as people set them.

`contraflow.wiring` turns them into what both client libraries need. The embedded Kafka listens on loopback and needs
none of this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


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
