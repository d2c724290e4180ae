"""A whole simulated day through connectors and book: the balances are the day's truth, in any order, told twice."""

import random
from collections import Counter

import pytest

from connectors import CONNECTORS, Telling
from contraflow.simulator.day import Day, play_day
from ledger.events import EntryPosted, FactRefused
from tests.unit.ledger.builders import Desk

Told = list[tuple[str, bytes, dict[str, str]]]


def tellings(day: Day) -> Told:
    return [
        *(("stripe", webhook.body, {}) for webhook in day.prompt),
        *(("stripe", page.body, page.context) for page in day.pages),
        *(("camt053", statement.body, {}) for statement in day.statements),
        *(("stripe", webhook.body, {}) for webhook in day.late),
    ]


def balances(desk: Desk) -> dict[tuple[str, str], int]:
    sums: Counter[tuple[str, str]] = Counter()
    for recorded in desk.events:
        event = recorded.event()
        assert not isinstance(event, FactRefused), event
        for line in event.lines if isinstance(event, EntryPosted) else ():
            amount = int(line.amount)
            sums[line.account, line.currency] += amount if line.side == "debit" else -amount
    return {account: amount for account, amount in sums.items() if amount}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "shuffled and told twice"])
def test_the_day_comes_out_as_it_was_played(seed: int, in_order: bool) -> None:
    day = play_day(seed)
    told = tellings(day)
    if not in_order:
        told = told * 2
        random.Random(seed).shuffle(told)
    desk = Desk()
    for source, body, context in told:
        connector = CONNECTORS[source]
        desk.tell(*connector.translate(connector.mask(body), Telling(source, day.account, "digest", context)))
    assert balances(desk) == {
        (account, currency): amount
        for account, by_currency in day.truth.balances.items()
        for currency, amount in by_currency.items()
        if amount
    }
    posted = sum(isinstance(recorded.event(), EntryPosted) for recorded in desk.events)
    assert posted == day.truth.entries
