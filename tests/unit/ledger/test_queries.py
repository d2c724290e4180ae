"""Queries: posted, held, available, now, as of a date, and as known at a position."""

import pytest

from tests.unit.ledger.command_desk import Teller, command, hold, post, two


def test_the_four_questions() -> None:
    teller = Teller()
    teller.must(post("in", amount=100), command("hold", "h", lines=two("7000", "1000", 30)), hold("more", amount=5))
    asked = {name: command(name, account="7000", currency="USD") for name in ("posted", "held", "available")}
    answers = {name: teller.one(query) for name, query in asked.items()}
    assert {name: answer.figures[name] for name, answer in answers.items()} == {
        "posted": "100",
        "held": "30",
        "available": "70",
    }
    assert {answer.position for answer in answers.values()} == {4}
    assert teller.figures("7000") == {
        "posted": 100,
        "held": 30,
        "available": 70,
        "posted_debits": 0,
        "posted_credits": 100,
        "held_debits": 30,
        "held_credits": 5,
    }


def test_a_query_leaves_no_trace() -> None:
    teller = Teller()
    before = teller.ledger.book.version
    answer = teller.one(command("posted", "q1", account="1000", currency="USD"))
    assert (answer.command, answer.key, answer.figures) == ("posted", "q1", {"posted": "0"})
    assert teller.ledger.book.version == before


def test_as_of_a_date_and_at_a_position() -> None:
    teller = Teller()
    teller.must(
        post("a", amount=1, effective_at="2026-01-10"),
        post("b", amount=10, effective_at="2026-01-05T10:00:00Z"),
        post("c", amount=100, effective_at="2030-01-01"),
    )
    assert teller.figures("1000")["posted"] == 111
    assert teller.figures("1000", as_of="2026-01-09")["posted"] == 10
    assert teller.figures("1000", as_of="2026-01-10")["posted"] == 11
    assert teller.figures("1000", at_position=2)["posted"] == 1
    assert teller.figures("1000", at_position=3, as_of="2026-01-05")["posted"] == 10
    assert teller.figures("1000", at_position=2, as_of="2026-01-05")["posted"] == 0


def test_holds_as_of_a_date_and_at_a_position() -> None:
    teller = Teller()
    teller.must(
        hold("h", amount=100, effective_at="2026-01-02", expires_at="2026-03-01"),
        command("capture", "c", hold="h", amount="30", rest="keep", effective_at="2026-01-10"),
        command("clock", "t", at="2026-03-01"),
    )
    held = [teller.figures("1000", at_position=at)["held_debits"] for at in (1, 2, 3, 4, 5)]
    assert held == [0, 100, 70, 70, 0]
    days = ("2026-01-01", "2026-01-02", "2026-01-09", "2026-01-10", "2026-02-28", "2026-03-01")
    assert [teller.figures("1000", as_of=day)["held_debits"] for day in days] == [0, 100, 100, 70, 70, 0]
    assert [teller.figures("1000", as_of=day)["posted"] for day in days] == [0, 0, 0, 30, 30, 30]


def test_the_last_position_and_no_date_are_the_book_as_it_stands() -> None:
    teller = Teller()
    teller.must(post("a"), hold("h"), command("capture", "c", hold="h", amount="9"), command("reverse", "r", entry="a"))
    for account in ("1000", "7000"):
        assert teller.figures(account, at_position=5) == teller.figures(account)
        assert teller.figures(account, as_of="2098-12-31") == teller.figures(account)


def test_a_query_inside_a_batch_sees_what_came_before_it() -> None:
    teller = Teller()
    ask = command("posted", account="1000", currency="USD")
    dated = command("posted", account="1000", currency="USD", as_of="2098-01-01")
    answers = teller.ask(post("a"), ask, post("b"), dated)
    assert [answer.figures.get("posted") for answer in answers] == [None, "100", None, "200"]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"account": "nobody"}, "account_unknown", "account"),
        ({"at_position": 2}, "position_unknown", "at_position"),
        ({"as_of": "then"}, "date_malformed", "as_of"),
        ({"at_position": -1}, "command_malformed", "at_position"),
    ],
)
def test_what_cannot_be_answered_is_refused(fields: dict, code: str, field: str) -> None:
    answer = Teller().one(command("balance", **{"account": "1000", "currency": "USD", **fields}))
    assert (answer.decision, answer.code, answer.field) == ("refused", code, field)
