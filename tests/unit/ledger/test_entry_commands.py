"""Posting by command: entries, limits, repeated keys, and what a refusal leaves behind (nothing)."""

import pytest

from ledger.commands import Post
from tests.unit.ledger.builders import payment
from tests.unit.ledger.command_desk import Teller, command, post, two

MAX = 2**128 - 1


def test_an_entry_is_posted_and_reads_like_that_of_a_fact() -> None:
    teller = Teller()
    answer = teller.one(
        post("p1", description="Rent", reference="INV-7", metadata={"rate": "1.08"}, effective_at="2026-01-31")
    )
    assert (answer.decision, answer.position, answer.amount) == ("accepted", 2, "100")
    event = next(event.event() for event in teller.store.history("main") if event.position == 2)
    fact = event.fact  # type: ignore[union-attr]
    assert (fact.type, fact.key, fact.source, fact.account) == ("command.post", "p1", "command", "main")
    assert fact.attributes == {"description": "Rent", "reference": "INV-7"}
    assert (fact.metadata, fact.effective_at) == ({"rate": "1.08"}, "2026-01-31")
    assert teller.figures("1000")["posted"] == teller.figures("7000")["posted"] == 100


def test_many_lines_and_currencies_through_a_conversion_account() -> None:
    teller = Teller()
    lines = [*two("1000", "9000", 100, "USD"), *two("9000", "6000", 92, "EUR")]
    teller.must(command("post", "fx", lines=lines, metadata={"rate": "0.92"}))
    assert teller.figures("9000", "USD")["posted"] == 100
    assert teller.figures("9000", "EUR")["posted"] == -92


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"lines": []}, "lines_too_few", "lines"),
        ({"lines": [["1000", "debit", "1", "USD"]]}, "lines_too_few", "lines"),
        ({"lines": two("1000", "7000", 0)}, "amount_zero", "lines[0].amount"),
        ({"lines": two("1000", "7000", -5)}, "amount_malformed", "lines[0].amount"),
        ({"lines": two("1000", "7000", MAX + 1)}, "amount_malformed", "lines[0].amount"),
        ({"lines": [["1000", "debit", "1.5", "USD"], ["7000", "credit", "1", "USD"]]}, "amount_malformed", None),
        ({"lines": [["1000", "debit", "01", "USD"], ["7000", "credit", "1", "USD"]]}, "amount_malformed", None),
        ({"lines": [["1000", "debit", "1٣", "USD"], ["7000", "credit", "1", "USD"]]}, "amount_malformed", None),
        ({"lines": [["1000", "debit", "1", "usd"], ["7000", "credit", "1", "usd"]]}, "currency_malformed", None),
        ({"lines": [["1000", "debit", "2", "USD"], ["7000", "credit", "1", "USD"]]}, "entry_unbalanced", "lines"),
        ({"lines": [["1000", "debit", "1", "USD"], ["7000", "credit", "1", "EUR"]]}, "entry_unbalanced", "lines"),
        ({"lines": two("1000", "5555", 1)}, "account_unknown", "lines[1].account"),
        ({"effective_at": "yesterday"}, "effective_at_malformed", "effective_at"),
        ({"effective_at": "2026-02-30"}, "effective_at_malformed", "effective_at"),
        ({"effective_at": "2026-01-01T10:00:00+02:00"}, "effective_at_malformed", "effective_at"),
        (
            {"lines": [*two("1000", "7000", 1), *two("1000", "7000", 1)], "at_most": "limits"},
            "at_most_needs_two_lines",
            "at_most",
        ),
    ],
)
def test_what_is_no_entry_is_refused_and_leaves_no_trace(fields: dict, code: str, field: str | None) -> None:
    teller = Teller()
    teller.must(post("before"))
    state = teller.digest()
    answer = teller.one(command("post", "p", **{"lines": two("1000", "7000", 1), **fields}))
    assert (answer.decision, answer.code) == ("refused", code)
    assert field is None or answer.field == field
    assert teller.digest() == state
    assert teller.types()[-1] == "CommandRefused"


def test_a_refusal_says_no_more_than_fits() -> None:
    answer = Teller().one(command("post", "p", lines=two("a" * 100_000, "7000", 1)))
    assert (answer.code, len(answer.value)) == ("account_unknown", 80)
    assert len(answer.detail) <= 500


def test_the_largest_amount_is_kept_whole_and_sums_do_not_pass_it() -> None:
    teller = Teller()
    teller.must(post("p1", amount=MAX))
    assert teller.figures("1000")["posted"] == MAX
    assert teller.one(post("p2", amount=1)).code == "balance_too_large"


def test_the_same_key_is_answered_as_the_first_time() -> None:
    teller = Teller()
    (first,) = teller.must(post("p1", description="x"))
    again = teller.one(post("p1", description="x"))
    assert (again.position, again.amount, again.decision, again.repeated) == (
        first.position,
        first.amount,
        first.decision,
        True,
    )
    assert teller.types().count("EntryPosted") == 1
    one, two_ = teller.must(post("p2"), post("p2"))
    assert one.position == two_.position


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": 101}, "lines"),
        ({"description": "y"}, "description"),
        ({"effective_at": "2026-01-01"}, "effective_at"),
        ({"metadata": {"a": "b"}}, "metadata"),
        ({"reference": "r"}, "reference"),
    ],
)
def test_the_same_key_with_other_content_names_the_field(changed: dict, field: str) -> None:
    teller = Teller()
    (first,) = teller.must(post("p1"))
    state = teller.digest()
    answer = teller.one(post("p1", **changed))
    assert (answer.code, answer.field) == ("key_reused", field)
    assert str(first.position) in answer.detail
    assert teller.digest() == state
    assert teller.one(command("clock", "p1", at="2026-01-01")).field == "command"


def test_a_refused_key_is_free() -> None:
    teller = Teller()
    assert teller.one(post("p1", debit="5555")).decision == "refused"
    assert teller.one(post("p1")).decision == "accepted"


def test_keys_of_facts_and_commands_do_not_collide() -> None:
    teller = Teller()
    teller.ledger.facts([payment(1)])
    teller.must(post(payment(1).key))
    teller.ledger.facts([payment(1)])
    assert teller.types() == ["BookOpened", "EntryPosted", "EntryPosted"]


def limited(kind: str, account: str = "7000", **fields: str) -> Teller:
    teller = Teller()
    teller.must(command("set_limit", "limit", account=account, limit=kind, **fields))
    return teller


def test_debits_must_not_exceed_credits() -> None:
    teller = limited("debits_must_not_exceed_credits")
    teller.must(post("in", "1000", "7000", 100))
    answer = teller.one(post("out", "7000", "1000", 101))
    assert (answer.code, answer.field, answer.value) == ("limit_exceeded", "lines", "7000")
    teller.must(post("out", "7000", "1000", 100))
    assert teller.one(post("more", "7000", "1000", 1)).code == "limit_exceeded"


def test_credits_must_not_exceed_debits() -> None:
    teller = limited("credits_must_not_exceed_debits", "6000")
    assert teller.one(post("out", "7000", "6000", 1)).code == "limit_exceeded"
    teller.must(post("in", "6000", "7000", 5), post("out", "7000", "6000", 5))


def test_an_overdraft_up_to_its_limit_on_either_normal_side() -> None:
    teller = limited("overdraft", "6000", overdraft="50")
    teller.must(post("a", "7000", "6000", 50))
    assert teller.one(post("b", "7000", "6000", 1)).code == "limit_exceeded"
    teller.must(command("set_limit", "l2", account="7000", limit="overdraft", overdraft="60"))
    teller.must(post("c", "7000", "1000", 10))
    assert teller.one(post("d", "7000", "1000", 1)).code == "limit_exceeded"


def test_a_limit_of_one_currency_leaves_the_others_alone() -> None:
    teller = limited("debits_must_not_exceed_credits", currency="EUR")
    teller.must(post("usd", "7000", "1000", 5))
    assert teller.one(post("eur", "7000", "1000", 5, currency="EUR")).code == "limit_exceeded"
    teller.must(command("set_limit", "off", account="7000", limit="none", currency="EUR"))
    teller.must(post("eur", "7000", "1000", 5, currency="EUR"))


def test_holds_count_against_the_limit_and_incoming_holds_give_nothing() -> None:
    teller = limited("debits_must_not_exceed_credits")
    teller.must(post("in", "1000", "7000", 100))
    teller.must(command("hold", "incoming", lines=two("1000", "7000", 500)))
    teller.must(command("hold", "outgoing", lines=two("7000", "1000", 70)))
    assert teller.one(post("out", "7000", "1000", 31)).code == "limit_exceeded"
    assert teller.one(command("hold", "h", lines=two("7000", "1000", 31))).code == "limit_exceeded"
    teller.must(post("out", "7000", "1000", 30))


@pytest.mark.parametrize(
    ("at_most", "amount"), [("limits", "40"), ("debit", "40"), ("both", "25"), ("credit", "25"), ("", None)]
)
def test_at_most_takes_what_is_left(at_most: str, amount: str | None) -> None:
    teller = limited("debits_must_not_exceed_credits")
    teller.must(post("a", "9900", "7000", 40), post("b", "1000", "9000", 25))
    answer = teller.one(post("c", "7000", "1000", 1000, at_most=at_most))
    if amount is None:
        assert answer.code == "limit_exceeded"
    else:
        assert (answer.decision, answer.amount) == ("accepted", amount)
        assert teller.one(post("c", "7000", "1000", 1000, at_most=at_most)).amount == amount
        assert teller.one(post("d", "7000", "1000", 1000, at_most=at_most)).code == "limit_exceeded"


def test_at_most_is_never_more_than_asked_for() -> None:
    teller = limited("debits_must_not_exceed_credits")
    teller.must(post("a", "9900", "7000", 40))
    assert teller.one(post("c", "7000", "1000", 15, at_most="limits")).amount == "15"


def test_facts_are_posted_all_the_same_and_flagged() -> None:
    teller = limited("credits_must_not_exceed_debits")
    teller.must(command("close_account", "c", account="1000"))
    decided = teller.ledger.facts([payment(1)])
    event = decided.events[0].event()
    assert event.flags == ("account_closed/1000/USD", "limit_exceeded/7000/USD")  # type: ignore[union-attr]
    assert teller.figures("7000")["posted"] == 1000
    assert b"flags" not in Teller().ledger.facts([payment(1)]).events[0].body


def test_nothing_of_a_command_is_lost_in_its_event() -> None:
    teller = Teller()
    asked = post("p", description="d", reference="r", metadata={"a": "b"}, effective_at="2026-01-01T10:00:00Z")
    teller.must(asked)
    event = list(teller.store.history("main"))[-1].event()
    assert isinstance(asked, Post)
    assert event.command == asked  # type: ignore[union-attr]


def test_recorded_time_never_runs_backwards() -> None:
    teller = Teller()
    for moved_us in (10, -10, 5):
        teller.now_us += moved_us
        teller.must(post(f"at {teller.now_us}"))
    times = [event.recorded_at_us for event in teller.store.history("main")]
    assert times == sorted(times)
    assert times[-1] == teller.ledger.book.recorded_at_us == times[1]
