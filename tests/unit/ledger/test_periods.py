"""Closed periods: what comes late goes to the open one and points back; reopening is said aloud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.periods import Closing, closing_of, reopened
from ledger.times import day_before
from tests.unit.ledger.builders import payment
from tests.unit.ledger.command_desk import Teller, command, post


def closed(through: str = "2026-01-31") -> Teller:
    teller = Teller()
    teller.must(
        post("jan", amount=70, effective_at="2026-01-31T23:59:59Z"),
        post("feb", amount=30, effective_at="2026-02-01"),
        command("close_period", "close", through=through),
    )
    return teller


def last(teller: Teller) -> object:
    return list(teller.store.history("main"))[-1].event()


def test_closing_keeps_the_trial_balance_of_that_day() -> None:
    teller = Teller()
    teller.must(post("a", amount=70, effective_at="2026-01-31"), post("b", amount=30, effective_at="2026-02-01"))
    teller.must(post("c", amount=5, effective_at="2026-01-01"), command("close_period", "k", through="2026-01-31"))
    event = last(teller)
    rows = [tuple(getattr(row, name) for name in row.__struct_fields__) for row in event.trial_balance]  # type: ignore[attr-defined]
    assert rows == [("1000", "USD", "75", "0"), ("7000", "USD", "0", "75")]


def test_a_late_fact_counts_on_the_first_open_day_and_points_to_the_closing() -> None:
    teller = closed()
    teller.ledger.facts([payment(1, effective_at="2026-01-05T10:00:00Z"), payment(2, effective_at="2026-02-01")])
    late, fine = [event.event() for event in list(teller.store.history("main"))[-2:]]
    assert late.fact.effective_at == "2026-02-01"  # type: ignore[union-attr]
    assert (late.original_effective_at, late.closed_by) == ("2026-01-05T10:00:00Z", 4)  # type: ignore[union-attr]
    assert (fine.original_effective_at, fine.closed_by) == ("", 0)  # type: ignore[union-attr]
    before = teller.ledger.book.version
    teller.ledger.facts([payment(1, effective_at="2026-01-05T10:00:00Z")])
    assert teller.ledger.book.version == before, "told again word for word, it left a trace"


def test_a_fact_with_an_odd_date_is_posted_as_it_was_told() -> None:
    teller = closed()
    teller.ledger.facts([payment(1, effective_at="0001-yesterday")])
    assert last(teller).fact.effective_at == "0001-yesterday"  # type: ignore[attr-defined]


def test_a_late_command_is_refused_unless_it_says_where_to() -> None:
    teller = closed()
    answer = teller.one(post("late", effective_at="2026-01-31"))
    assert (answer.code, answer.field, answer.value) == ("period_closed", "effective_at", "2026-01-31")
    assert teller.one(command("hold", "h", lines=[], effective_at="2026-01-31")).decision == "refused"
    teller.must(post("late", effective_at="2026-01-31", post_to_open_period=True))
    event = last(teller)
    assert (event.fact.effective_at, event.original_effective_at) == ("2026-02-01", "2026-01-31")  # type: ignore[attr-defined]
    teller.must(post("undated"))
    assert last(teller).fact.effective_at == "2026-02-01"  # type: ignore[attr-defined]
    teller.must(command("reverse", "r", entry="jan"))


def test_reopening_and_closing_again() -> None:
    teller = closed()
    answer = teller.one(command("close_period", "again", through="2026-01-31"))
    assert (answer.code, answer.field) == ("period_closed", "through")
    assert teller.one(command("reopen_period", "r", since="2026-02-01")).code == "period_open"
    teller.must(command("reopen_period", "r", since="2026-01-20"))
    assert teller.one(post("early", effective_at="2026-01-19")).code == "period_closed"
    teller.must(post("late", effective_at="2026-01-20"), command("close_period", "again", through="2026-02-28"))
    assert teller.one(post("x", effective_at="2026-02-28")).code == "period_closed"


@pytest.mark.parametrize("name", ["close_period", "reopen_period"])
@pytest.mark.parametrize("day", ["", "2026-02-30", "2026-01-31T00:00:00Z", "9999-12-31", "0000-01-01"])
def test_a_date_is_a_date(name: str, day: str) -> None:
    field = "through" if name == "close_period" else "since"
    answer = Teller().one(command(name, "k", **{field: day}))
    assert (answer.code, answer.field) == ("date_malformed", field)


def test_the_last_day_that_can_be_written_stays_open() -> None:
    """What comes late goes to the day after the closing: there has to be one."""
    teller = Teller()
    answer = teller.one(command("close_period", "k", through="9998-12-31"))
    assert (answer.code, answer.field) == ("date_malformed", "through")
    teller.must(command("close_period", "k", through="9998-12-30"), post("p"))
    assert last(teller).fact.effective_at == "9998-12-31"  # type: ignore[attr-defined]
    assert teller.figures("1000", as_of="9998-12-30")["posted"] == 0


DAYS = st.integers(1, 28).map(lambda day: f"2026-02-{day:02d}")


@given(st.sets(DAYS, min_size=1), DAYS, DAYS)
def test_a_day_is_closed_exactly_when_it_was_closed_and_not_reopened(through: set[str], since: str, day: str) -> None:
    closings = tuple(Closing(each, number) for number, each in enumerate(sorted(through), start=1))
    after = reopened(closings, since)
    assert (closing_of(after, day) is not None) == (day <= max(through) and day < since)
    assert list(after) == sorted(after, key=lambda closing: closing.through)
    assert all(closing.through <= day_before(since) for closing in after)
    if closing_of(after, day) is not None:
        assert closing_of(after, day).position == closing_of(closings, day).position  # type: ignore[union-attr]
