"""Judgement of a demo day: what the books and projections say against what the simulator knows to be true."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contraflow.reading import ask

if TYPE_CHECKING:
    import psycopg

    from contraflow.simulator import Truth
    from projections.answers import Balance, ReconciliationItem

ROWS_MAX = 1_000_000
API_WAIT_S = 15.0


@dataclass(slots=True)
class Judgement:
    """What was found, and where it disagrees with the truth.

    Attributes:
        balances: debits minus credits in minor units, by (account, currency).
        payments: status by payment id.
        planted, found: (payout or bank line, reason) of every break.
        differences: one line each; empty when everything agrees.
    """

    balances: dict[tuple[str, str], int] = field(default_factory=dict)
    trial_balance: dict[str, int] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    payouts: dict[str, int] = field(default_factory=dict)
    planted: set[tuple[str, str]] = field(default_factory=set)
    found: set[tuple[str, str]] = field(default_factory=set)
    evidence: dict[str, ReconciliationItem] = field(default_factory=dict)
    entries: int = 0
    dead_letters: int = 0
    differences: list[str] = field(default_factory=list)


def judge(dsn: str, book: str, truth: Truth) -> Judgement:
    """Read everything of `book` and hold it against `truth`."""
    judgement = Judgement()
    balances, payments, items, entries, dead_letters = ask(dsn, lambda connection: _read(connection, book))
    _judge_balances(judgement, balances, truth)
    _judge_payments(judgement, payments, truth)
    _judge_reconciliation(judgement, items, truth)
    judgement.entries, judgement.dead_letters = entries, dead_letters
    if entries != truth.entries:
        judgement.differences.append(f"{entries} entries were posted, {truth.entries} are right")
    if dead_letters:
        judgement.differences.append(f"{dead_letters} dead letters; `contraflow dead list` shows them")
    return judgement


def judge_api(judgement: Judgement, url: str, book: str, position: int) -> None:
    """Ask the running API for the same trial balance, at `position` or later; what differs is added."""
    import httpx

    headers = {"Contraflow-Min-Position": f"{book}={position}", "Prefer": "wait=5"}
    try:
        answer = httpx.get(f"{url}/books/{book}/trial-balance", headers=headers, timeout=API_WAIT_S, trust_env=False)
    except httpx.TransportError as error:
        judgement.differences.append(f"the API at {url} does not answer: {error}")
        return
    if answer.status_code != 200:
        judgement.differences.append(f"the API answers {answer.status_code}: {answer.text[:200]}")
        return
    told = {
        row["currency"]: int(row["debits"]["amount"]) - int(row["credits"]["amount"])
        for row in answer.json()["currencies"]
    }
    if told != judgement.trial_balance:
        judgement.differences.append(f"the API's trial balance is {told}, the tables' is {judgement.trial_balance}")


async def _read(
    connection: psycopg.AsyncConnection[Any], book: str
) -> tuple[list[Balance], dict[str, str], list[ReconciliationItem], int, int]:
    from projections.queries.balances import balances
    from projections.queries.payments import payments
    from projections.queries.reconciliation import reconciliation_items

    found_balances, _ = await balances(connection, book, limit=ROWS_MAX)
    found_payments, _ = await payments(connection, book, limit=ROWS_MAX)
    items, _ = await reconciliation_items(connection, book, limit=ROWS_MAX)
    counted = await connection.execute(
        "SELECT (SELECT count(*) FROM ledger.events JOIN ledger.books USING (book_id)"
        " WHERE book = %(book)s AND type = 'EntryPosted'),"
        " (SELECT count(*) FROM ledger.dead_letters WHERE book = %(book)s)",
        {"book": book},
    )
    row = await counted.fetchone()
    assert row is not None
    return found_balances, {each.payment: each.status for each in found_payments}, items, row[0], row[1]


def _judge_balances(judgement: Judgement, balances: list[Balance], truth: Truth) -> None:
    for row in balances:
        judgement.balances[row.account, row.currency] = row.net_minor
        judgement.trial_balance[row.currency] = judgement.trial_balance.get(row.currency, 0) + row.net_minor
    right = {
        (account, currency): amount_minor
        for account, by_currency in truth.balances.items()
        for currency, amount_minor in by_currency.items()
    }
    for account, currency in sorted(judgement.balances.keys() | right.keys()):
        has_minor = judgement.balances.get((account, currency), 0)
        should_minor = right.get((account, currency), 0)
        if has_minor != should_minor:
            judgement.differences.append(
                f"account {account} has {has_minor} {currency} (minor units), {should_minor} are right"
            )
    judgement.differences += [
        f"trial balance: {currency} is off by {amount_minor} minor units"
        for currency, amount_minor in judgement.trial_balance.items()
        if amount_minor
    ]


def _judge_payments(judgement: Judgement, payments: dict[str, str], truth: Truth) -> None:
    judgement.payments = payments
    for status in payments.values():
        judgement.statuses[status] = judgement.statuses.get(status, 0) + 1
    for payment in sorted(payments.keys() | truth.payments.keys()):
        has, should = payments.get(payment), truth.payments.get(payment)
        if has != should:
            judgement.differences.append(f"payment {payment} is {has or 'unknown'}, {should or 'unknown'} is right")


def _judge_reconciliation(judgement: Judgement, items: list[ReconciliationItem], truth: Truth) -> None:
    for item in items:
        judgement.payouts[item.state] = judgement.payouts.get(item.state, 0) + 1
        if item.state == "broken":
            judgement.evidence[item.item] = item
            judgement.found |= {(item.item, reason) for reason in item.reasons}
    judgement.planted = {(each.payout, each.reason) for each in truth.breaks}
    judgement.differences += [
        f"break not found: {payout} {reason}" for payout, reason in sorted(judgement.planted - judgement.found)
    ]
    judgement.differences += [
        f"break invented: {item} {reason}" for item, reason in sorted(judgement.found - judgement.planted)
    ]
    states = {item.item: item.state for item in items if item.kind == "payout"}
    for payout in sorted(states.keys() | truth.payouts.keys()):
        has, should = states.get(payout), truth.payouts.get(payout)
        if has != should:
            judgement.differences.append(f"payout {payout} is {has or 'unknown'}, {should or 'unknown'} is right")
