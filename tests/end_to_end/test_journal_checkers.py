"""The judges of plain-text journals: `bean-check` and `hledger check`, each run as a process of its own.

Both are free software under the GPL: nothing here imports them. Where they are not on the PATH they are fetched into a
temporary folder, and the tests are skipped where that fails.
"""

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from connectors.beancount_export import beancount_text
from connectors.beancount_journal import beancount_commands
from connectors.commodities import Commodity
from connectors.hledger_export import hledger_text
from connectors.hledger_journal import hledger_commands
from connectors.journal_options import JournalOptions
from connectors.journal_rows import AccountRow, EntryRow
from tests.unit.connectors.journal_book import Balances, balances_of, rows
from tests.unit.connectors.journal_samples import BEANCOUNT, HLEDGER
from tests.unit.connectors.journal_strategies import books

OPTIONS = JournalOptions(commodities={"HOOL": Commodity("XHO", 3)})
FETCH_S = 240
CHECK_S = 60
# Beancount calculates with 28 digits.
LARGEST_MINOR = 10**24
SLOW = settings(
    deadline=None,
    max_examples=15,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def bean_check(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = shutil.which("bean-check")
    if found:
        return found
    folder = tmp_path_factory.mktemp("beancount")
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "beancount",
    ]
    fetch([sys.executable, "-m", "venv", str(folder)], pip, "bean-check is not here and cannot be installed", folder)
    return str(folder / "bin" / "bean-check")


@pytest.fixture(scope="module")
def hledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = shutil.which("hledger")
    if found:
        return found
    folder = tmp_path_factory.mktemp("hledger")
    missing = "hledger is not here and cannot be fetched"
    fetch(["apt-get", "download", "hledger"], ["sh", "-c", "dpkg -x hledger_*.deb ."], missing, folder)
    return str(folder / "usr" / "bin" / "hledger")


def fetch(first: list[str], second: list[str], missing: str, folder: Path) -> None:
    for command in (first, second):
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=FETCH_S)
        except (OSError, subprocess.SubprocessError):
            pytest.skip(missing)


def judged(command: list[str], text: str, path: Path) -> str:
    """What the program says of a journal; nothing when it accepts it."""
    path.write_text(text, encoding="utf-8")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(path.parent)}
    done = subprocess.run(
        [*command, str(path)], capture_output=True, text=True, timeout=CHECK_S, check=False, env=environment
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr) or f"exit code {done.returncode}"


def bean(bean_check: str, text: str, folder: Path) -> str:
    return judged([bean_check, "--no-cache"], text, folder / "book.beancount")


def hl(hledger: str, text: str, folder: Path) -> str:
    return judged([hledger, "check", "accounts", "commodities", "-f"], text, folder / "book.journal")


def test_bean_check_accepts_the_sample_and_what_becomes_of_it(bean_check: str, tmp_path: Path) -> None:
    assert bean(bean_check, BEANCOUNT, tmp_path) == ""
    for journal in (beancount_commands(BEANCOUNT, OPTIONS), hledger_commands(HLEDGER, OPTIONS)):
        assert bean(bean_check, beancount_text(*rows(journal), OPTIONS), tmp_path) == ""


def test_hledger_accepts_the_sample_and_what_becomes_of_it(hledger: str, tmp_path: Path) -> None:
    assert judged([hledger, "check", "-f"], HLEDGER, tmp_path / "sample.journal") == ""
    for journal in (beancount_commands(BEANCOUNT, OPTIONS), hledger_commands(HLEDGER, OPTIONS)):
        assert hl(hledger, hledger_text(*rows(journal), OPTIONS), tmp_path) == ""


def test_the_judges_do_refuse(bean_check: str, hledger: str, tmp_path: Path) -> None:
    """A wrong closing balance does not pass: the assertions of an export are looked at."""
    accounts, entries, balances = rows(beancount_commands(BEANCOUNT, OPTIONS))
    for key in balances:
        if key[0] == "Equity:Conversions":
            continue
        wrong = {**balances, key: balances[key] + 7}
        assert "Balance failed" in bean(bean_check, beancount_text(accounts, entries, wrong, OPTIONS), tmp_path)
        assert "balance assertion" in hl(hledger, hledger_text(accounts, entries, wrong, OPTIONS), tmp_path)


def test_bean_check_accepts_any_order(bean_check: str, tmp_path: Path) -> None:
    directives = re.split(r"\n(?=2020)", BEANCOUNT.rstrip("\n"))
    for seed in range(3):
        random.Random(seed).shuffle(directives)
        text = "\n".join(directives) + "\n"
        assert bean(bean_check, text, tmp_path) == ""
        assert balances_of(beancount_commands(text, OPTIONS)) == balances_of(beancount_commands(BEANCOUNT, OPTIONS))


def test_hledger_counts_as_we_do(hledger: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.journal"
    path.write_text(HLEDGER, encoding="utf-8")
    told = subprocess.run(
        [hledger, "-f", str(path), "balance", "--flat", "-N", "-O", "csv", "--layout=bare"],
        capture_output=True,
        text=True,
        timeout=CHECK_S,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
    ).stdout
    counted = {
        (account, "USD" if commodity == "$" else commodity): round(100 * float(balance))
        for account, commodity, balance in re.findall(r'^"([^"]+)","([^"]+)","([^"]+)"$', told, re.MULTILINE)[1:]
    }
    ours = balances_of(hledger_commands(HLEDGER))
    assert {key: minor for key, minor in counted.items() if minor} == {
        key: minor for key, minor in ours.items() if key[0] != "equity:conversion"
    }


@SLOW
@given(book=books(LARGEST_MINOR))
def test_bean_check_accepts_any_book(
    bean_check: str, tmp_path: Path, book: tuple[list[AccountRow], list[EntryRow], Balances]
) -> None:
    assert bean(bean_check, beancount_text(*book, OPTIONS), tmp_path) == ""


@SLOW
@given(book=books())
def test_hledger_accepts_any_book(
    hledger: str, tmp_path: Path, book: tuple[list[AccountRow], list[EntryRow], Balances]
) -> None:
    assert hl(hledger, hledger_text(*book, OPTIONS), tmp_path) == ""
