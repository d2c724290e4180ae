"""Facts as a gateway and a bank tell them, and histories of them for the projections' tests."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
from hypothesis import strategies as st

from ledger.events import Recorded
from ledger.facts import Fact
from ledger.money import Money
from tests.unit.ledger.builders import NOW_US, Desk

GATEWAY = "stripe/acct_1"


def fact(type: str, key: str, at: str, gross: int | None = None, currency: str = "USD", **more: object) -> Fact:
    fields: dict[str, object] = {
        "type": type,
        "key": f"{GATEWAY}/{key}",
        "source": "stripe",
        "account": "acct_1",
        "effective_at": at,
        "amounts": {} if gross is None else {"gross": Money.of(gross, currency)},
        "delivery": f"evt_{key.replace('/', '_')}",
    }
    return msgspec.convert({**fields, **more}, Fact)


def hour(number: int) -> str:
    return f"2026-01-{5 + number // 24:02d}T{number % 24:02d}:00:00Z"


def payment(number: int, transition: str, gross: int = 1000, at: int = 0, currency: str = "USD") -> Fact:
    links = {"payment": f"pi_{number}"}
    suffix = f"/ch_{number}_{at}" if transition == "failed" else ""
    if transition == "succeeded":
        links["charge"] = f"ch_{number}"
    references = (f"{GATEWAY}/pi_{number}", f"{GATEWAY}/ch_{number}") if transition == "succeeded" else ()
    return fact(
        f"payment.{transition}",
        f"pi_{number}/{transition}{suffix}",
        hour(at),
        gross,
        currency,
        links=links,
        references=references,
    )


def refund(number: int, status: str, gross: int = 300, of: int = 0, at: int = 0) -> Fact:
    name = f"{GATEWAY}/re_{number}"
    return fact(
        f"refund.{status}",
        f"re_{number}/{status}",
        hour(at),
        gross,
        links={"refund": f"re_{number}", "payment": f"pi_{of}", "charge": f"ch_{of}"},
        references=(name,) if status == "succeeded" else (),
        needs=name if status == "failed" else "",
    )


def dispute(number: int, transition: str, of: int = 0, gross: int = 1000, at: int = 0) -> Fact:
    return fact(
        f"dispute.{transition}",
        f"dp_{number}/{transition}",
        hour(at),
        gross,
        links={"dispute": f"dp_{number}", "payment": f"pi_{of}", "charge": f"ch_{of}"},
    )


def payout(
    number: int,
    transition: str,
    gross: int = 970,
    currency: str = "USD",
    arrival: str = "2026-01-08",
    **attributes: str,
) -> Fact:
    name = f"{GATEWAY}/po_{number}"
    return fact(
        f"payout.{transition}",
        f"po_{number}/{transition}",
        hour(48),
        gross,
        currency,
        links={"payout": f"po_{number}"},
        references=(name,) if transition == "paid" else (),
        needs=name if transition == "failed" else "",
        attributes={"arrival_date": arrival, "automatic": "true", **attributes},
    )


def settlement(
    number: int,
    gross: int,
    fee: int,
    payout: str = "",
    category: str = "charge",
    source: str = "",
    currency: str = "USD",
) -> Fact:
    links = {"transaction": f"txn_{number}", "category": category, "source": source or f"ch_{number}"}
    if payout:
        links["payout"] = payout
    told = fact("settlement.recorded", f"txn_{number}/recorded", hour(40), gross, currency, links=links)
    amounts = told.amounts | {"fee": Money.of(fee, currency), "net": Money.of(gross - fee, currency)}
    return msgspec.structs.replace(told, amounts=amounts)


def bank_line(
    number: int, gross: int, text: str, currency: str = "USD", value_on: str = "2026-01-08", end_to_end_id: str = ""
) -> Fact:
    return Fact(
        type="bank.line.booked",
        key=f"camt053/DE1/st_1/{number}",
        source="camt053",
        account="DE1",
        effective_at=value_on,
        amounts={"gross": Money.of(gross, currency)},
        links={"statement": "st_1"},
        attributes={"text": text, "end_to_end_id": end_to_end_id, "value_date": value_on},
    )


def again(told: Fact, delivery: str) -> Fact:
    """The same fact, told by another delivery."""
    return msgspec.structs.replace(told, delivery=delivery)


def history(facts: Iterable[Fact], book: str = "main") -> list[Recorded]:
    """The events of a new book that is told these facts one by one, a second apart."""
    desk = Desk(book)
    for number, told in enumerate(facts):
        desk.tell(told, now_us=NOW_US + number * 1_000_000)
    return desk.events


def one_payment(number: int) -> st.SearchStrategy[list[Fact]]:
    """Everything that may be told about one payment, each fact once, none contradicting another."""
    life = [
        payment(number, "initiated", at=1),
        payment(number, "pending", at=2),
        payment(number, "failed", at=3),
        payment(number, "failed", at=6),
        payment(number, "authorized", at=5),
        payment(number, "canceled", at=8),
        payment(number, "succeeded", at=7),
        refund(number * 10, "succeeded", 300, number, at=9),
        refund(number * 10, "failed", 300, number, at=12),
        refund(number * 10 + 1, "succeeded", 700, number, at=10),
        dispute(number * 10, "opened", number, at=11),
        dispute(number * 10, "funds_withdrawn", number, at=11),
        dispute(number * 10, "won", number, at=13),
        dispute(number * 10, "funds_reinstated", number, at=13),
        dispute(number * 10 + 1, "opened", number, at=11),
        dispute(number * 10 + 1, "lost", number, at=14),
    ]
    return st.lists(st.sampled_from(life), unique_by=lambda told: told.key, max_size=10)


def one_payout(number: int, traced: bool, amount: int) -> st.SearchStrategy[list[Fact]]:
    """Everything that may be told about one payout of two payments, with the bank's lines."""
    name = f"po_{number}"
    trace = {"trace_id": f"TRACE{number:06d}"} if traced else {}
    rows = [settlement(number * 10 + row, amount // 2 + 30, 30, payout=name, source=f"ch_{row}") for row in (0, 1)]
    text = f"STRIPE PAYOUT {trace['trace_id']}" if traced else "STRIPE TRANSFER"
    told = [
        payout(number, "initiated", amount),
        payout(number, "paid", amount, **trace),
        payout(number, "failed", amount),
        payout(number, "canceled", amount),
        *rows,
        settlement(number * 10 + 2, -amount, 0, payout=name, category="payout", source=name),
        bank_line(number * 10, amount, text),
        bank_line(number * 10 + 1, amount - 5, text),
        bank_line(number * 10 + 2, amount, "Daily settlement", end_to_end_id=name),
    ]
    return st.lists(st.sampled_from(told), unique_by=lambda one: one.key, max_size=8)


@st.composite
def telling(draw: st.DrawFn) -> list[Fact]:
    """A shuffled telling of some payments and payouts, in which some facts come twice or with links missing."""
    facts: list[Fact] = []
    for number in range(draw(st.integers(1, 2))):
        facts += draw(one_payment(number))
    for number in range(draw(st.integers(0, 3))):
        # Payouts of equal amounts are rivals for the same bank line.
        facts += draw(one_payout(number, draw(st.booleans()), draw(st.sampled_from([970, 970, 500]))))
    doubled = draw(st.lists(st.sampled_from(facts), max_size=6)) if facts else []
    facts += [again(told, f"evt_again_{number}") for number, told in enumerate(doubled)]
    late = [_knowing_less(told) if draw(st.booleans()) else told for told in facts]
    return draw(st.permutations([*facts, *(told for told in late if told not in facts)]))


def _knowing_less(told: Fact) -> Fact:
    """The same money told without the link that only some tellings have."""
    links = {
        name: value for name, value in told.links.items() if name not in ("payout", "charge") or "payout" in told.type
    }
    return msgspec.structs.replace(told, links=links, delivery=f"{told.delivery}_less")


def cut(events: Sequence[Recorded], places: Iterable[int]) -> list[list[Recorded]]:
    """The events cut into batches at these places."""
    bounds = sorted({0, len(events), *(place % (len(events) + 1) for place in places)})
    return [list(events[start:end]) for start, end in pairwise(bounds)]
