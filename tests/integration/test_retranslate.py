"""Records read again by a translator that was mended: what is shown, what is applied, and that it may be stopped."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from connectors import CONNECTORS, Connector, Telling
from connectors.envelope import Envelope
from connectors.json_fields import read_object
from contraflow.retranslation import Retranslation, retranslate
from ledger.accounts import load_chart
from ledger.commands import decode_command
from ledger.facts import Fact
from ledger.ledger import Ledger
from ledger.money import Money
from ledger.rules import load_rules
from ledger.store import Store, balances_of
from ledger.verification import verify_ledger
from projections.payment_status import Sighting, payment_state
from streams.arrival import Arrival
from streams.inbound import build_inbound
from streams.writer import Writer

Translate = Callable[[bytes, Telling], list[Fact]]


def reading(
    *, factor: int = 1, kind: str = "payment.succeeded", renamed: str = "", source: str = "stripe"
) -> Connector:
    """A translator that reads amounts times `factor`, into facts of `source`."""

    def translate(raw: bytes, telling: Telling) -> list[Fact]:
        body = read_object(raw)
        name = renamed or body["id"]
        return [
            Envelope.of(source, telling).fact(
                kind,
                f"{name}/succeeded",
                effective_at="2026-01-05T00:00:00Z",
                amounts={"gross": Money(str(body["amount"] * factor), "USD")},
                links={"payment": name},
            )
        ]

    return replace(CONNECTORS["stripe"], translate=translate)


def told(dsn: str, connector: Connector, *bodies: dict[str, Any]) -> None:
    with Writer(dsn, chart=load_chart(), rules=load_rules(), connectors={"stripe": connector}) as writer:
        offsets = writer.assign(lambda _: True)
        first = offsets.get(("inbound.stripe", 0), 0)
        arrivals = []
        for number, body in enumerate(bodies, start=first):
            raw = json.dumps(body).encode()
            record = build_inbound(raw, raw, book="main", source="stripe", account="acct_1")
            arrivals.append(Arrival("inbound.stripe", 0, number, record))
        writer.write(arrivals)
        writer.flush()


def shown(dsn: str, connector: Connector, **options: Any) -> Retranslation:
    with Store.open(dsn) as store, store.connection.transaction():
        return retranslate(store, "main", {"stripe": connector}, **options)


def applied(dsn: str, found: Retranslation, *, stopped_after_reversals: bool = False) -> None:
    """As the command does it when no pipeline runs."""
    with Store.open(dsn) as store:
        ledger = Ledger.open(store, "main")
        reversals = [command for change in found.changes if (command := change.reversal()) is not None]
        answers = ledger.apply([decode_command(command) for command in reversals])
        assert {answer.decision for answer in answers} <= {"accepted", "duplicate"}, answers
        if not stopped_after_reversals:
            ledger.facts([fact for change in found.changes if (fact := change.fact()) is not None])


def balance(dsn: str, account: str) -> int:
    with Store.open(dsn) as store:
        assert [finding for report in verify_ledger(store.connection) for finding in report.findings] == []
        return balances_of(store.load("main")).get((account, "USD"), 0)


def events(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT head FROM ledger.books WHERE book = 'main'").fetchone()
    assert row is not None
    return int(row[0])


PAYMENTS = tuple({"id": f"pi_{n}", "amount": 1000 + n} for n in range(20))


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    told(postgres_dsn, reading(), *PAYMENTS)
    assert balance(postgres_dsn, "1000") == sum(each["amount"] for each in PAYMENTS)  # type: ignore[misc]
    return postgres_dsn


def test_the_same_content_is_nothing(dsn: str) -> None:
    found = shown(dsn, reading())
    assert (found.records, found.facts, found.changes) == (20, 20, [])


def test_looking_changes_nothing(dsn: str) -> None:
    before = events(dsn)
    assert len(shown(dsn, reading(factor=10)).changes) == 20
    assert events(dsn) == before


@pytest.mark.parametrize("stopped", [False, True])
def test_other_content_is_reversed_and_told_under_the_next_revision(dsn: str, stopped: bool) -> None:
    found = shown(dsn, reading(factor=10))
    assert {(change.kind, change.revision, change.field) for change in found.changes} == {
        ("revised", 2, "amounts.gross")
    }
    if stopped:
        applied(dsn, found, stopped_after_reversals=True)
        assert balance(dsn, "1000") == 0
        found = shown(dsn, reading(factor=10))
    applied(dsn, found)
    assert balance(dsn, "1000") == 10 * sum(each["amount"] for each in PAYMENTS)  # type: ignore[misc]
    assert shown(dsn, reading(factor=10)).changes == []
    again = shown(dsn, reading())
    assert {change.revision for change in again.changes} == {3}, "back again is a revision of its own"
    applied(dsn, again)
    assert balance(dsn, "1000") == sum(each["amount"] for each in PAYMENTS)  # type: ignore[misc]


def test_from_a_position_on_only_later_records_are_read(dsn: str) -> None:
    found = shown(dsn, reading(factor=10), from_position=12)
    assert found.records == 10 and len(found.changes) == 10


def test_what_nobody_tells_any_more_is_taken_back_and_what_is_new_is_told(postgres_dsn: str) -> None:
    told(postgres_dsn, reading(renamed="mistaken"), PAYMENTS[0])
    found = shown(postgres_dsn, reading())
    assert sorted((change.kind, change.key.split("/")[2]) for change in found.changes) == [
        ("gone", "mistaken"),
        ("new", "pi_0"),
    ]
    applied(postgres_dsn, found)
    assert balance(postgres_dsn, "1000") == PAYMENTS[0]["amount"]
    assert shown(postgres_dsn, reading()).changes == []


def test_facts_may_carry_another_source_than_the_connector_that_tells_them(postgres_dsn: str) -> None:
    """As those of both versions of Flutterwave do."""
    told(postgres_dsn, reading(renamed="mistaken", source="gateway"), PAYMENTS[0])
    found = shown(postgres_dsn, reading(source="gateway"))
    assert [change.kind for change in found.changes] == ["new", "gone"]
    applied(postgres_dsn, found)
    assert balance(postgres_dsn, "7000") == -PAYMENTS[0]["amount"]
    assert shown(postgres_dsn, reading(source="gateway")).changes == []


def test_what_cannot_be_read_any_more_takes_nothing_back(dsn: str) -> None:
    def broken(raw: bytes, telling: Telling) -> list[Fact]:
        return CONNECTORS["stripe"].translate(b"{", telling)

    found = shown(dsn, replace(CONNECTORS["stripe"], translate=broken))
    assert found.changes == [] and found.untranslatable == {"json_malformed": 20}


def test_what_reconciliation_counts_by_key_is_held(postgres_dsn: str) -> None:
    told(postgres_dsn, reading(kind="payout.paid"), PAYMENTS[0])
    [change] = shown(postgres_dsn, reading(kind="payout.paid", factor=10)).changes
    assert change.kind == "held" and change.reversal() is None and change.fact() is None


def test_a_revised_fact_replaces_the_first_reading_in_the_status_of_its_payment() -> None:
    def sighting(position: int, kind: str, key: str, amount_minor: int) -> Sighting:
        at = "2026-01-05T00:00:00Z"
        return Sighting(
            position,
            "posted",
            kind,
            key,
            "s",
            "a",
            at,
            0,
            amount_minor,
            "USD",
            "",
            "",
            "re_1" * kind.startswith("refund"),
        )

    paid, refund = sighting(1, "payment.succeeded", "k/p", 1000), sighting(2, "refund.succeeded", "k/r", 500)
    revised = sighting(3, "refund.succeeded", "k/r@2", 1000)
    assert payment_state([paid, refund]).refunded_minor == 500
    for order in ([paid, refund, revised], [revised, refund, paid]):
        assert payment_state(order).refunded_minor == 1000
    stranger = sighting(3, "refund.succeeded", "somebody@2", 100)
    assert payment_state([paid, refund, stranger]).refunded_minor == 600
