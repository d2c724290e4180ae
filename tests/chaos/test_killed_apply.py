"""`ledger apply` waits for answers out of `inbound.commands` while posting is killed: all come, nothing is doubled."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contraflow.embedded import PairAddresses
from tests.end_to_end.command_line import CommandLine
from tests.end_to_end.running import RunningPipeline, running_beside, until
from tests.integration.command_file import command_lines

LINES = command_lines(20261125, 12_000)
# Seconds between a piece of the file and the kill: while it is sent, read, decided, committed.
CHAIN_MAX = 6  # members of a chain in the file
KILLED_AFTER_S = (0.0, 0.05, 0.1, 0.2, 0.4)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]


@pytest.fixture
def site(pair: PairAddresses, tmp_path: Path) -> Iterator[RunningPipeline]:
    with running_beside(pair, tmp_path / "site") as pipeline:
        yield pipeline


def environment(site: RunningPipeline, data_dir: Path) -> dict[str, str]:
    kafka = site.settings.kafka
    assert kafka is not None
    prefix = site.settings.topic_prefix
    return CommandLine(data_dir, POSTGRES=site.dsn, KAFKA=kafka, TOPIC_PREFIX=prefix).environment


def applying(environment: dict[str, str], output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "contraflow", "ledger", "apply", *arguments],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=output.parent,
        )
    return process


def answers_by_now(output: Path) -> int:
    return output.read_bytes().count(b"\n")


def answers_in(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.read_bytes().splitlines()]


def test_an_apply_whose_writer_is_killed_ends_with_every_answer(site: RunningPipeline, tmp_path: Path) -> None:
    text = b"\n".join(LINES)
    told = environment(site, tmp_path)
    expected, through = tmp_path / "expected", tmp_path / "through"
    in_memory = applying(told, expected, "--in-memory")
    _, said = in_memory.communicate(text, timeout=120)
    assert in_memory.returncode == 0, said.decode()

    process = applying(told, through, "--book", "main")
    assert process.stdin is not None
    supervisor = site.pipeline.supervisor
    waiting = 0
    size = len(LINES) // (len(KILLED_AFTER_S) + 1)
    try:
        for number, after_s in enumerate(KILLED_AFTER_S):
            process.stdin.write(b"\n".join(LINES[number * size : (number + 1) * size]) + b"\n")
            process.stdin.flush()
            time.sleep(after_s)
            before = supervisor.pids["posting"]
            os.kill(before, signal.SIGKILL)
            told_by_now = sum(1 for line in LINES[: (number + 1) * size] if line)
            waiting += answers_by_now(through) < told_by_now - CHAIN_MAX
            until(lambda before=before: supervisor.pids.get("posting", before) != before, 60, "posting again")  # type: ignore[misc]
            until(
                lambda goal=told_by_now - CHAIN_MAX: answers_by_now(through) >= goal,  # type: ignore[misc]
                60,
                f"answers to the first {told_by_now} commands, half a chain at the end left out",
            )
        _, said = process.communicate(b"\n".join(LINES[len(KILLED_AFTER_S) * size :]), timeout=150)
    finally:
        process.kill()
    assert process.returncode == 0, said.decode()
    assert waiting, "every kill came after the answers: nothing was tried"

    assert answers_in(through) == answers_in(expected)
    site.settle(90)
    site.assert_sound()
    entries = site.query(
        "SELECT count(*), count(DISTINCT body::jsonb->'fact'->>'key') FROM ledger.events WHERE type = 'EntryPosted'"
    )
    assert entries[0][0] == entries[0][1] > 500
