"""The plain way makes what the longer way makes, to the byte: events, memory, keys and answers."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.accounts import Account, Chart
from ledger.book import Book, Decided, Known
from ledger.events import EntryPosted
from ledger.facts import Fact, encode_fact, name_digest
from ledger.limits import Limit
from ledger.money import AMOUNT_MINOR_MAX, Money
from ledger.periods import Closing
from ledger.rules import RuleSet
from ledger.snapshot import state_digest
from tests.unit.ledger.builders import NOW_US

CODES = ("1000", 'a "quoted" code', "back\\slash", "{braces}", "it's", "ü:名", "limited")
RULES: dict[str, Any] = {
    "version": 1,
    "rules": [
        {
            "name": 'fee "taken"',
            "when": {"type": "payment.succeeded", "where": [{"has": "amounts.fee"}]},
            "lines": [
                {"account": 'a "quoted" code', "debit": "gross - fee"},
                {"account": "back\\slash", "debit": "fee"},
                {"account": "{metadata.to}", "credit": "gross"},
            ],
        },
        {
            "name": "whole",
            "when": {"type": "payment.succeeded", "source": "a"},
            "lines": [{"account": "it's", "debit": "gross"}, {"account": "{account}", "credit": "gross"}],
        },
        {
            "name": "hold",
            "when": {"type": "payment.authorized"},
            "hold": "place",
            "lines": [{"account": "1000", "debit": "gross"}, {"account": "limited", "credit": "gross"}],
        },
        {
            "name": "capture",
            "when": {"type": "payment.succeeded", "source": "b"},
            "hold": "capture",
            "lines": [{"account": "1000", "debit": "gross"}, {"account": "limited", "credit": "gross"}],
        },
        {
            "name": "off",
            "when": {"type": "refund.succeeded"},
            "lines": [{"account": "1000", "debit": "gross"}, {"account": "limited", "credit": "net"}],
        },
        {
            "name": "split",
            "when": {"type": "payout.paid"},
            "lines": [
                {"account": "1000", "debit": "gross"},
                {"split": [{"account": "it's", "share": 1}, {"account": "limited", "share": 2}], "credit": "gross"},
            ],
        },
    ],
}
CHART = Chart(
    tuple(
        Account(
            code=code,
            name=code,
            type="asset",
            normal_side="debit",
            limits={"USD": Limit("credits_must_not_exceed_debits")} if code == "limited" else {},
        )
        for code in CODES
    )
)

amounts = st.one_of(
    st.integers(-3, 3), st.integers(1, 10_000), st.integers(AMOUNT_MINOR_MAX - 2, AMOUNT_MINOR_MAX)
).map(str)
money = st.builds(Money, amounts, st.sampled_from(("USD", "USD", "USD", "EUR")))
accounts = st.sampled_from((*CODES, "nowhere", ""))
facts = st.builds(
    Fact,
    type=st.sampled_from(
        ("payment.succeeded", "payment.succeeded", "payment.authorized", "refund.succeeded", "payout.paid")
    ),
    key=st.integers(1, 12).map(lambda number: f"key {number}"),
    source=st.sampled_from("ab"),
    account=accounts.filter(bool),
    effective_at=st.sampled_from(("2026-01-05T10:00:00Z", "2026-01-01", "2025-12-31", "no date", "")),
    amounts=st.dictionaries(st.sampled_from(("gross", "fee", "net")), money, max_size=3),
    links=st.dictionaries(st.sampled_from(("payment", "Ω")), st.text(max_size=3), max_size=2),
    references=st.lists(st.sampled_from(("r1", "r2", "r3")), max_size=2).map(tuple),
    needs=st.sampled_from(("", "", "", "r1", "r2")),
    status=st.text(max_size=3),
    metadata=st.one_of(st.just({}), accounts.map(lambda code: {"to": code})),
)


@dataclass
class Teller:
    """A book, and what its store would know of keys."""

    book: Book
    known: dict[bytes, Known] = field(default_factory=dict)

    def tell(self, told: list[Fact]) -> Decided:
        asked = self.book.questions(told)
        decided = self.book.decide(told, {key: self.known[key] for key in asked if key in self.known}, NOW_US)
        self.known.update(decided.known)
        return decided


class LongWay(RuleSet):
    """The same rules without programs: every fact is decided by the longer way."""

    def plain(self, fact: Fact) -> None:
        return None


def opened(rules: RuleSet, *, closed: bool) -> Teller:
    book = Book("main")
    book.open(CHART, rules, NOW_US)
    if closed:
        book.closings = (Closing("2025-12-31", 1),)
    return Teller(book)


@given(st.lists(facts, max_size=24), st.integers(1, 6), st.booleans())
@example([Fact(type="payment.succeeded", key="k", source="b", account="x", effective_at="2026-01-05")], 1, False)
def test_both_ways_decide_alike(told: list[Fact], size: int, closed: bool) -> None:
    plain, longer = opened(RuleSet(RULES), closed=closed), opened(LongWay(RULES), closed=closed)
    for start in range(0, len(told), size):
        batch = told[start : start + size]
        assert plain.tell(batch) == longer.tell(batch)
    assert state_digest(plain.book) == state_digest(longer.book)


def payment(**more: Any) -> Fact:
    fields: dict[str, Any] = {
        "type": "payment.succeeded",
        "key": "k",
        "source": "b",
        "account": "acct",
        "effective_at": "2026-01-05",
        "amounts": {"gross": Money("100", "USD"), "fee": Money("3", "USD")},
        "metadata": {"to": "{braces}"},
    }
    return Fact(**{**fields, **more})


def test_an_ordinary_fact_is_plain() -> None:
    """The comparison above means something only while ordinary facts do take the shorter way."""
    rules = RuleSet(RULES)
    plain = rules.plain(payment())
    assert plain is not None
    moves, currency, tail = plain
    assert (list(moves), currency) == ([('a "quoted" code', 97), ("back\\slash", 3), ("{braces}", -100)], "USD")
    posting = rules.post(payment())
    assert posting is not None
    event = EntryPosted(fact=payment(), rule=posting.rule, lines=posting.lines)
    book = Teller(Book("main"))
    book.book.open(CHART, rules, NOW_US)
    [posted] = book.tell([payment()]).events
    assert posted.event() == event
    assert posted.body == b'{"fact":' + encode_fact(payment()) + tail.encode()


@pytest.mark.parametrize(
    "fact",
    [
        payment(amounts={"gross": Money("100", "USD"), "fee": Money("3", "EUR")}),
        payment(amounts={"gross": Money("100", "USD"), "fee": Money("0", "USD")}),
        payment(amounts={"gross": Money("-100", "USD"), "fee": Money("3", "USD")}),
        payment(amounts={"gross": Money(str(2**128), "USD"), "fee": Money("3", "USD")}),
        payment(metadata={}),
        payment(metadata={"to": ""}),
        payment(type="refund.succeeded", amounts={"gross": Money("100", "USD"), "net": Money("97", "USD")}),
        payment(type="payout.paid"),
        payment(type="payment.authorized"),
        payment(type="event.observed"),
    ],
)
def test_an_unusual_fact_is_not(fact: Fact) -> None:
    assert RuleSet(RULES).plain(fact) is None


def test_a_restricted_account_is_flagged_all_the_same() -> None:
    book = opened(RuleSet(RULES), closed=False)
    [event] = book.tell([payment(metadata={"to": "limited"})]).events
    assert event.event().flags == ("limit_exceeded/limited/USD",)  # type: ignore[union-attr]


def test_digests_asked_for_other_facts_are_not_taken_for_these() -> None:
    book = opened(RuleSet(RULES), closed=False)
    book.book.questions([payment(key="another")])
    decided = book.book.decide([payment()], {}, NOW_US)
    assert [digest for digest, _ in decided.keys] == [name_digest("k")]
    told = [payment(key="one")]
    book.book.questions(told)
    told.append(payment(key="two"))
    decided = book.book.decide(told, {}, NOW_US)
    assert [digest for digest, _ in decided.keys] == [name_digest("one"), name_digest("two")]


def test_a_fact_is_declared_in_the_order_in_which_it_is_written() -> None:
    """`encode_fact` sorts the keys of its objects and trusts the declaration for its own fields."""
    assert list(Fact.__struct_fields__) == sorted(Fact.__struct_fields__)
