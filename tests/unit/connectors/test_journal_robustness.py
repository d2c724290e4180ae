"""Whatever a journal holds, it is read or refused: nothing else is raised, and every reason code is on the page."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.beancount_journal import beancount_commands
from connectors.commodities import Commodity
from connectors.csv_journal import csv_commands
from connectors.errors import JournalRefused
from connectors.hledger_journal import hledger_commands
from connectors.journal_commands import JournalCommands
from connectors.journal_options import JournalOptions
from tests.unit.connectors.journal_samples import BEANCOUNT, HLEDGER
from tests.unit.connectors.test_csv_journal import GOOD

ROOT = Path(__file__).resolve().parents[3]
OPTIONS = JournalOptions(commodities={"HOOL": Commodity("XHO", 3)})
Read = Callable[[str, JournalOptions], JournalCommands]
SAMPLES: dict[str, tuple[Read, str]] = {
    "beancount": (beancount_commands, BEANCOUNT),
    "hledger": (hledger_commands, HLEDGER),
    "csv": (csv_commands, GOOD),
}
scraps = st.sampled_from(
    [*" \t\n\r\"'{}()[]@=;:*!#~,.-+/|^%&0$", "\x00", "\ufeff", "ü", "@@", "1e9", "9" * 50, "2020-02-30"]
)


@pytest.mark.parametrize("name", SAMPLES)
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_a_damaged_journal_is_read_or_refused(name: str, data: st.DataObject) -> None:
    read, text = SAMPLES[name]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        until = at + data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(scraps | st.text(max_size=3)) + text[until:]
    try:
        journal = read(text, OPTIONS)
    except JournalRefused as refused:
        assert refused.faults
        assert all(0 <= fault.line <= len(text) + 1 for fault in refused.faults)
        return
    for command in journal.commands:
        sums: dict[str, int] = {}
        for _, side, amount, currency in command.get("lines", ()):
            assert int(amount) > 0
            sums[currency] = sums.get(currency, 0) + (int(amount) if side == "debit" else -int(amount))
        assert not any(sums.values())
    journal.failed(journal.own_figures())
    journal.json_lines()


def test_every_reason_code_is_told_and_no_other() -> None:
    found = set()
    for path in (ROOT / "connectors").glob("*.py"):
        if re.match(r"(beancount|hledger|csv|journal)_", path.name):
            source = path.read_text(encoding="utf-8")
            found |= set(re.findall(r'(?:BadLine\(|\.add\([\w.]+,)\s*"(\w+)"', source))
            found |= set(re.findall(r'return "(amount_\w+|commodity_\w+)"|JournalFault\([^"]+"(\w+)"', source))
    codes = {code for each in found for code in (each if isinstance(each, tuple) else (each,)) if code}
    page = (ROOT / "docs/reference/plain-text-journals.md").read_text(encoding="utf-8")
    told = page.partition("## Reason codes")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", told)) == codes
