"""Holds of facts: placed, captured, released; in whatever order and however often their facts are told."""

from collections.abc import Sequence
from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.errors import BrokenLaw
from ledger.events import EntryPosted, FactObserved, Recorded
from ledger.facts import Fact, reference_digest
from ledger.ledger import Ledger
from ledger.money import Money
from ledger.snapshot import BookSnapshot, state_digest
from tests.unit.ledger.command_desk import command, post, two
from tests.unit.ledger.gateway import RULES, Gateway, part, told


def test_placed_and_captured_whole() -> None:
    gateway = Gateway()
    (placed,) = gateway.tell(told("authorized"))
    assert isinstance(placed, FactObserved)
    assert gateway.held() == (0, 100, 1)
    (captured,) = gateway.tell(told("succeeded"))
    assert isinstance(captured, EntryPosted)
    assert (captured.hold, captured.flags, captured.rule) == (2, (), "succeeded@3")
    assert gateway.held() == (100, 0, 0)
    assert not gateway.ledger.book.held


def test_less_is_captured_and_the_rest_released() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"), told("succeeded", 30))
    assert gateway.held() == (30, 0, 0)


def test_more_is_captured_than_was_held() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"))
    (captured,) = gateway.tell(told("succeeded", 101))
    assert captured.flags == ("capture_exceeds_hold/gate/a/pi_1",)
    assert gateway.held() == (101, 0, 0)


def test_released_then_captured_and_captured_then_released() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"), told("canceled"))
    assert gateway.held() == (0, 0, 0)
    (late,) = gateway.tell(told("succeeded"))
    assert isinstance(late, EntryPosted)
    assert late.flags == ("hold_ended/gate/a/pi_1",)
    (again,) = gateway.tell(told("canceled", number=2))
    assert isinstance(again, FactObserved)
    assert again.flags == ("hold_ended/gate/a/pi_1",)
    assert gateway.held() == (100, 0, 0)


def test_an_authorization_after_its_capture_places_nothing() -> None:
    gateway = Gateway()
    gateway.tell(told("succeeded"))
    (late,) = gateway.tell(told("authorized"))
    assert isinstance(late, FactObserved)
    assert late.flags == ("hold_ended/gate/a/pi_1",)
    assert gateway.held() == (100, 0, 0)


def test_a_capture_of_what_nobody_held_is_no_contradiction() -> None:
    (captured,) = Gateway().tell(told("succeeded"))
    assert (captured.flags, captured.hold_step.late) == ((), False)  # type: ignore[union-attr]


def test_several_captures_that_keep_the_rest() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"), part(30), part(50, 1))
    assert gateway.held() == (80, 20, 1)
    (over,) = gateway.tell(part(21, 2))
    assert over.flags == ("capture_exceeds_hold/gate/a/pi_1",)
    assert gateway.held() == (101, 0, 1)
    gateway.tell(told("authorized", 150))
    assert gateway.held() == (101, 49, 1)
    gateway.tell(told("canceled"))
    assert gateway.held() == (101, 0, 0)


def test_a_capture_that_knows_the_fee_lowers_the_hold_by_its_gross() -> None:
    gateway = Gateway()
    amounts = {"gross": Money.of(40, "USD"), "fee": Money.of(3, "USD")}
    (net,) = gateway.tell(told("authorized"), told("succeeded", 40, status="net part", amounts=amounts))[1:]
    assert net.flags == ()
    assert gateway.held() == (37, 60, 1)


def test_holds_of_two_accounts_at_the_gateway_are_two() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"), told("authorized", 7, account="b", key="b"))
    gateway.tell(told("succeeded", account="b", key="c"))
    assert gateway.held() == (100, 100, 1)


def test_a_fact_that_does_not_say_which_hold() -> None:
    gateway = Gateway()
    events = gateway.tell(told("authorized", links={}), told("succeeded", links={}), told("canceled", links={}))
    assert [event.flags for event in events] == [
        ("hold_unnamed/authorized@3",),
        ("hold_unnamed/succeeded@3",),
        ("hold_unnamed/canceled@3",),
    ]
    assert gateway.held() == (100, 0, 0)


def test_an_account_that_is_not_there_refuses_the_place() -> None:
    lines = [{"account": "{metadata.to}", "debit": "gross"}, {"account": "7000", "credit": "gross"}]
    rules = {"version": 1, "rules": [{**RULES["rules"][0], "lines": lines}]}
    gateway = Gateway(rules)
    decided = gateway.ledger.facts([told("authorized", metadata={"to": "5555"})])
    assert [refusal.code for refusal in decided.refusals] == ["account_unknown"]
    gateway.tell(told("authorized", metadata={"to": "1000"}))
    assert gateway.held() == (0, 100, 1)


def test_a_parked_capture_takes_the_hold_when_it_is_freed() -> None:
    gateway = Gateway()
    waiting = told("succeeded", 60, needs="gate/a/other")
    gateway.tell(told("authorized"), waiting)
    assert gateway.held() == (0, 100, 1)
    gateway.tell(told("initiated", references=("gate/a/other",)))
    assert gateway.held() == (60, 0, 0)
    assert reference_digest("gate/a/other") not in gateway.ledger.book.parked


def test_the_end_is_asked_for_with_what_a_fact_may_free() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized", needs="gate/a/other"), told("succeeded"))
    (_, freed) = gateway.tell(told("initiated", references=("gate/a/other",)))
    assert freed.flags == ("hold_ended/gate/a/pi_1",)
    assert gateway.held() == (100, 0, 0)


# Limits: facts flag, commands refuse.


def limited() -> Gateway:
    """Customer funds of 100 that must not be overdrawn; authorizations here take from them."""
    turned = [{"account": "7000", "debit": "gross"}, {"account": "1000", "credit": "gross"}]
    gateway = Gateway({**RULES, "rules": [{**rule, "lines": turned} for rule in RULES["rules"][:4]]})
    limit = command("set_limit", "l", account="7000", limit="debits_must_not_exceed_credits")
    gateway.must(post("in"), limit)
    return gateway


def test_a_place_past_a_limit_is_flagged_and_leaves_commands_nothing() -> None:
    gateway = limited()
    (placed,) = gateway.tell(told("authorized", 60))
    assert placed.flags == ()
    (second,) = gateway.tell(told("authorized", 41, "pi_2"))
    assert second.flags == ("limit_exceeded/7000/USD",)
    assert gateway.one(post("out", "7000", "1000", 1)).code == "limit_exceeded"
    assert gateway.figures("7000") == {
        "posted": 100,
        "held": 101,
        "available": -1,
        "posted_debits": 0,
        "posted_credits": 100,
        "held_debits": 101,
        "held_credits": 0,
    }


def test_a_capture_within_its_hold_breaks_no_limit() -> None:
    gateway = limited()
    gateway.tell(told("authorized", 100))
    (captured,) = gateway.tell(told("succeeded", 100))
    assert captured.flags == ()
    assert gateway.figures("7000")["available"] == 0


def test_a_larger_authorization_counts_once() -> None:
    gateway = limited()
    gateway.tell(told("authorized", 60))
    (larger,) = gateway.tell(told("authorized", 100))
    assert larger.flags == ()
    (captured,) = gateway.tell(part(101))
    assert captured.flags == ("capture_exceeds_hold/gate/a/pi_1", "limit_exceeded/7000/USD")


# Any order, any duplication.

FACTS = st.lists(
    st.one_of(
        st.builds(lambda amount: told("authorized", amount), st.integers(1, 5)),
        st.builds(part, st.integers(1, 4), st.integers(0, 2)),
        st.builds(lambda amount: told("succeeded", amount), st.integers(1, 5)),
        st.just(told("canceled")),
        st.builds(lambda amount: told("authorized", amount, "pi_2"), st.integers(1, 5)),
    ),
    max_size=7,
    unique_by=lambda fact: fact.key,
)


def expected(facts: Sequence[Fact], name: str) -> tuple[int, int]:
    """Posted and held, from the set of facts alone."""
    mine = [fact for fact in facts if fact.links["payment"] == name]
    captured = [fact for fact in mine if fact.type == "payment.succeeded"]
    posted = sum(fact.amounts["gross"].minor for fact in captured)
    if any(fact.type == "payment.canceled" or (fact in captured and fact.status != "part") for fact in mine):
        return posted, 0
    placed = [fact.amounts["gross"].minor for fact in mine if fact.type == "payment.authorized"]
    return posted, max(0, max(placed, default=0) - posted)


@given(FACTS, st.data())
@settings(deadline=None)
def test_any_order_and_any_duplication_end_alike(facts: list[Fact], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(facts), max_size=4)) if facts else []
    order = data.draw(st.permutations([*facts, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=3)))
    gateway = Gateway()
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        gateway.tell(*order[start:end])
    sums = [expected(facts, name) for name in ("pi_1", "pi_2")]
    assert gateway.held()[:2] == (sum(posted for posted, _ in sums), sum(held for _, held in sums))
    book = gateway.ledger.book
    assert state_digest(gateway.replayed()) == state_digest(book)
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(BookSnapshot.take(book)), type=BookSnapshot).restore()
    assert state_digest(kept) == state_digest(book)
    assert gateway.figures("1000", at_position=book.version) == gateway.figures("1000")
    assert gateway.figures("1000", as_of="2098-01-01") == gateway.figures("1000")


def test_every_order_of_one_story() -> None:
    story = [told("authorized", 100), told("authorized", 70), part(20), told("succeeded", 60)]
    for order in permutations(story):
        gateway = Gateway()
        gateway.tell(*order)
        assert gateway.held() == (80, 0, 0), [fact.key for fact in order]


# Replays, snapshots, hindsight.


def test_a_hold_out_of_a_snapshot_is_captured() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"), part(10), told("succeeded", 5, "pi_2"))
    gateway.store.snapshot(gateway.ledger.book)
    gateway.ledger = Ledger.open(gateway.store, "main", now_us=lambda: gateway.now_us)
    assert gateway.held() == (15, 90, 1)
    gateway.tell(told("authorized", 7, "pi_2"), told("succeeded", 20))
    assert gateway.held() == (35, 0, 0)


def test_a_history_that_leaves_something_else_is_broken() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"))
    first, second = gateway.store.history("main")
    body = second.body.replace(b'"left":[["1000","debit","100"', b'"left":[["1000","debit","99"')
    assert body != second.body
    book = Book("main")
    book.apply(first)
    with pytest.raises(BrokenLaw, match="held"):
        book.apply(Recorded("main", 2, second.type, second.recorded_at_us, body))


def test_holds_as_of_a_date_and_at_a_position() -> None:
    gateway = Gateway()
    gateway.tell(
        told("authorized", effective_at="2026-01-02"),
        part(30, effective_at="2026-01-10"),
        told("canceled", effective_at="2026-03-01T10:00:00Z"),
    )
    held = [gateway.figures("1000", at_position=at)["held_debits"] for at in (1, 2, 3, 4)]
    assert held == [0, 100, 70, 0]
    days = ("2026-01-01", "2026-01-02", "2026-01-09", "2026-01-10", "2026-02-28", "2026-03-01")
    assert [gateway.figures("1000", as_of=day)["held_debits"] for day in days] == [0, 100, 100, 70, 70, 0]


def test_a_command_cannot_end_a_hold_of_facts() -> None:
    gateway = Gateway()
    gateway.tell(told("authorized"))
    assert gateway.one(command("release", "r", hold="pi_1")).code == "hold_unknown"
    gateway.must(command("hold", "pi_1", lines=two("1000", "7000", 5)), command("release", "r", hold="pi_1"))
    assert gateway.held() == (0, 100, 1)
