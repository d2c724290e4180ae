"""What the documents in `documents/` say of a vendor's interface, with examples of ours filled in for a mock server.

The documents are written by us after the vendors' pages: only what polling uses. Prism holds requests against types,
bounds, patterns and authorization; that a parameter is named at all it does not ask, so we do that here.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.exchange import Call

DOCUMENTS = Path(__file__).parent / "documents"


def document(source: str) -> dict[str, Any]:
    """The OpenAPI document of a gateway."""
    read: dict[str, Any] = json.loads((DOCUMENTS / f"{source}.json").read_text(encoding="utf-8"))
    return read


def with_examples(described: dict[str, Any], examples: Mapping[str, Any], folder: Path) -> Path:
    """The document as a file in which every answer has an example; `examples` by the name of the answer."""
    answers = described["components"]["responses"]
    assert set(answers) - {"failure"} == set(examples), "an example for every answer"
    for name, example in examples.items():
        answers[name]["content"]["application/json"]["example"] = example
    path = folder / "openapi.json"
    path.write_text(json.dumps(described), encoding="utf-8")
    return path


def undocumented(described: dict[str, Any], call: Call) -> set[str]:
    """Names in a call's query that its path does not document; raises `LookupError` for a path that is not there."""
    known: dict[str, Any] = described["components"].get("parameters", {})
    operation = described["paths"][_path(described, call.path)][call.method.lower()]
    named = (known[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in operation["parameters"])
    return {name for name, _ in call.query} - {each["name"] for each in named if each["in"] == "query"}


def _path(described: dict[str, Any], path: str) -> str:
    """The documented path that fits; one without a variable part comes first."""
    for pattern in sorted(described["paths"], key=lambda each: each.count("{")):
        if re.fullmatch(re.sub(r"\{[a-z_]+\}", "[^/]+", pattern), path):
            return str(pattern)
    raise LookupError(path)
