"""The demo agrees with the simulator's truth, twice in a row, and touches nothing but its own directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.command_line import CommandLine


def test_two_runs_agree_and_nothing_else_is_touched(tmp_path: Path, free_port: Callable[[], int]) -> None:
    # Servers that the settings name are the user's own: the demo must not even try to reach them.
    command_line = CommandLine(
        tmp_path, API_PORT=str(free_port()), KAFKA="127.0.0.1:1", POSTGRES="postgresql://nobody@127.0.0.1:1/nothing"
    )
    books = []
    for seed in ("3", "4"):
        answer = command_line.json("demo", "--payments", "60", "--seed", seed)
        assert answer["agrees"], answer["differences"]
        assert set(answer["trial_balance"].values()) == {"0"}
        assert answer["breaks"]["planted"] == answer["breaks"]["found"] != []
        assert answer["entries"] > 60
        stripe, *others = answer["gateways"]
        assert stripe["gateway"] == "Stripe" and len(others) == 5
        for row in others:
            assert row["found"] == row["never sent"] > 0, row
            assert row["rows polled"] > 0 and row["faults"] == (2 if row["gateway"] == "Paystack" else 1), row
        books.append(answer["book"])
    assert books == ["demo-1", "demo-2"]
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert not (tmp_path / "demo" / "runtime.json").exists()
    command_line.run("demo", "--payments", "3", code=2)
