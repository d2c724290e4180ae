"""One file of commands, decided in memory, by the writer, and through a running pipeline: the same answers."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from projections.projection import PROJECTIONS
from projections.rebuild import compare
from tests.end_to_end.command_line import CommandLine, eventually
from tests.integration.command_file import command_lines


def apply(site: CommandLine, lines: list[bytes], *arguments: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "contraflow", "ledger", "apply", *arguments],
        input=b"\n".join(lines),
        env=site.environment,
        cwd=site.data_dir,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("seed", [20261120])
def test_three_ways_one_answer(tmp_path: Path, seed: int) -> None:
    site = CommandLine(tmp_path)
    lines = command_lines(seed, 3000)
    in_memory = apply(site, lines, "--in-memory")
    as_writer = apply(site, lines, "--book", "written")
    assert as_writer == in_memory
    codes = {answer.get("code") for answer in in_memory}
    assert {"linked_failed", "limit_exceeded", "command_malformed", "key_reused", "hold_unknown"} <= codes
    assert len(in_memory) == sum(1 for line in lines if line)
    with site.up() as running:
        through = apply(site, lines, "--book", "sent")
        assert through == in_memory
        again = apply(site, lines[:500], "--book", "sent")
        for first, second in zip(in_memory, again, strict=False):
            if first["decision"] == "accepted" and "figures" not in first:
                assert (second["decision"], second["position"]) == ("accepted", first["position"])
        dsn = site.json("status")["postgres"] and _dsn(site)
        _assert_projected(site, dsn)
        assert "defect" not in running.said
    assert site.json("verify")["sound"]


def _dsn(site: CommandLine) -> str:
    dsn: str = json.loads((site.data_dir / "runtime.json").read_text())["postgres_dsn"]
    return dsn


def _assert_projected(site: CommandLine, dsn: str) -> None:
    """Projecting and publishing get to the head over every event type, and what they have is a fold of the journal."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        (head,) = connection.execute("SELECT head FROM ledger.books WHERE book = 'sent'").fetchone() or (0,)

        def reached() -> bool:
            sent = connection.execute(
                "SELECT min(position) FROM ledger.publications JOIN ledger.books USING (book_id) WHERE book = 'sent'"
            ).fetchone()
            progress = site.json("status")["projections"]
            return sent == (head,) and all(each["lag"] == 0 for each in progress if each["book"] == "sent")

        eventually(reached, "everything is projected and published")
        (types,) = connection.execute(
            "SELECT count(DISTINCT type) FROM ledger.events JOIN ledger.books USING (book_id) WHERE book = 'sent'"
        ).fetchone() or (0,)
    assert types >= 9
    for name in PROJECTIONS:
        compared = compare(dsn, name)
        assert compared.equal, compared.difference
