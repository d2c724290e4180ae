"""Linked commands: all or none, and when none, exactly none."""

import pytest

from tests.unit.ledger.command_desk import Teller, command, hold, post


def codes(answers: list) -> list[str]:
    return [answer.code or answer.decision for answer in answers]


def test_a_chain_is_posted_whole() -> None:
    teller = Teller()
    answers = teller.ask(post("a", linked=True), post("b", linked=True), post("c"))
    assert codes(answers) == ["accepted"] * 3
    assert [answer.position for answer in answers] == [2, 3, 4]


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_one_refusal_takes_all_back(bad: int) -> None:
    teller = Teller()
    teller.must(post("before"))
    state = teller.digest()
    chain = [post(f"p{n}", debit="5555" if n == bad else "1000", linked=n < 2) for n in range(3)]
    answers = teller.ask(*chain, post("after"))
    assert codes(answers) == [*("account_unknown" if n == bad else "linked_failed" for n in range(3)), "accepted"]
    assert teller.types() == ["BookOpened", "EntryPosted", *["CommandRefused"] * 3, "EntryPosted"]
    teller.must(command("reverse", "undo", entry="after"))
    assert teller.digest() != state
    assert teller.figures("1000")["posted"] == 100


def test_everything_a_chain_changed_is_taken_back_to_the_byte() -> None:
    teller = Teller()
    teller.must(post("p", amount=50), hold("h", expires_at="2026-02-01"), hold("h2", expires_at="2026-02-01"))
    state = teller.digest()
    answers = teller.ask(
        command("open_account", "o", account="new", type="asset", linked=True),
        post("p2", "new", "8000", currency="EUR", linked=True),
        command("set_limit", "l", account="new", limit="overdraft", linked=True),
        command("set_metadata", "m", account="1000", metadata={"a": "b"}, linked=True),
        command("capture", "c", hold="h", amount="30", rest="keep", linked=True),
        hold("h3", expires_at="2026-01-20", linked=True),
        command("clock", "t", at="2026-03-01", linked=True),
        command("close_account", "ca", account="9900", linked=True),
        command("reverse", "r", entry="p", amount="20", linked=True),
        command("close_period", "cp", through="2026-01-31", linked=True),
        command("reopen_period", "rp", since="2026-01-10", linked=True),
        command("release", "x", hold="h2"),
    )
    assert codes(answers) == ["linked_failed"] * 11 + ["hold_expired"]
    assert teller.digest() == state
    teller.must(command("clock", "t", at="2026-02-01"))
    assert teller.types()[-3:] == ["ClockMoved", "HoldExpired", "HoldExpired"]
    assert not teller.ledger.book.holds


def test_a_hold_whose_end_is_taken_back_expires_all_the_same() -> None:
    teller = Teller()
    teller.must(hold("h", expires_at="2026-02-01"))
    answers = teller.ask(
        command("release", "r", hold="h", linked=True),
        command("clock", "t", at="2026-02-01", linked=True),
        post("bad", debit="5555"),
    )
    assert codes(answers) == ["linked_failed", "linked_failed", "account_unknown"]
    teller.must(command("clock", "t", at="2026-02-01"))
    assert teller.types()[-1] == "HoldExpired"


def test_a_later_command_of_the_chain_sees_the_earlier_ones() -> None:
    teller = Teller()
    answers = teller.ask(
        command("open_account", "o", account="new", type="asset", linked=True),
        hold("h", "new", linked=True),
        command("capture", "c", hold="h", linked=True),
        command("reverse", "r", entry="c"),
    )
    assert codes(answers) == ["accepted"] * 4
    assert teller.figures("new")["posted"] == 0


def test_a_chain_open_at_the_end_of_the_batch_is_refused() -> None:
    teller = Teller()
    state = teller.digest()
    answers = teller.ask(post("a", linked=True), post("b", linked=True))
    assert codes(answers) == ["linked_failed", "chain_open"]
    assert teller.digest() == state


def test_what_cannot_be_read_fails_its_chain() -> None:
    teller = Teller()
    answers = teller.ask(post("a", linked=True), command("post", "b", lines=7, linked=True), post("c"), post("d"))
    assert codes(answers) == ["linked_failed", "command_malformed", "linked_failed", "accepted"]


def test_the_keys_of_a_failed_chain_are_free() -> None:
    teller = Teller()
    teller.ask(post("a", linked=True), post("b", debit="5555"))
    answers = teller.must(post("a"), post("b"))
    assert [answer.repeated for answer in answers] == [False, False]


def test_a_repeated_chain_is_answered_as_the_first_time() -> None:
    teller = Teller()
    chain = [post("a", linked=True), post("b")]
    first = teller.must(*chain)
    again = teller.must(*chain)
    assert [answer.position for answer in again] == [answer.position for answer in first]
    assert teller.types().count("EntryPosted") == 2


def test_a_member_that_was_posted_before_keeps_its_answer_when_the_chain_fails() -> None:
    teller = Teller()
    (first,) = teller.must(post("a", linked=False))
    answers = teller.ask(post("x", linked=True), post("a"), post("y", linked=True), post("a", amount=7))
    assert codes(answers) == ["accepted", "accepted", "linked_failed", "key_reused"]
    answers = teller.ask(post("z", debit="5555", linked=True), post("a"))
    assert codes(answers) == ["account_unknown", "accepted"]
    assert (answers[1].position, answers[1].repeated) == (first.position, True)


def test_two_equal_keys_in_a_chain_that_fails_are_both_refused() -> None:
    teller = Teller()
    answers = teller.ask(post("a", linked=True), post("a", linked=True), post("b", debit="5555"))
    assert codes(answers) == ["linked_failed", "linked_failed", "account_unknown"]


def test_a_correction_is_a_reversal_and_a_new_entry() -> None:
    teller = Teller()
    teller.must(post("wrong", amount=99))
    teller.must(command("reverse", "r", entry="wrong", linked=True), post("right", amount=100))
    assert teller.figures("1000")["posted"] == 100
    answers = teller.ask(command("reverse", "r2", entry="wrong", linked=True), post("right2", amount=100))
    assert codes(answers) == ["already_reversed", "linked_failed"]
    assert teller.figures("1000")["posted"] == 100
