"""A book whose facts hold, seen by those who read it: projections, published streams."""

import json

import psycopg

from ledger.accounts import load_chart
from ledger.ledger import Ledger
from ledger.rules import RuleSet
from ledger.store import Store
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.rebuild import compare
from projections.schema import ensure_schemas
from streams.entry_publication import EntryStream
from streams.payment_fact_publication import PaymentFactStream
from tests.unit.ledger.builders import NOW_US
from tests.unit.ledger.gateway import RULES, part, told


def test_readers_of_the_journal_take_holds_for_what_they_are(postgres_dsn: str) -> None:
    with Store.open(postgres_dsn) as store:
        ledger = Ledger.open(store, "main", chart=load_chart(), rules=RuleSet(RULES), now_us=lambda: NOW_US)
        ledger.facts([told("authorized"), part(30), told("authorized", 9, "pi_2"), told("canceled", 9, "pi_2")])
        ledger.facts([told("succeeded", 80), told("authorized", 5, "pi_3")])
        events = list(store.history("main"))
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        ensure_schemas(connection)
        for projection in PROJECTIONS.values():
            assert catch_up(connection, projection, "main", JournalReader(connection)) == len(events) == 7
        balances = connection.execute("SELECT account, debits - credits FROM balances.balance ORDER BY 1").fetchall()
        statuses = dict(connection.execute("SELECT payment, status FROM payments.payment").fetchall())
    assert balances == [("1000", 110), ("7000", -110)], "what is held is not posted"
    assert statuses == {"pi_1": "succeeded", "pi_2": "canceled", "pi_3": "authorized"}
    for name in PROJECTIONS:
        assert compare(postgres_dsn, name).equal
    entries, _ = EntryStream().publish("main", events, {})
    values = [json.loads(record.value or b"") for record in entries]
    assert [(value["position"], value.get("hold"), value.get("flags")) for value in values] == [
        (3, 2, None),
        (6, 2, ["capture_exceeds_hold/gate/a/pi_1"]),
    ]
    facts, _ = PaymentFactStream().publish("main", events, {})
    assert [json.loads(record.value or b"")["decision"] for record in facts] == [
        *("observed", "posted", "observed", "observed", "posted", "observed")
    ]
