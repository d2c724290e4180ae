"""The parts of a pipeline: which processes there are, and how each is started and stopped.

    api          takes webhooks in, answers questions
    posting      inbound topics -> books
    publishing   books -> topics for everybody
    projecting   journal topic -> balances, payments, reconciliation
    polling      gateways -> inbound topics, where the settings name an account with credentials

Each may run on a machine of its own (`contraflow up --only posting`); they meet in Kafka and PostgreSQL alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from contraflow.handed_settings import write_settings
from contraflow.settings import Settings
from contraflow.supervision import PartOrder

PARTS: Final[dict[str, str]] = {
    "api": "webhook intake and read API",
    "posting": "inbound topics into the books",
    "publishing": "books into the topics for everybody",
    "projecting": "journal into balances, payments and reconciliation",
    "polling": "gateways into the inbound topics",
}
# Nothing new comes in while the rest finishes what it has.
_STOP_STAGES: Final = {"api": 0, "posting": 1, "publishing": 1, "projecting": 1, "polling": 0}
STOP_WAIT_S: Final = 10.0


def needed_parts(settings: Settings) -> list[str]:
    """The parts of a whole pipeline: polling is one of them only where somebody can be polled."""
    from contraflow.wiring import polled_accounts

    return [name for name in PARTS if name != "polling" or polled_accounts(settings)]


def part_orders(settings: Settings, names: Sequence[str] | None = None) -> list[PartOrder]:
    """What the supervisor has to run, without names all that is needed. `settings` name both servers."""
    chosen = needed_parts(settings) if names is None else names
    handed = write_settings(settings)
    return [
        PartOrder(
            name=name,
            argv=[sys.executable, "-m", "contraflow.part", name],
            handed=handed,
            stop_stage=_STOP_STAGES[name],
            stop_wait_s=STOP_WAIT_S,
        )
        for name in PARTS
        if name in chosen
    ]
