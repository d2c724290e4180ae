"""What people ask the projections: reconciliation cases, and every query with the position it is true at."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import psycopg
import pytest

from ledger.facts import Fact
from ledger.schema import migrate
from projections.advance import advance
from projections.answers import ReconciliationItem
from projections.changes import changed_balances, changed_items, changed_payments
from projections.projection import PROJECTIONS
from projections.queries.balances import account_balances, balances, trial_balance
from projections.queries.entries import account_postings, balances_as_of, entry_postings
from projections.queries.payments import payment as payment_by_id
from projections.queries.payments import payment_counts, payments, payments_by_reference
from projections.queries.reconciliation import reconciliation_counts, reconciliation_item, reconciliation_items
from projections.rebuild import Rebuilt, rebuild
from projections.schema import ensure_schemas
from tests.unit.ledger.builders import NOW_US, Desk
from tests.unit.projections.stories import again, bank_line, dispute, payment, payout, refund, settlement

T = TypeVar("T")
TRACE = "TRACE000001"


class Told:
    """A book whose events go to every projection as soon as they are told."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection = psycopg.connect(dsn, autocommit=True)
        migrate(self.connection)
        ensure_schemas(self.connection)
        self.desk = Desk()
        self._advance(0)

    def tell(self, *facts: Fact) -> int:
        before = len(self.desk.events)
        self.desk.tell(*facts, now_us=NOW_US + before * 1_000_000)
        return self._advance(before)

    def _advance(self, before: int) -> int:
        for projection in PROJECTIONS.values():
            advance(self.connection, projection, "main", self.desk.events[before:], lambda *_: [])
        return len(self.desk.events)

    def ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        async def asking() -> T:
            async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                return await question(connection)

        return asyncio.run(asking())

    def item(self, name: str = "po_1") -> ReconciliationItem:
        item, position = self.ask(lambda c: reconciliation_item(c, "main", name))
        assert item is not None and position == len(self.desk.events)
        return item

    def verdict(self, name: str = "po_1") -> tuple[str, list[str]]:
        item = self.item(name)
        return item.state, item.reasons


@pytest.fixture
def told(postgres_dsn: str) -> Iterator[Told]:
    told = Told(postgres_dsn)
    yield told
    told.connection.close()


CONTENTS = (settlement(1, 600, 18, "po_1"), settlement(2, 400, 12, "po_1"))
PAYMENTS = (payment(1, "succeeded", 600), payment(2, "succeeded", 400))
OWN_ROW = settlement(3, -970, 0, "po_1", category="payout", source="po_1")
PAID = payout(1, "paid", trace_id=TRACE)
LINE = bank_line(1, 970, f"STRIPE PAYOUT {TRACE}")


def test_a_payout_waits_for_the_bank_and_its_contents_and_then_matches(told: Told) -> None:
    told.tell(payout(1, "initiated"))
    assert told.verdict() == ("expected", [])
    assert told.item().evidence["waiting_for"] == ["payout_paid", "bank_line", "contents"]
    told.tell(PAID)
    told.tell(*PAYMENTS, *CONTENTS, OWN_ROW)
    assert told.item().evidence["waiting_for"] == ["bank_line"]
    told.tell(LINE)
    assert told.verdict() == ("matched", [])
    assert told.item(LINE.key).state == "absorbed"
    assert [item.item for item in told.ask(lambda c: reconciliation_items(c, "main"))[0]] == ["po_1"]


def test_a_short_bank_line(told: Told) -> None:
    told.tell(PAID, *PAYMENTS, *CONTENTS, OWN_ROW, bank_line(1, 965, f"STRIPE PAYOUT {TRACE}"))
    assert told.verdict() == ("broken", ["amount_differs"])
    assert told.item().evidence["bank_difference"] == {"USD": "-5"}


def test_a_missing_payment_is_healed_by_its_late_webhook(told: Told) -> None:
    told.tell(PAID, PAYMENTS[0], *CONTENTS, OWN_ROW, LINE)
    assert told.verdict() == ("broken", ["payment_missing"])
    (missing,) = told.item().evidence["contents"]["missing"]
    assert (missing["transaction"], missing["source"], missing["net"]) == ("txn_2", "ch_2", "388")
    told.tell(payment(2, "failed", 400), payment(2, "authorized", 400))
    assert told.verdict() == ("broken", ["payment_missing"]), "only a payment that succeeded can be paid out"
    at = told.tell(PAYMENTS[1])
    assert told.verdict() == ("matched", [])
    assert told.item().position == at


def test_a_charge_that_only_the_second_telling_names(told: Told) -> None:
    without_charge = Fact(
        **{name: getattr(PAYMENTS[1], name) for name in Fact.__struct_fields__} | {"links": {"payment": "pi_2"}}
    )
    told.tell(PAID, PAYMENTS[0], without_charge, *CONTENTS, OWN_ROW, LINE)
    assert told.verdict() == ("broken", ["payment_missing"])
    told.tell(again(PAYMENTS[1], "evt_charge"))
    assert told.verdict() == ("matched", [])
    found, _ = told.ask(lambda c: payments_by_reference(c, "main", "ch_2"))
    assert [row.payment for row in found] == ["pi_2"]


def test_contents_that_differ_until_the_next_page(told: Told) -> None:
    told.tell(PAID, *PAYMENTS, CONTENTS[0], OWN_ROW, LINE)
    assert told.verdict() == ("broken", ["contents_differ"])
    assert told.item().evidence["contents"]["difference"] == {"USD": "-388"}
    # The next page repeats a row of the first.
    told.tell(again(CONTENTS[0], "page_2"), CONTENTS[1])
    assert told.verdict() == ("matched", [])
    assert told.item().evidence["contents"]["rows"] == 2


def test_a_row_whose_payout_is_told_later(told: Told) -> None:
    told.tell(PAID, *PAYMENTS, settlement(1, 600, 18), CONTENTS[1], LINE)
    assert told.verdict() == ("broken", ["contents_differ"])
    told.tell(again(CONTENTS[0], "page_of_po_1"))
    assert told.verdict() == ("matched", [])


def test_a_bank_line_of_an_unknown_payout(told: Told) -> None:
    line = bank_line(1, 970, "Daily settlement", end_to_end_id="po_1")
    told.tell(line, bank_line(2, 500, "RENT"))
    assert told.verdict(line.key) == ("broken", ["payout_unknown"])
    assert told.ask(lambda c: reconciliation_counts(c, "main"))[0] == {"broken": 1}
    told.tell(*PAYMENTS, *CONTENTS, payout(1, "paid"))
    assert told.verdict(line.key) == ("absorbed", [])
    assert told.ask(lambda c: reconciliation_counts(c, "main"))[0] == {"matched": 1}


def test_a_payout_that_failed_after_it_was_paid(told: Told) -> None:
    told.tell(PAID, *PAYMENTS, *CONTENTS, OWN_ROW)
    told.tell(payout(1, "failed"))
    assert told.verdict() == ("broken", ["payout_failed"])
    returned = settlement(4, 970, 0, "po_2", category="payout_failure", source="po_1")
    told.tell(payout(2, "paid", trace_id="TRACE000002"), returned, bank_line(2, 970, "STRIPE PAYOUT TRACE000002"))
    assert told.verdict("po_2") == ("matched", [])
    assert told.verdict() == ("broken", ["payout_failed"])


def test_a_payout_that_failed_before_it_was_paid(told: Told) -> None:
    told.tell(payout(1, "initiated"), payout(1, "failed"))
    assert told.verdict() == ("broken", ["payout_failed"]), "the fact is parked in the book and known all the same"


def test_currencies_do_not_mix(told: Told) -> None:
    told.tell(
        payout(1, "paid", 970, "USD", automatic="false"),
        payout(2, "paid", 970, "EUR", automatic="false"),
        bank_line(1, 970, "STRIPE", "EUR"),
    )
    assert told.verdict("po_2") == ("matched", [])
    assert told.verdict("po_1") == ("expected", [])
    told.tell(bank_line(2, 970, "x po_1", "EUR"))
    assert told.verdict("po_1") == ("broken", ["amount_differs"])
    assert told.item("po_1").evidence["bank_difference"] == {"EUR": "970", "USD": "-970"}


def test_balances_postings_and_the_trial_balance(told: Told) -> None:
    told.tell(*PAYMENTS, refund(1, "succeeded", 100, 1))
    head = told.tell(payment(3, "succeeded", 2**127, currency="JPY"))
    assert told.ask(lambda c: balances(c, "nowhere")) == ([], 0)
    one, position = told.ask(lambda c: account_balances(c, "main", "1000"))
    assert position == head
    assert [(row.currency, row.net_minor, row.entries) for row in one] == [("JPY", 2**127, 1), ("USD", 900, 3)]
    first, _ = told.ask(lambda c: balances(c, "main", limit=3))
    rest, _ = told.ask(lambda c: balances(c, "main", after=(first[-1].account, first[-1].currency)))
    assert [(row.account, row.currency) for row in [*first, *rest]] == [
        ("1000", "JPY"), ("1000", "USD"), ("7000", "JPY"), ("7000", "USD"),
    ]  # fmt: skip
    trial, _ = told.ask(lambda c: trial_balance(c, "main"))
    assert [(row.currency, row.debits_minor, row.balanced) for row in trial] == [
        ("JPY", 2**127, True),
        ("USD", 1100, True),
    ]

    newest, _ = told.ask(lambda c: account_postings(c, "main", "1000", limit=2))
    cursor = (newest[-1].position, newest[-1].line)
    older, _ = told.ask(lambda c: account_postings(c, "main", "1000", cursor=cursor))
    assert [row.position for row in [*newest, *older]] == [5, 4, 3, 2]
    forward, _ = told.ask(lambda c: account_postings(c, "main", "1000", newest_first=False, currency="USD"))
    assert [(row.position, row.side, row.amount_minor) for row in forward] == [
        (2, "debit", 600), (3, "debit", 400), (4, "credit", 100),
    ]  # fmt: skip
    lines, _ = told.ask(lambda c: entry_postings(c, "main", 4))
    assert [(row.line, row.account, row.fact_type) for row in lines] == [
        (1, "7000", "refund.succeeded"), (2, "1000", "refund.succeeded"),
    ]  # fmt: skip
    early, _ = told.ask(lambda c: balances_as_of(c, "main", account="1000", position=3))
    assert [(row.currency, row.net_minor) for row in early] == [("USD", 1000)]
    known, _ = told.ask(lambda c: balances_as_of(c, "main", account="1000", recorded_at_us=lines[0].recorded_at_us - 1))
    assert not known, "all of that was told at once"
    assert told.ask(lambda c: balances_as_of(c, "main", effective_on="2026-01-04"))[0] == []


def test_payments_by_id_reference_and_status(told: Told) -> None:
    told.tell(payment(1, "succeeded"), payment(2, "pending"), payment(3, "failed"))
    told.tell(again(payment(1, "succeeded"), "evt_b"), refund(7, "succeeded", 300, 1), refund(8, "failed", 300, 1))
    told.tell(dispute(9, "opened", 1))
    detail, _ = told.ask(lambda c: payment_by_id(c, "main", "pi_1"))
    assert detail is not None
    assert (detail.payment.status, detail.payment.refunded_minor) == ("disputed", 300)
    assert [(entry.kind, entry.type, entry.object) for entry in detail.timeline] == [
        ("posted", "payment.succeeded", ""),
        ("repeated", "payment.succeeded", ""),
        ("posted", "refund.succeeded", "re_7"),
        ("parked", "refund.failed", "re_8"),
        ("observed", "dispute.opened", "dp_9"),
    ]
    assert [entry.amount for entry in detail.timeline] == ["1000", "", "300", "300", "1000"]
    assert detail.references == ["ch_1", "dp_9", "re_7", "re_8"]
    assert told.ask(lambda c: payment_by_id(c, "main", "pi_nobody"))[0] is None
    for reference in ["pi_1", *detail.references]:
        found, _ = told.ask(lambda c, reference=reference: payments_by_reference(c, "main", reference))
        assert [row.payment for row in found] == ["pi_1"]
    assert told.ask(lambda c: payment_counts(c, "main"))[0] == {"disputed": 1, "failed": 1, "pending": 1}
    page, _ = told.ask(lambda c: payments(c, "main", limit=2))
    rest, _ = told.ask(lambda c: payments(c, "main", cursor=(page[-1].position, page[-1].payment)))
    assert [row.payment for row in [*page, *rest]] == ["pi_1", "pi_3", "pi_2"]
    assert [row.payment for row in told.ask(lambda c: payments(c, "main", status="failed"))[0]] == ["pi_3"]


def test_changed_rows_are_told_once_and_none_is_skipped(told: Told) -> None:
    told.tell(*PAYMENTS, PAID, *CONTENTS)
    reached, seen = 0, []
    for _ in range(20):
        changed, reached = changed_balances(told.connection, "main", reached, 1)
        seen += [(row.account, row.position) for row in changed]
    assert sorted(seen) == [("1000", 6), ("1010", 4), ("7000", 3), ("8000", 6)]
    assert reached == len(told.desk.events)
    assert [row.payment for row in changed_payments(told.connection, "main", 2, 100)[0]] == ["pi_2"]
    told.tell(LINE)
    changed_later, reached = changed_items(told.connection, "main", reached, 100)
    assert sorted((row.kind, row.state) for row in changed_later) == [("bank_line", "absorbed"), ("payout", "matched")]
    assert changed_items(told.connection, "main", reached, 100) == ([], reached)


def test_an_answer_read_during_swaps_is_whole(told: Told) -> None:
    """A swap between the rows and their position would show a balance that is not that of the position."""
    told.tell(*(payment(number, "succeeded", 10) for number in range(50)))
    store_events(told)

    async def reading() -> int:
        answers = 0
        async with await psycopg.AsyncConnection.connect(told.dsn, autocommit=True) as connection:
            swapping = asyncio.gather(*[asyncio.to_thread(swap_often, told.dsn)])
            while not swapping.done():
                (row,), position = await account_balances(connection, "main", "1000")
                assert (row.net_minor, row.position, position) == (500, 51, 51)
                answers += 1
            assert all(found.equal and found.swapped for found in swapping.result()[0])
        return answers

    assert asyncio.run(reading()) > 8


def swap_often(dsn: str) -> list[Rebuilt]:
    return [rebuild(dsn, "balances") for _ in range(8)]


def store_events(told: Told) -> None:
    with told.connection.transaction(), told.connection.cursor() as cursor:
        cursor.execute("INSERT INTO ledger.books (book, head, seal) VALUES ('main', %s, '')", (len(told.desk.events),))
        cursor.executemany(
            "INSERT INTO ledger.events (book_id, position, recorded_at_us, type, body)"
            " SELECT book_id, %s, %s, %s, %s FROM ledger.books",
            [(one.position, one.recorded_at_us, one.type, one.body.decode()) for one in told.desk.events],
        )
