"""The reference page names every fact type and every code that the connectors produce."""

import re
from pathlib import Path

from ledger.facts import FACT_TYPES

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "facts.md").read_text(encoding="utf-8")


def test_every_fact_type_is_on_the_page() -> None:
    named = set()
    for line in PAGE.splitlines():
        if line.startswith("| `"):
            names = re.findall(r"`([a-z_.]+)`", line.split("|")[1])
            family = names[0].rpartition(".")[0]  # "`payout.initiated`, `.paid`": the family is written once
            named |= {family + name if name.startswith(".") else name for name in names}
    assert named >= FACT_TYPES, FACT_TYPES - named


def test_every_code_is_on_the_page() -> None:
    codes = set()
    for path in (ROOT / "connectors").glob("*.py"):
        codes |= set(re.findall(r'TranslationError\(\s*"([a-z0-9_]+)"', path.read_text(encoding="utf-8")))
    assert len(codes) > 20
    table = PAGE[PAGE.index("## Codes of refusal") :]
    assert codes == set(re.findall(r"`([a-z0-9_]+)`", table))
