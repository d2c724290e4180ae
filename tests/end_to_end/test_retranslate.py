"""Retranslation beside a running pipeline: reversals and facts go through its doors, and every projection agrees."""

import json
from pathlib import Path

from msgspec.structs import replace

from connectors import CONNECTORS, Connector, Telling
from contraflow.cli.retranslate import _apply
from contraflow.embedded import PairAddresses
from contraflow.retranslation import Retranslation, retranslate
from ledger.facts import Fact
from ledger.money import Money
from ledger.store import Store
from tests.end_to_end.running import RunningPipeline, running_beside, until
from tests.unit.connectors import stripe_bodies as bodies


def mended() -> Connector:
    """Reads twice the amount of what succeeded, as if the fault had been there."""
    today = CONNECTORS["stripe"]

    def translate(raw: bytes, telling: Telling) -> list[Fact]:
        return [twice(fact) if fact.type == "payment.succeeded" else fact for fact in today.translate(raw, telling)]

    return replace(today, translate=translate)


def twice(fact: Fact) -> Fact:
    amounts = {name: Money(str(2 * int(money.amount)), money.currency) for name, money in fact.amounts.items()}
    return replace(fact, amounts=amounts)


def shown(site: RunningPipeline, connector: Connector) -> Retranslation:
    with Store.open(site.dsn) as store, store.connection.transaction():
        return retranslate(store, "main", {"stripe": connector})


def test_through_the_doors_of_a_running_pipeline(pair: PairAddresses, tmp_path: Path) -> None:
    with running_beside(pair, tmp_path) as site:
        events = [
            bodies.event("charge.succeeded", bodies.charge(id=f"ch_{n}", payment_intent=f"pi_{n}"), id=f"evt_{n}")
            for n in range(12)
        ]
        site.tell([json.dumps(event).encode() for event in events])
        site.settle()
        before = site.balances()
        assert shown(site, CONNECTORS["stripe"]).changes == []

        found = shown(site, mended())
        assert {change.kind for change in found.changes} == {"revised"}
        assert _apply(site.settings, found, site.said.append) == {"reversed": 12, "refused": 0, "told": 12}
        assert any("inbound.facts" in line for line in site.said)
        until(lambda: shown(site, mended()).changes == [], 60, "the facts are told")
        site.settle()
        assert site.balances() == {place: 2 * minor for place, minor in before.items()}
        assert site.payments() == {f"pi_{n}": "succeeded" for n in range(12)}
        assert _apply(site.settings, shown(site, mended()), site.said.append)["told"] == 0
        assert site.dead_letters() == []
        site.assert_sound()
