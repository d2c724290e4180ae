"""Journals in and out of a book, rules compared and adopted, what-if, and an apply that is killed and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.rules import load_rules
from tests.end_to_end.command_line import CommandLine

BEANCOUNT = """2026-01-01 open Assets:Bank EUR
2026-01-01 open Equity:Opening
2026-01-01 open Expenses:Food

2026-01-20 balance Assets:Bank  70.00 EUR

2026-01-05 * "Shop" "bread"
  Expenses:Food  30.00 EUR
  Assets:Bank

2026-01-02 * "opening"
  Assets:Bank  100.00 EUR
  Equity:Opening

2026-01-03 balance Assets:Bank  100.00 EUR
"""
FACT = {
    "type": "payment.succeeded",
    "key": "stripe/acct_1/pi_1/succeeded",
    "source": "stripe",
    "account": "acct_1",
    "effective_at": "2026-02-01",
    "amounts": {"gross": ["1000", "EUR"]},
    "links": {"payment": "pi_1"},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine(tmp_path_factory.mktemp("files"))


def written(site: CommandLine, name: str, text: str) -> str:
    path = site.data_dir / name
    path.write_text(text)
    return str(path)


def test_a_journal_in_out_and_in_again(site: CommandLine) -> None:
    journal = written(site, "first.beancount", BEANCOUNT)
    told = site.json("ledger", "import", "--format", "beancount", journal, "--book", "first")
    assert (told["accepted"], told["assertions"], told["assertions_failed"]) == (5, 2, 0)
    again = site.json("ledger", "import", "--format", "beancount", journal, "--book", "first")
    assert (again["accepted"], again["repeated"]) == (2, 2)
    for form in ("beancount", "hledger"):
        text = site.run("ledger", "export", "--format", form, "--book", "first").stdout
        copy = written(site, f"copy.{form}", text)
        back = site.json("ledger", "import", "--format", form, copy, "--book", form)
        assert (back["refused"], back["assertions_failed"]) == (0, 0)
        assert back["assertions"] == 3


def test_an_assertion_that_does_not_hold_is_named_and_the_exit_code_says_so(site: CommandLine) -> None:
    journal = written(site, "wrong.beancount", BEANCOUNT.replace("70.00", "71.00"))
    told = site.json("ledger", "import", "--format", "beancount", journal, "--book", "wrong", code=1)
    assert told["assertions_failed"] == 1
    assert "wrong.beancount:5: " in told["failed"][0]
    assert "7000" in told["failed"][0]


def test_a_journal_that_cannot_be_loaded_leaves_nothing_behind(site: CommandLine) -> None:
    journal = written(site, "bad.beancount", BEANCOUNT + '\n2026-01-09 * "half"\n  Assets:Bank  1.00 EUR\n')
    done = site.run("ledger", "import", "--format", "beancount", journal, "--book", "bad", code=7)
    assert "bad.beancount:17" in done.stderr
    assert "bad" not in site.json("status")["books"]


def test_printed_commands_are_what_apply_takes(site: CommandLine) -> None:
    journal = written(site, "printed.beancount", BEANCOUNT)
    lines = site.run("ledger", "import", "--format", "beancount", journal, "--print").stdout.splitlines()
    assert [json.loads(line)["command"] for line in lines] == ["open_account"] * 3 + ["post"] * 2


def test_rules_are_compared_and_adopted(site: CommandLine) -> None:
    fact = written(site, "fact.json", json.dumps(FACT))
    (before,) = site.json("what-if", fact, "--book", "first")
    assert before["decision"] == "posted"
    assert [row["account"] for row in before["accounts"]] == ["1000", "7000"]
    rules = json.dumps(load_rules().document)
    other = written(site, "rules.json", rules.replace('"7000"', '"9000"'))
    assert site.json("rules", "diff", "--rules", other, "--book", "first")["facts"] == 0
    adopted = site.json("rules", "adopt", "--rules", other, "--book", "first", "--description", "for a test")
    assert adopted["position"] > 0
    (after,) = site.json("what-if", fact, "--book", "first")
    assert [row["account"] for row in after["accounts"]] == ["1000", "9000"]
    site.run("rules", "diff", "--rules", other, "--book", "nobody", code=3)
    unknown = written(site, "unknown.json", rules.replace('"7000"', '"4711"'))
    assert "account_unknown" in site.run("rules", "adopt", "--rules", unknown, "--book", "first", code=7).stderr


def test_an_apply_that_is_killed_is_run_again_and_nothing_is_doubled(site: CommandLine) -> None:
    lines = [
        json.dumps(
            {
                "command": "post",
                "key": f"p-{number}",
                "lines": [["6000", "debit", "1", "EUR"], ["7000", "credit", "1", "EUR"]],
            }
        )
        for number in range(30_000)
    ]
    source = Path(written(site, "many.jsonl", "\n".join(lines)))
    arguments = [sys.executable, "-m", "contraflow", "ledger", "apply", "--book", "killed"]
    decisions = site.data_dir / "decisions.jsonl"
    with source.open("rb") as stdin, decisions.open("wb") as stdout:
        process = subprocess.Popen(arguments, stdin=stdin, stdout=stdout, env=site.environment, cwd=site.data_dir)
        while decisions.stat().st_size < 200_000 and process.poll() is None:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    told = [json.loads(line) for line in decisions.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    assert 0 < len(told) < len(lines)
    time.sleep(1)
    with source.open("rb") as stdin:
        done = subprocess.run(
            arguments,
            stdin=stdin,
            env=site.environment,
            cwd=site.data_dir,
            capture_output=True,
            timeout=120,
            check=True,
        )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["position"] for answer in answers] == list(range(2, len(lines) + 2))
    for first, second in zip(told, answers, strict=False):
        assert {**first, "repeated": True} == second
