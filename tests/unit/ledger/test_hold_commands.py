"""Holds: placed, captured, released, expired by the clock; each ends once."""

import pytest

from tests.unit.ledger.command_desk import Teller, command, hold, post, two


def balances(teller: Teller, account: str = "7000") -> tuple[int, int, int]:
    figures = teller.figures(account)
    return figures["posted_credits"], figures["held_credits"], figures["available"]


def test_a_hold_reserves_and_posts_nothing() -> None:
    teller = Teller()
    teller.must(hold("h"))
    assert balances(teller) == (0, 100, 0)
    assert teller.figures("1000")["held_debits"] == 100


def test_the_whole_is_captured() -> None:
    teller = Teller()
    teller.must(hold("h"))
    (answer,) = teller.must(command("capture", "c", hold="h", description="done"))
    assert answer.amount == "100"
    assert balances(teller) == (100, 0, 100)
    event = list(teller.store.history("main"))[-1].event()
    assert (event.fact.type, event.hold, event.rule) == ("command.capture", 2, "command.capture@0")  # type: ignore[union-attr]


def test_a_part_is_captured_and_the_rest_released() -> None:
    teller = Teller()
    teller.must(hold("h"), command("capture", "c", hold="h", amount="30"))
    assert balances(teller) == (30, 0, 30)
    assert teller.one(command("capture", "c2", hold="h", amount="1")).code == "hold_captured"
    assert not teller.ledger.book.held


def test_several_captures_while_the_rest_is_kept() -> None:
    teller = Teller()
    teller.must(
        hold("h"),
        command("capture", "c1", hold="h", amount="30", rest="keep"),
        command("capture", "c2", hold="h", amount="50", rest="keep"),
    )
    assert balances(teller) == (80, 20, 80)
    answer = teller.one(command("capture", "c3", hold="h", amount="21", rest="keep"))
    assert (answer.code, answer.field, answer.value) == ("capture_exceeds_hold", "amount", "21")
    teller.must(command("capture", "c3", hold="h", amount="20", rest="keep"))
    assert balances(teller) == (100, 0, 100)
    assert teller.one(command("release", "r", hold="h")).code == "hold_captured"


def test_the_rest_is_released() -> None:
    teller = Teller()
    teller.must(
        hold("h"), command("capture", "c", hold="h", amount="30", rest="keep"), command("release", "r", hold="h")
    )
    assert balances(teller) == (30, 0, 30)
    for again in (command("release", "r2", hold="h"), command("capture", "c2", hold="h")):
        answer = teller.one(again)
        assert (answer.code, answer.field, answer.value) == ("hold_released", "hold", "h")


def test_lines_of_a_hold_of_many() -> None:
    teller = Teller()
    lines = [["1000", "debit", "90", "USD"], ["8000", "debit", "10", "USD"], ["7000", "credit", "100", "USD"]]
    teller.must(command("hold", "h", lines=lines))
    assert teller.one(command("capture", "c", hold="h", amount="50")).code == "lines_needed"
    part = [["1000", "debit", "45", "USD"], ["8000", "debit", "5", "USD"], ["7000", "credit", "50", "USD"]]
    teller.must(command("capture", "c", hold="h", lines=part, rest="keep"))
    assert teller.one(command("capture", "d", hold="h", lines=part, amount="5")).code == "part_ambiguous"
    unbalanced = [["1000", "debit", "45", "USD"], ["7000", "credit", "50", "USD"]]
    assert teller.one(command("capture", "d", hold="h", lines=unbalanced)).code == "entry_unbalanced"
    other = two("9900", "7000", 5)
    assert teller.one(command("capture", "d", hold="h", lines=other)).code == "capture_exceeds_hold"
    turned = two("7000", "1000", 5)
    assert teller.one(command("capture", "d", hold="h", lines=turned)).code == "capture_exceeds_hold"
    teller.must(command("capture", "d", hold="h", lines=part))
    assert teller.figures("8000")["posted"] == 10


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"expires_at": "2026-01-05T10:00:00Z"}, "expires_in_the_past", "expires_at"),
        ({"expires_at": "soon"}, "expires_at_malformed", "expires_at"),
        ({"expires_at": "2099-01-01", "expires_after_s": 5}, "expiry_ambiguous", "expires_at"),
        ({"expires_after_s": 10**12}, "expires_at_malformed", "expires_after_s"),
        ({"lines": two("1000", "5555", 1)}, "account_unknown", "lines[1].account"),
        ({"lines": two("1000", "7000", 0)}, "amount_zero", "lines[0].amount"),
    ],
)
def test_what_is_no_hold_is_refused(fields: dict, code: str, field: str) -> None:
    teller = Teller()
    state = teller.digest()
    answer = teller.one(command("hold", "h", **{"lines": two("1000", "7000", 1), **fields}))
    assert (answer.code, answer.field) == (code, field)
    assert teller.digest() == state


@pytest.mark.parametrize("name", ["capture", "release"])
def test_the_hold_must_be_there(name: str) -> None:
    teller = Teller()
    teller.must(post("p"))
    assert teller.one(command(name, "k", hold="p")).code == "hold_unknown"
    assert teller.one(command(name, "k", hold="nothing")).code == "hold_unknown"


def test_the_clock_expires_what_is_due_the_earliest_first() -> None:
    teller = Teller()
    teller.must(
        hold("late", expires_at="2026-03-01"),
        hold("first", expires_at="2026-02-01T00:00:00Z"),
        hold("second", expires_at="2026-02-01T00:00:00Z"),
        hold("never"),
    )
    teller.must(command("clock", "t0", at="2026-01-31T23:59:59.999999Z"))
    assert "HoldExpired" not in teller.types()
    teller.must(command("clock", "t1", at="2026-02-01"))
    expired = [event.event() for event in teller.store.history("main") if event.type == "HoldExpired"]
    assert [(event.hold, event.clock) for event in expired] == [(3, 7), (4, 7)]  # type: ignore[union-attr]
    assert teller.one(command("capture", "c", hold="first")).code == "hold_expired"
    assert teller.one(command("release", "r", hold="first")).code == "hold_expired"
    assert balances(teller)[1] == 200
    teller.must(command("capture", "c", hold="late"))


def test_a_hold_may_last_a_number_of_seconds_of_the_books_time() -> None:
    teller = Teller()
    teller.must(command("clock", "t0", at="2030-01-01"), hold("h", expires_after_s=60))
    teller.must(command("clock", "t1", at="2030-01-01T00:00:59Z"))
    assert balances(teller)[1] == 100
    teller.must(command("clock", "t2", at="2030-01-01T00:01:00Z"))
    assert balances(teller)[1] == 0


def test_what_is_left_after_a_capture_expires() -> None:
    teller = Teller()
    teller.must(hold("h", expires_at="2026-02-01"), command("capture", "c", hold="h", amount="99", rest="keep"))
    teller.must(command("clock", "t", at="2026-02-01"))
    assert balances(teller) == (99, 0, 99)


def test_the_clock_never_runs_backwards() -> None:
    teller = Teller()
    teller.must(command("clock", "t1", at="2026-02-01"), command("clock", "t2", at="2026-02-01"))
    answer = teller.one(command("clock", "t3", at="2026-01-31T23:59:59Z"))
    assert (answer.code, answer.field) == ("clock_backwards", "at")
    assert teller.one(command("clock", "t4", at="noon")).code == "at_malformed"


def test_entries_count_on_the_books_day() -> None:
    teller = Teller()
    teller.must(post("p1"), command("clock", "t", at="2030-05-06T07:08:09Z"), post("p2"))
    entries = [event.event() for event in teller.store.history("main") if event.type == "EntryPosted"]
    assert [event.fact.effective_at for event in entries] == ["2026-01-05", "2030-05-06"]  # type: ignore[union-attr]


def test_a_hold_lowered_by_at_most_is_the_one_captured() -> None:
    teller = Teller()
    teller.must(post("p", amount=40), command("set_limit", "l", account="7000", limit="debits_must_not_exceed_credits"))
    (held,) = teller.must(command("hold", "h", lines=two("7000", "1000", 100), at_most="limits"))
    (captured,) = teller.must(command("capture", "c", hold="h"))
    assert held.amount == captured.amount == "40"


def test_a_repeated_capture_is_answered_as_the_first_time() -> None:
    teller = Teller()
    teller.must(hold("h"))
    (first,) = teller.must(command("capture", "c", hold="h", amount="30", rest="keep"))
    again = teller.one(command("capture", "c", hold="h", amount="30", rest="keep"))
    assert (again.position, again.amount, again.repeated) == (first.position, "30", True)
    assert balances(teller) == (30, 70, 30)
