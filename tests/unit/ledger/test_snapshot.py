"""A book out of a snapshot decides as the one that was kept would have."""

from collections.abc import Callable

import pytest

from ledger.events import EntryPosted
from ledger.ledger import Ledger
from ledger.rules import load_rules
from tests.unit.ledger.builders import payment, refund
from tests.unit.ledger.command_desk import Teller, chart, command, hold, post


def kept(teller: Teller) -> Teller:
    """The same books, the writer started anew from a snapshot alone."""
    teller.store.snapshot(teller.ledger.book)
    teller.ledger = Ledger.open(teller.store, "main", chart=chart(), rules=load_rules(), now_us=lambda: teller.now_us)
    return teller


STORIES: dict[str, tuple[list[object], Callable[[Teller], object]]] = {
    "holds expire, the earliest first": (
        [hold("late", expires_at="2026-03-01"), hold("soon", expires_at="2026-02-01"), hold("never")],
        lambda teller: teller.must(command("clock", "t", at="2026-04-01")),
    ),
    "a fact past a limit says so": (
        [command("set_limit", "l", account="1000", limit="debits_must_not_exceed_credits")],
        lambda teller: teller.ledger.facts([payment(1)]),
    ),
    "a command past a limit is refused": (
        [command("set_limit", "l", account="1000", limit="debits_must_not_exceed_credits")],
        lambda teller: teller.one(post("p")),
    ),
    "a parked fact is released": (
        [],
        lambda teller: teller.ledger.facts([refund(1, 10)]),
    ),
    "an entry is taken back once": (
        [post("p"), command("reverse", "r", entry="p", amount="60")],
        lambda teller: teller.ask(
            command("reverse", "more", entry="p", amount="41"), command("reverse", "s", entry="p")
        ),
    ),
    "a closed period is closed": (
        [command("close_period", "c", through="2026-01-31")],
        lambda teller: teller.ask(post("late", effective_at="2026-01-31"), post("undated")),
    ),
    "the clock does not run backwards": (
        [command("clock", "t", at="2026-04-01")],
        lambda teller: teller.one(command("clock", "u", at="2026-03-31")),
    ),
}


@pytest.mark.parametrize("what", STORIES)
def test_what_happens_after_a_snapshot_happens_without_one(what: str) -> None:
    before, after = STORIES[what]
    tellers = Teller(), Teller()
    for teller in tellers:
        teller.ledger.facts([refund(1, 10, "failed")])
        teller.must(*before)  # type: ignore[arg-type]
    first, second = tellers[0], kept(tellers[1])
    after(first)
    after(second)
    assert list(second.store.history("main")) == list(first.store.history("main"))
    assert second.digest() == first.digest()


def test_a_fact_past_a_limit_is_flagged() -> None:
    """The story above compares two books; this is what both must say."""
    before, after = STORIES["a fact past a limit says so"]
    teller = Teller()
    teller.must(*before)  # type: ignore[arg-type]
    after(kept(teller))
    event = list(teller.store.history("main"))[-1].event()
    assert isinstance(event, EntryPosted)
    assert event.flags == ("limit_exceeded/1000/USD",)
