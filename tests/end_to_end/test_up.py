"""`contraflow up` as a process: ready, mended, stopped, killed, and never anything left running."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contraflow.embedded import PairAddresses
from contraflow.simulator import canonical_fact
from tests.end_to_end.command_line import CommandLine, eventually
from tests.infra import fresh_database


@pytest.fixture
def beside(tmp_path: Path, pair: PairAddresses, free_port: Callable[[], int]) -> Iterator[CommandLine]:
    """On the session's servers, with a database and topics of its own."""
    name = f"up_{uuid.uuid4().hex[:10]}"
    with fresh_database(pair.postgres_dsn, name) as dsn:
        yield CommandLine(
            tmp_path,
            KAFKA=pair.bootstrap_servers,
            POSTGRES=dsn,
            TOPIC_PREFIX=f"{name}.",
            API_PORT=str(free_port()),
        )


def write_facts(path: Path, first: int, count: int) -> Path:
    path.write_bytes(b"\n".join(canonical_fact(number) for number in range(first, first + count)))
    return path


def lag(command_line: CommandLine) -> int:
    status = command_line.json("status")
    return sum(topic["waiting"] or 0 for topic in status["topics"]) + sum(each["lag"] for each in status["projections"])


def test_embedded_from_nothing_mended_stopped_and_read_afterwards(tmp_path: Path, free_port: Callable[[], int]) -> None:
    command_line = CommandLine(tmp_path, API_PORT=str(free_port()))
    with command_line.up() as running:
        url = running.announced["api"]
        with urllib.request.urlopen(f"{url}/ready", timeout=10) as answer:
            assert answer.status == 200
        assert set(running.announced["pids"]) == {"api", "posting", "publishing", "projecting"}
        sent = command_line.json("ingest", str(write_facts(tmp_path / "facts.jsonl", 0, 200)))
        assert sent["topics"] == {"inbound.facts": 200}
        eventually(
            lambda: command_line.json("status")["books"].get("main", 0) > 200 and lag(command_line) == 0, "posted"
        )

        before = running.announced["pids"]["posting"]
        os.kill(before, signal.SIGKILL)
        eventually(lambda: "posting was ended by SIGKILL" in running.said, "it is said")
        eventually(lambda: running.pids(tmp_path / "parts.json").get("posting", before) != before, "a new process")
        command_line.run("ingest", str(write_facts(tmp_path / "more.jsonl", 100, 200)))
        eventually(lambda: command_line.json("status")["books"]["main"] > 300 and lag(command_line) == 0, "posted")
        live = command_line.json("trial-balance")
        assert live["balanced"]

        command_line.run("up", code=6)
        assert running.stop() == 0
        assert "Stopped; nothing is left running" in running.said
        assert running.left() == set()
        assert not (tmp_path / "parts.json").exists()
        assert not (tmp_path / "runtime.json").exists()
    assert command_line.json("trial-balance") == live, "read from the files of the stopped pipeline"
    assert command_line.json("verify")["sound"]
    status = command_line.json("status")
    assert status["kafka"] == "not running"
    assert status["parts"] == []


def test_a_killed_up_leaves_nothing_behind_and_starts_again(beside: CommandLine) -> None:
    with beside.up() as running:
        beside.run("ingest", str(write_facts(beside.data_dir / "facts.jsonl", 0, 50)))
        eventually(lambda: beside.json("status")["books"].get("main", 0) > 50, "posted")
        running.process.kill()
        running.process.wait(10)
        eventually(lambda: not running.left(), "the parts noticed", wait_s=20)
    with beside.up() as running:
        eventually(lambda: lag(beside) == 0, "caught up")
        assert beside.json("status")["books"]["main"] == 51
        assert running.stop() == 0


def test_parts_on_two_machines_meet_in_the_servers(beside: CommandLine, free_port: Callable[[], int]) -> None:
    with (
        beside.up("--only", "api", "--only", "posting") as one,
        beside.up("--only", "publishing", "--only", "projecting") as other,
    ):
        assert set(one.announced["pids"]) == {"api", "posting"}
        assert set(other.announced["pids"]) == {"publishing", "projecting"}
        assert other.announced["api"] is None
        beside.run("ingest", str(write_facts(beside.data_dir / "facts.jsonl", 0, 50)))
        eventually(lambda: beside.json("status")["books"].get("main", 0) == 51 and lag(beside) == 0, "posted")


def test_a_port_in_use_is_said_before_anything_starts(beside: CommandLine) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(beside.environment["CONTRAFLOW_API_PORT"])))
        taken.listen()
        started_s = time.monotonic()
        done = beside.run("up", code=6)
        assert "CONTRAFLOW_API_PORT" in done.stderr
        assert time.monotonic() - started_s < 20
