"""A written day can be read back to the byte."""

import json
from pathlib import Path

from contraflow.simulator import SIGNATURE_HEADER, play_day, read_webhooks, sign, write_day


def test_files_hold_the_whole_day(tmp_path: Path) -> None:
    day = play_day(4, 60)
    write_day(day, tmp_path / "day", secret="whsec_x")
    deliveries = list(read_webhooks(tmp_path / "day" / "webhooks.jsonl"))
    assert [body for _, body in deliveries] == [webhook.body for webhook in day.webhooks]
    for (headers, body), webhook in zip(deliveries, day.webhooks, strict=True):
        assert headers[SIGNATURE_HEADER] == sign(body, "whsec_x", webhook.created_s)

    index = json.loads((tmp_path / "day" / "index.json").read_bytes())
    written = {entry["path"]: (tmp_path / "day" / entry["path"]).read_bytes() for entry in index}
    assert list(written.values()) == [page.body for page in day.pages] + [
        statement.body for statement in day.statements
    ]
    assert [entry["context"] for entry in index if entry["source"] == "stripe"] == [page.context for page in day.pages]
    assert {entry["account"] for entry in index if entry["source"] == "camt053"} == {s.account for s in day.statements}


def test_truth_is_written_with_amounts_as_strings(tmp_path: Path) -> None:
    day = play_day(4, 60)
    write_day(day, tmp_path)
    truth = json.loads((tmp_path / "truth.json").read_bytes())
    assert truth["balances"]["1000"]["USD"] == str(day.truth.balances["1000"]["USD"])
    assert {item["reason"] for item in truth["breaks"]} == {"payment_missing", "amount_differs", "payout_failed"}
    assert truth["missing"] == list(day.truth.missing)
    assert truth["payments"] == day.truth.payments


def test_writing_twice_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_day(play_day(4, 60), tmp_path / name)
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in sorted((tmp_path / name).rglob("*.*"))}
        for name in ("first", "second")
    )
    assert first == second
