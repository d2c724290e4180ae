"""Golden files: a body, what came with it, and the facts it must give; one JSON file each, written by ourselves.

`CONTRAFLOW_GOLDEN=write` writes the facts anew from what the connector says now; read the difference before keeping it.
"""

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from connectors import Connector, Telling, TranslationError
from ledger.facts import check_fact


class Golden(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One golden file.

    Attributes:
        about: what is told, in a few words.
        body: the bytes, as JSON.
        context: as intake adds it: ``{"via": "poll", "stream": "charges"}`` for a polled row.
        facts: what must come of it.
        refused: the code of refusal instead of facts.
        wants: what it makes us fetch, ``["charge", "ch_1"]`` each.
    """

    about: str
    body: msgspec.Raw
    context: dict[str, str] = {}
    facts: list[dict[str, Any]] = []
    refused: str = ""
    wants: list[tuple[str, str]] = []


def read(path: Path) -> Golden:
    """A golden file."""
    return msgspec.json.decode(path.read_bytes(), type=Golden)


def told(connector: Connector, golden: Golden, account: str) -> tuple[list[dict[str, Any]], str, list[tuple[str, str]]]:
    """Facts, code of refusal and wants of a golden body, each fact held to its contract."""
    raw = bytes(golden.body)
    assert connector.mask(raw) == raw, "a golden body holds no card number outside fields that are plain"
    telling = Telling(connector.source, account, "delivery_1", golden.context)
    wants = [] if connector.wants is None else [(want.stream, want.id) for want in connector.wants(raw, telling)]
    try:
        facts = connector.translate(raw, telling)
    except TranslationError as error:
        return [], error.code, wants
    for fact in facts:
        check_fact(fact)
    return json.loads(msgspec.json.encode(facts)), "", wants


def check(path: Path, connector: Connector, account: str) -> None:
    """Compare, or write when asked to."""
    golden = read(path)
    facts, refused, wants = told(connector, golden, account)
    if os.environ.get("CONTRAFLOW_GOLDEN") == "write":
        written = {"about": golden.about, "context": golden.context, "body": json.loads(bytes(golden.body))}
        written |= {"facts": facts, "refused": refused, "wants": wants}
        kept = {name: value for name, value in written.items() if value or name == "facts"}
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    assert (facts, refused, wants) == (golden.facts, golden.refused, golden.wants)
