"""The book's decisions: once for ever, balanced, in any order."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounts import Chart, load_chart
from ledger.book import Book
from ledger.errors import BrokenLaw, RulesError
from ledger.events import EntryPosted, FactObserved, FactParked, FactRefused, FactRepeated
from ledger.facts import Fact, reference_digest
from ledger.money import Money
from ledger.rules import RuleSet, load_rules
from tests.unit.ledger.builders import NOW_US, Desk, payment, refund, settlement


def kinds(events: list) -> list[type]:
    return [type(event.event()) for event in events]


def test_a_payment_moves_clearing_and_customer_funds() -> None:
    desk = Desk()
    decided = desk.tell(payment(1, 1250))
    assert kinds(decided.events) == [EntryPosted]
    assert desk.balance("1000") == 1250
    assert desk.balance("7000") == -1250


def test_the_same_key_with_the_same_content_posts_nothing_more() -> None:
    desk = Desk()
    desk.tell(payment(1))
    again = desk.tell(payment(1, delivery="evt_other", links={"payment": "pi_1", "charge": "ch_1"}))
    assert kinds(again.events) == [FactRepeated]
    assert again.events[0].event().links == {"charge": "ch_1"}  # type: ignore[union-attr]
    assert desk.balance("1000") == 1000


def test_an_identical_telling_leaves_no_trace() -> None:
    desk = Desk()
    desk.tell(payment(1))
    assert desk.tell(payment(1)).events == []


def test_two_equal_keys_in_one_batch_are_one() -> None:
    desk = Desk()
    decided = desk.tell(payment(1), payment(1, delivery="evt_b"))
    assert kinds(decided.events) == [EntryPosted, FactRepeated]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (payment(1, 999), "amounts.gross"),
        (payment(1, 1000, "EUR"), "amounts.gross"),
        (payment(1, type="payment.failed"), "type"),
        (payment(1, links={"payment": "pi_2"}), "links.payment"),
    ],
)
@pytest.mark.parametrize("one_batch", [True, False])
def test_the_same_key_with_other_content_is_refused_naming_the_field(other, field, one_batch) -> None:
    desk = Desk()
    if one_batch:
        decided = desk.tell(payment(1), other)
    else:
        desk.tell(payment(1))
        decided = desk.tell(other)
    refused = decided.events[-1].event()
    assert isinstance(refused, FactRefused)
    assert (refused.code, refused.field, refused.of) == ("key_reused", field, 2)
    assert decided.refusals[0].code == "key_reused"
    assert desk.balance("1000") == 1000


def test_a_failed_refund_waits_for_the_refund_and_then_takes_it_back() -> None:
    desk = Desk()
    assert kinds(desk.tell(refund(1, 300, "failed")).events) == [FactParked]
    assert desk.balance("1000") == 0
    decided = desk.tell(refund(1, 300))
    assert kinds(decided.events) == [EntryPosted, EntryPosted]
    assert decided.events[1].event().released == 2  # type: ignore[union-attr]
    assert desk.balance("1000") == 0
    assert not desk.book.parked


def test_everything_that_waits_for_a_fact_is_decided_when_it_comes() -> None:
    desk = Desk()
    waiting = [refund(number, 300, "failed", needs="stripe/acct_1/re_1") for number in (1, 2, 3)]
    desk.tell(*waiting)
    decided = desk.tell(refund(1, 300))
    assert [event.event().released for event in decided.events] == [0, 2, 3, 4]  # type: ignore[union-attr]
    assert not desk.book.parked


@pytest.mark.parametrize("one_batch", [True, False])
def test_a_reference_stays_with_the_fact_that_brought_it_first(one_batch: bool) -> None:
    desk = Desk()
    first, second = payment(1, 1000, "EUR"), payment(2, 700, "EUR", references=("stripe/acct_1/ch_1",))
    for batch in [[first, second]] if one_batch else [[first], [second]]:
        desk.tell(*batch)
    desk.tell(settlement(1, 1100, 50, needs="stripe/acct_1/ch_1"))
    assert desk.balance("9000", "EUR") == 1000


def test_a_conversion_takes_the_source_amount_from_the_payment_it_needs() -> None:
    desk = Desk()
    row = settlement(1, 1100, 50, needs="stripe/acct_1/ch_1", attributes={"exchange_rate": "1.1"})
    desk.tell(row)
    desk.tell(payment(1, 1000, "EUR"))
    assert desk.balance("1000", "EUR") == 0
    assert desk.balance("1000", "USD") == 1050
    assert desk.balance("9000", "EUR") == 1000
    assert desk.balance("9000", "USD") == -1100
    assert desk.balance("8000", "USD") == 50


def test_a_conversion_of_money_given_back_goes_the_other_way() -> None:
    desk = Desk()
    desk.tell(refund(1, amounts={"gross": Money.of(1000, "EUR")}))
    links = {"transaction": "txn_9", "source": "re_1", "category": "refund"}
    desk.tell(settlement(9, -1100, 0, needs="stripe/acct_1/re_1", links=links))
    assert desk.balance("9000", "EUR") == -1000
    assert desk.balance("9000", "USD") == 1100


def test_a_row_told_with_and_without_the_amount_before_conversion_is_one() -> None:
    plain = settlement(1, 1100, 50, needs="stripe/acct_1/ch_1")
    expanded = settlement(1, 1100, 50, amounts={**plain.amounts, "source": Money.of(1000, "EUR")})
    for first, second in ((plain, expanded), (expanded, plain)):
        desk = Desk()
        desk.tell(payment(1, 1000, "EUR"), first, second)
        assert desk.balance("9000", "USD") == -1100
        assert desk.balance("9000", "EUR") == 1000


def test_a_fact_without_its_amount_is_refused_and_its_key_stays_free() -> None:
    desk = Desk()
    decided = desk.tell(payment(1, amounts={}))
    assert decided.refusals[0].code == "amount_missing"
    assert kinds(desk.tell(payment(1)).events) == [EntryPosted]


def test_a_fact_without_a_rule_is_observed() -> None:
    desk = Desk()
    assert kinds(desk.tell(payment(1, type="payment.failed", key="k")).events) == [FactObserved]
    assert kinds(desk.tell(settlement(2, 100, 0)).events) == [FactObserved]


def test_a_rule_for_an_account_that_is_not_in_the_chart_opens_no_book() -> None:
    chart = Chart(tuple(account for account in load_chart().accounts if account.code != "7000"))
    with pytest.raises(RulesError, match="7000"):
        Book("main").open(chart, load_rules(), NOW_US)


def test_an_unbalanced_rule_refuses_the_fact_and_stops_nobody() -> None:
    document = {
        "version": 7,
        "rules": [
            {
                "name": "bad",
                "when": {"type": "payment.succeeded"},
                "lines": [{"account": "1000", "debit": "gross"}, {"account": "7000", "credit": "gross + gross"}],
            }
        ],
    }
    book = Book("main")
    book.open(load_chart(), RuleSet(document), NOW_US)
    decided = book.decide([payment(1)], {}, NOW_US)
    assert decided.refusals[0].code == "entry_unbalanced"
    assert book.balances == {}


def test_recorded_time_never_runs_backwards() -> None:
    desk = Desk()
    desk.tell(payment(1), now_us=NOW_US + 10)
    desk.tell(payment(2), now_us=NOW_US - 10)
    times = [event.recorded_at_us for event in desk.events]
    assert times == sorted(times)


def test_a_gap_in_the_history_is_a_broken_law() -> None:
    desk = Desk()
    desk.tell(payment(1), payment(2))
    book = Book("main")
    book.apply(desk.events[0])
    with pytest.raises(BrokenLaw, match="position 3 follows 1"):
        book.apply(desk.events[2])


def test_a_history_whose_time_runs_backwards_is_a_broken_law() -> None:
    desk = Desk()
    desk.tell(payment(1))
    book = Book("main")
    book.apply(desk.events[0])
    with pytest.raises(BrokenLaw, match="time runs backwards at position 2"):
        book.apply(msgspec.structs.replace(desk.events[1], recorded_at_us=NOW_US - 1))


def test_an_unbalanced_stored_entry_is_a_broken_law() -> None:
    desk = Desk()
    desk.tell(payment(1))
    bad = msgspec.structs.replace(
        desk.events[1], body=desk.events[1].body.replace(b'"credit","1000"', b'"credit","1001"')
    )
    book = Book("main")
    book.apply(desk.events[0])
    with pytest.raises(BrokenLaw, match="off by"):
        book.apply(bad)


STORY = [
    payment(1, 5000),
    payment(2, 700),
    refund(1, 1200),
    refund(1, 1200, "failed"),
    refund(2, 700),
    settlement(1, 5000, 175),
    settlement(2, 770, 20, "EUR", needs="stripe/acct_1/ch_2"),
    payment(1, 5000, delivery="evt_again"),
]


@given(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=8), st.integers(1, 5))
@settings(deadline=None)
def test_any_order_duplication_and_batching_gives_the_same_balances(order, doubled, size) -> None:
    once = Desk()
    once.tell(*STORY)
    desk = Desk()
    told = [*order, *doubled]
    for start in range(0, len(told), size):
        desk.tell(*told[start : start + size])
    assert desk.book.balances == once.book.balances
    assert not desk.book.parked
    replayed = Book("main")
    for event in desk.events:
        replayed.apply(event)
    assert replayed.balances == desk.book.balances
    assert (replayed.version, replayed.seal, replayed.parked) == (desk.book.version, desk.book.seal, desk.book.parked)


@given(st.integers(1, 2**128 - 1))
def test_amounts_up_to_the_limit_are_kept_whole(amount: int) -> None:
    desk = Desk()
    desk.tell(payment(1, amount))
    assert desk.balance("1000") == amount
    assert Money.of(amount, "USD").minor == amount


def note(key: str, **more: object) -> Fact:
    return payment(0, type="event.observed", key=key, amounts={}, links={}, **{"references": (), **more})


def test_a_chain_of_parked_facts_is_released_however_long_it_is() -> None:
    desk = Desk()
    desk.tell(*(note(f"n{i}", needs=f"r{i - 1}", references=(f"r{i}",)) for i in range(2_000, 0, -1)))
    decided = desk.tell(note("n0", references=("r0",)))
    assert [event.event().fact.key for event in decided.events] == [f"n{i}" for i in range(2_001)]  # type: ignore[union-attr]
    assert not desk.book.parked


def test_a_released_fact_may_bring_a_reference_that_is_known_already() -> None:
    desk = Desk()
    desk.tell(note("first", references=("shared",)))
    desk.tell(note("waiting", needs="wanted", references=("shared",)))
    decided = desk.tell(note("last", references=("wanted",)))
    assert kinds(decided.events) == [FactObserved, FactObserved]
    # "waiting" and "shared" are on record already.
    assert (len(decided.keys), len(decided.references)) == (1, 1)


def test_parent_and_released_child_may_share_a_reference() -> None:
    desk = Desk()
    desk.tell(note("child", needs="r1", references=("r2",)))
    parent = desk.tell(note("parent", references=("r1", "r2"))).events[0]
    assert desk.known[reference_digest("r2")].position == parent.position


def test_what_could_never_be_posted_is_refused_and_not_parked() -> None:
    desk = Desk()
    hollow = refund(1, status="failed", amounts={})
    assert kinds(desk.tell(hollow).events) == [FactRefused]
    assert not desk.book.parked
    desk.tell(payment(1), refund(1))
    mended = desk.tell(refund(1, status="failed"))  # the key is free for the same fact told rightly
    assert kinds(mended.events) == [EntryPosted]
    assert desk.balance("1000") == 1000


def test_a_fuller_telling_frees_a_parked_fact() -> None:
    desk = Desk()
    parked = settlement(2, 770, 20, "EUR", needs="stripe/acct_1/ch_2")
    desk.tell(parked)
    amounts = {**parked.amounts, "source": Money.of(700, "USD")}
    fuller = settlement(2, 770, 20, "EUR", amounts=amounts)
    [posted] = desk.tell(fuller).events
    assert isinstance(posted.event(), EntryPosted)
    assert posted.event().released == 2  # type: ignore[union-attr]
    assert not desk.book.parked
    assert (desk.balance("8000", "EUR"), desk.balance("9000", "USD")) == (20, 700)
    desk.tell(payment(2, 700))  # what it waited for comes after all, and moves it no more
    assert (desk.balance("8000", "EUR"), desk.balance("9000", "USD"), desk.balance("1000")) == (20, 700, 0)
    assert kinds(desk.tell(fuller).events) == [FactRepeated]
    replayed = Book("main")
    for event in desk.events:
        replayed.apply(event)
    assert (replayed.seal, replayed.parked, replayed.balances) == (desk.book.seal, {}, desk.book.balances)
