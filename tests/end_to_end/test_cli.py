"""The commands beside a running pipeline, on real input: answers, exit codes, dead letters and their redrive."""

from __future__ import annotations

import csv
import json
import time
import urllib.request
import uuid
from collections.abc import Iterator

import psycopg
import pytest

from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from contraflow.simulator import Day, canonical_fact, play_day, webhook_headers
from tests.end_to_end.command_line import ACCOUNT, SECRET, CommandLine, RunningUp, eventually
from tests.infra import fresh_database

DAY = play_day(11, 60, account=ACCOUNT)


@pytest.fixture(scope="module")
def site(pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CommandLine, RunningUp]]:
    """A running pipeline that was told a day: webhooks over HTTP, pages and statements from files."""
    name = f"cli_{uuid.uuid4().hex[:10]}"
    folder = tmp_path_factory.mktemp("cli")
    with fresh_database(pair.postgres_dsn, name) as dsn:
        command_line = CommandLine(
            folder,
            KAFKA=pair.bootstrap_servers,
            POSTGRES=dsn,
            TOPIC_PREFIX=f"{name}.",
            API_PORT=str(free_ports(1)[0]),
        )
        with command_line.up() as running:
            tell(DAY, command_line, running)
            yield command_line, running


def tell(day: Day, command_line: CommandLine, running: RunningUp) -> None:
    url = f"{running.announced['api']}/webhooks/stripe/shop"
    for webhook in day.webhooks[:50]:
        request = urllib.request.Request(
            url, data=webhook.body, headers=webhook_headers(webhook.body, SECRET, int(time.time()))
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200
    events = command_line.data_dir / "events.jsonl"
    events.write_bytes(b"\n".join(json.dumps(json.loads(webhook.body)).encode() for webhook in day.webhooks))
    assert command_line.json("ingest", str(events))["records"] == len(day.webhooks)
    for number, page in enumerate(day.pages):
        path = command_line.data_dir / f"page-{number}.json"
        path.write_bytes(page.body)
        command_line.run("ingest", str(path), "--payout", page.payout)
    paths = []
    for number, statement in enumerate(day.statements):
        paths.append(command_line.data_dir / f"statement-{number}.xml")
        paths[-1].write_bytes(statement.body)
    assert command_line.json("ingest", *map(str, paths))["records"] == len(paths)
    settle(command_line)


def settle(command_line: CommandLine) -> None:
    def settled() -> bool:
        status = command_line.json("status")
        waiting = sum(topic["waiting"] or 0 for topic in status["topics"])
        return waiting == 0 and all(each["lag"] == 0 for each in status["projections"])

    eventually(settled, "everything is posted and projected")


def test_the_books_say_what_the_day_was(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, _ = site
    answer = command_line.json("trial-balance")
    found = {(row["account"], row["currency"]): int(row["debits"]) - int(row["credits"]) for row in answer["accounts"]}
    right = {
        (account, currency): minor
        for account, by_currency in DAY.truth.balances.items()
        for currency, minor in by_currency.items()
        if minor
    }
    assert {place: minor for place, minor in found.items() if minor} == right
    assert answer["balanced"]


def test_one_account_as_json_and_as_a_table(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, _ = site
    answer = command_line.json("balance", "6000")
    by_currency = {row["balance"]["currency"]: int(row["balance"]["amount"]) for row in answer["balances"]}
    assert by_currency == DAY.truth.balances["6000"]
    assert (
        command_line.run("balance", "6000", "-o", "json").stdout
        == command_line.run("-o", "json", "balance", "6000").stdout
    )
    table = command_line.run("balance", "6000").stdout
    assert "6000" in table
    for currency in by_currency:
        assert currency in table
    assert "no such account" not in table
    assert "9999" in command_line.run("balance", "9999", code=3).stderr
    assert "elsewhere" in command_line.run("balance", "6000", "--book", "elsewhere", code=3).stderr


def test_a_payment_by_its_id_and_by_another(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, _ = site
    payment, status = next((name, status) for name, status in DAY.truth.payments.items() if status == "refunded")
    answer = command_line.json("payment", payment)
    assert (answer["payment"]["payment"], answer["payment"]["status"]) == (payment, status)
    assert {entry["type"] for entry in answer["timeline"]} >= {"payment.succeeded", "refund.succeeded"}
    other = next(name for name in answer["references"] if name != payment)
    assert command_line.json("payment", other) == answer
    assert command_line.run("payment", "pi_nobody", code=3).stdout == ""


def test_status_shows_parts_positions_and_topics(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, running = site
    status = command_line.json("status")
    assert status["api"] == "ready"
    assert {part["part"]: part["pid"] for part in status["parts"]} == running.announced["pids"]
    assert {each["name"] for each in status["projections"]} == {"balances", "entries", "payments", "reconciliation"}
    prefix = command_line.environment["CONTRAFLOW_TOPIC_PREFIX"]
    topics = {topic["topic"]: topic for topic in status["topics"]}
    assert topics[f"{prefix}inbound.camt053"]["records"] == len(DAY.statements)
    eventually(lambda: all(each["lag"] == 0 for each in command_line.json("status")["publishing"]), "published")
    assert "Projections" in command_line.run("status").stdout
    listed = command_line.json("projections", "list")
    assert {row["projection"] for row in listed} == {each["name"] for each in status["projections"]}


def test_nothing_is_sent_of_files_when_one_is_not_recognised(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, _ = site
    before = command_line.json("status")["topics"]
    good = command_line.data_dir / "events.jsonl"
    bad = command_line.data_dir / "rows.csv"
    with bad.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "amount"], ["1", "2"]])
    assert "rows.csv" in command_line.run("ingest", str(good), str(bad), code=7).stderr
    assert "absent.json" in command_line.run("ingest", str(command_line.data_dir / "absent.json"), code=7).stderr
    inbound = [topic for topic in command_line.json("status")["topics"] if "inbound" in topic["topic"]]
    assert inbound == [topic for topic in before if "inbound" in topic["topic"]]


def test_dead_letters_are_listed_shown_and_redriven(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, _ = site
    assert command_line.json("dead", "list") == []
    broken = command_line.data_dir / "broken.json"
    broken.write_text('{"object": "event", "id": "evt_broken", "type": "charge.succeeded", "created": 1, "data": {}}')
    command_line.run("ingest", str(broken), "--account", ACCOUNT)
    eventually(lambda: len(command_line.json("dead", "list")) == 1, "it is with the dead letters")
    (letter,) = command_line.json("dead", "list")
    assert letter["book"] == "main"
    assert letter["code"]
    number = str(letter["dead_letter_id"])
    assert "evt_broken" in command_line.json("dead", "show", number)["body"]
    assert "evt_broken" in command_line.run("dead", "show", number).stdout
    command_line.run("dead", "show", "999999", code=3)
    command_line.run("dead", "redrive", code=2)
    command_line.run("dead", "redrive", "999999", code=3)

    # Nothing was mended, so it comes back: another attempt, and still nothing is posted.
    assert command_line.json("dead", "redrive", number) == {"redriven": 1}
    eventually(lambda: [row["attempts"] for row in command_line.json("dead", "list")] == [2], "it came back")

    # In place of a mended translator the letter is repaired: it now says something that can be understood.
    with psycopg.connect(command_line.environment["CONTRAFLOW_POSTGRES"], autocommit=True) as connection:
        connection.execute(
            "UPDATE ledger.dead_letters SET source = 'facts', body = %s WHERE status = 'open'", (canonical_fact(1),)
        )
    command_line.run("dead", "redrive", "--all")
    eventually(lambda: command_line.json("dead", "list") == [], "none is open")
    resolved = command_line.json("dead", "list", "--status", "resolved")
    assert resolved, "the redriven letter is resolved"
    settle(command_line)


def test_verify_rebuild_and_verify(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, _ = site
    assert command_line.json("verify")["sound"]
    rebuilt = command_line.json("projections", "rebuild", "balances")
    assert rebuilt["equal"]
    assert rebuilt["swapped"]
    assert "balances" in command_line.run("projections", "rebuild", "nothing", code=3).stderr
    assert command_line.json("verify")["sound"]


def test_verify_notices_a_changed_row(site: tuple[CommandLine, RunningUp]) -> None:
    command_line, _ = site
    with psycopg.connect(command_line.environment["CONTRAFLOW_POSTGRES"], autocommit=True) as connection:
        connection.execute("UPDATE balances.balance SET debits = debits + 1 WHERE account = '6000'")
        answer = command_line.json("verify", code=1)
        assert not answer["sound"]
        assert {each["name"] for each in answer["projections"] if not each["equal"]} == {"balances"}
        assert not command_line.json("trial-balance", code=1)["balanced"]
    command_line.run("projections", "rebuild", "balances", code=1)
    assert command_line.json("verify")["sound"]
    assert command_line.json("trial-balance")["balanced"]
