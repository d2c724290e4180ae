"""A played day is repeatable, adds up, and has exactly the trouble that its truth names."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from typing import Any

import pytest

from contraflow.simulator import PAYMENTS_MIN, Day, play_day

SEEDS = (1, 2, 3, 42)


@cache
def played(seed: int, payments: int = 200) -> Day:
    return play_day(seed, payments)


def digest(day: Day) -> str:
    """Over every byte that leaves the simulator, in order."""
    total = hashlib.sha256()
    for pieces in (day.webhooks, day.pages, day.statements):
        for piece in pieces:
            total.update(piece.body)
    total.update(day.truth.as_json())
    return total.hexdigest()


def bodies(day: Day) -> list[dict[str, Any]]:
    return [json.loads(webhook.body) for webhook in day.webhooks]


def test_same_seed_same_bytes_in_another_process() -> None:
    code = "from tests.unit.simulator.test_day import digest, play_day; print(digest(play_day(5, 80)))"
    environment = {**os.environ, "PYTHONHASHSEED": "99", "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert told.stdout.strip() == digest(play_day(5, 80)), told.stderr


def test_another_seed_shares_no_id() -> None:
    first, second = ({webhook.event_id for webhook in played(seed).webhooks} for seed in (1, 2))
    assert not first & second
    assert not played(1).truth.payments.keys() & played(2).truth.payments.keys()
    assert not played(1).truth.payouts.keys() & played(2).truth.payouts.keys()
    assert not {s.statement_id for s in played(1).statements} & {s.statement_id for s in played(2).statements}


def test_too_small_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match=str(PAYMENTS_MIN)):
        play_day(1, PAYMENTS_MIN - 1)


@pytest.mark.parametrize("seed", range(40))
def test_the_smallest_day_holds_every_trouble(seed: int) -> None:
    truth = played(seed, PAYMENTS_MIN).truth
    assert Counter(item.reason for item in truth.breaks) == {
        "payment_missing": 1,
        "amount_differs": 1,
        "payout_failed": 1,
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_truth_balances_in_every_currency(seed: int) -> None:
    truth = played(seed).truth
    assert set(truth.trial_balance) == {"USD", "EUR", "JPY", "KWD", "GBP", "CHF", "ISK"}
    assert set(truth.trial_balance.values()) == {0}


@pytest.mark.parametrize("seed", SEEDS)
def test_clearing_keeps_only_what_trouble_left_there(seed: int) -> None:
    day = played(seed)
    balances, breaks = day.truth.balances, {item.reason: item for item in day.truth.breaks}
    rows = {row["source"]: row for page in day.pages for row in json.loads(page.body)["data"] if not page.expanded}
    untold = rows[breaks["payment_missing"].charge]
    assert {code: minor for code, minor in balances["1000"].items() if minor} == {"USD": -untold["amount"]}
    assert {code: minor for code, minor in balances["1010"].items() if minor} == {
        "USD": -breaks["amount_differs"].difference_minor
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_pages_of_a_payout_add_up_to_it(seed: int) -> None:
    day = played(seed, 700)
    amounts = {
        body["data"]["object"]["id"]: body["data"]["object"]["amount"]
        for body in bodies(day)
        if body["type"] == "payout.created"
    }
    nets: Counter[str] = Counter()
    own_rows: Counter[str] = Counter()
    seen: set[str] = set()
    newest: dict[str, int] = {}
    for page in day.pages:
        body = json.loads(page.body)
        assert (body["object"], body["url"]) == ("list", "/v1/balance_transactions")
        assert 1 <= len(body["data"]) <= 100
        assert not body["has_more"] or len(body["data"]) == 100
        for row in body["data"]:
            assert row["id"] not in seen, "a row stands in one page only"
            seen.add(row["id"])
            assert (
                row["net"] == row["amount"] - row["fee"] == row["amount"] - sum(f["amount"] for f in row["fee_details"])
            )
            assert row["created"] <= newest.setdefault(page.payout, row["created"])
            newest[page.payout] = row["created"]
            if row["type"] == "payout":
                source = row["source"]["id"] if page.expanded else row["source"]
                assert (source, row["net"]) == (page.payout, -amounts[page.payout])
                own_rows[page.payout] += 1
            else:
                nets[page.payout] += row["net"]
    assert nets == amounts
    assert own_rows == dict.fromkeys(amounts, 1)
    assert any(page.has_more for page in day.pages)


@pytest.mark.parametrize("seed", SEEDS)
def test_exactly_one_payment_is_never_told(seed: int) -> None:
    day = played(seed)
    (missing,) = day.truth.missing
    item = next(item for item in day.truth.breaks if item.reason == "payment_missing")
    assert item.payment == missing
    told = b"\n".join(webhook.body for webhook in day.webhooks)
    assert missing.encode() not in told
    assert item.charge.encode() not in told
    assert missing not in day.truth.payments
    charges = [
        row["source"]["id"] if page.expanded else row["source"]
        for page in day.pages
        for row in json.loads(page.body)["data"]
        if row["type"] in ("charge", "payment")
    ]
    assert [charge for charge in charges if charge.encode() not in told] == [item.charge]


@pytest.mark.parametrize("seed", SEEDS)
def test_exactly_one_payout_is_short_and_one_fails_after_it_was_paid(seed: int) -> None:
    day = played(seed)
    payouts: dict[str, dict[str, Any]] = {}
    told: dict[str, set[str]] = {}
    for body in bodies(day):
        if body["type"].startswith("payout."):
            po = body["data"]["object"]
            told.setdefault(po["id"], set()).add(body["type"])
            trace = (po.get("trace_id") or {}).get("value")
            payouts[po["id"]] = {"amount": po["amount"], "trace": trace or payouts.get(po["id"], {}).get("trace")}
    assert told.keys() == day.truth.payouts.keys()
    assert all({"payout.created", "payout.paid"} <= types for types in told.values())

    differences: dict[str, int] = {}
    for line in (line for statement in day.statements for line in statement.lines):
        named = [po for po, words in payouts.items() if po == line.end_to_end or (words["trace"] or "-") in line.text]
        if named:
            (payout,) = named
            assert payout not in differences, "one bank line per payout"
            differences[payout] = line.amount_minor - payouts[payout]["amount"]
    breaks = {item.reason: item for item in day.truth.breaks}
    short, failed = breaks["amount_differs"], breaks["payout_failed"]
    assert {po: minor for po, minor in differences.items() if minor} == {short.payout: short.difference_minor}
    assert -10 < short.difference_minor < 0
    assert payouts.keys() - differences.keys() == {failed.payout}
    assert [po for po, types in told.items() if "payout.failed" in types] == [failed.payout]
    assert len({item.payout for item in day.truth.breaks}) == 3
    assert {po for po, state in day.truth.payouts.items() if state == "broken"} == {i.payout for i in day.truth.breaks}


@pytest.mark.parametrize("seed", SEEDS)
def test_some_webhooks_are_doubled_late_and_out_of_order(seed: int) -> None:
    day = played(seed)
    firsts = [webhook for webhook in day.webhooks if not webhook.repeat]
    assert len({webhook.event_id for webhook in firsts}) == len(firsts)
    body_of = {webhook.event_id: webhook.body for webhook in firsts}
    seen: set[str] = set()
    for webhook in day.webhooks:
        assert webhook.repeat == (webhook.event_id in seen)
        assert webhook.body == body_of[webhook.event_id]
        seen.add(webhook.event_id)
    totals = day.truth.totals
    assert totals["webhooks_doubled"] == len(day.webhooks) - len(firsts) > 0
    assert totals["webhooks_late"] == len(day.late) > 0
    assert day.webhooks == day.prompt + day.late
    created = [webhook.created_s for webhook in day.prompt]
    assert created != sorted(created)


def test_both_api_shapes_and_every_kind_of_event() -> None:
    told = bodies(played(1))
    types = Counter(body["type"] for body in told)
    for type_ in [
        "payment_intent.created",
        "payment_intent.requires_action",
        "payment_intent.processing",
        "payment_intent.canceled",
        "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "charge.succeeded",
        "charge.failed",
        "charge.pending",
        "charge.captured",
        "charge.refunded",
        "charge.updated",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "refund.created",
        "refund.updated",
        "payout.created",
        "payout.updated",
        "payout.paid",
        "payout.failed",
        "payout.reconciliation_completed",
        "customer.created",
        "balance.available",
        "v2.core.account.updated",
    ]:
        assert types[type_], type_
    shapes = Counter(
        (body.get("api_version"), "charges" in body["data"]["object"], "latest_charge" in body["data"]["object"])
        for body in told
        if body["type"] == "payment_intent.succeeded"
    )
    assert set(shapes) == {("2026-10-28.endive", False, True), ("2020-08-27", True, False)}
    listed = {("refunds" in b["data"]["object"], b["api_version"]) for b in told if b["type"] == "charge.refunded"}
    assert listed == {(False, "2026-10-28.endive"), (True, "2020-08-27")}


def test_currencies_keep_the_gateways_rules() -> None:
    amounts: dict[str, list[int]] = {}
    for body in bodies(played(1)):
        if body["type"].startswith("charge.") and body["data"]["object"]["object"] == "charge":
            amounts.setdefault(body["data"]["object"]["currency"], []).append(body["data"]["object"]["amount"])
    assert amounts.keys() == {"usd", "eur", "jpy", "kwd", "gbp", "chf", "isk"}
    assert not any(amount % 10 for amount in amounts["kwd"])
    assert not any(amount % 100 for amount in amounts["isk"])


def test_converted_rows_follow_their_rate() -> None:
    rated = [row for page in played(1).pages for row in page.rows if row.rate_ppm]
    assert {row.currency for row in rated} == {"usd", "eur"}
    written = [row for page in played(1).pages for row in json.loads(page.body)["data"] if row["exchange_rate"]]
    assert len(written) == len(rated)
    assert {row["exchange_rate"] for row in written} == {1.27135, 0.66842, 1.04877, 0.008125}


def test_a_large_day_is_as_right_as_a_small_one() -> None:
    # 50,000 payments take 3.6 s and 170 MiB; a fifth of that is enough to see every loop scale.
    day = play_day(1, 10_000)
    assert len(day.truth.payments) == 10_000 - 1
    assert len(day.truth.breaks) == 3
    assert set(day.truth.trial_balance.values()) == {0}
    assert len(day.webhooks) > 35_000
