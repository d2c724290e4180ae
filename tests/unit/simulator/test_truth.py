"""The truth, judged by others: what the connectors read out of the day's bytes gives exactly the expected balances.

Twice: by a plain application of the posting rules over unique fact keys, written here, and by the real book.
"""

import random
from collections import Counter
from functools import cache

import pytest

from connectors import CONNECTORS, Telling
from contraflow.simulator import Day, play_day
from contraflow.simulator.statement import BANK_ACCOUNTS
from ledger.accounts import load_chart
from ledger.book import Book, Known
from ledger.events import EntryPosted
from ledger.facts import Fact, check_fact, differing_field
from ledger.money import Money
from ledger.rules import load_rules

SEEDS = (1, 2, 3)
Balances = dict[tuple[str, str], int]


@cache
def played(seed: int) -> Day:
    return play_day(seed, 400)


@cache
def tellings(seed: int) -> tuple[Fact, ...]:
    """Every fact of the day in the order of delivery, doubles and all, from the bytes as they would be stored."""
    day, stripe, camt = played(seed), CONNECTORS["stripe"], CONNECTORS["camt053"]
    facts: list[Fact] = []
    for webhook in day.prompt:
        facts += stripe.translate(stripe.mask(webhook.body), Telling("stripe", day.account))
    for page in day.pages:
        facts += stripe.translate(stripe.mask(page.body), Telling("stripe", day.account, context=page.context))
    for statement in day.statements:
        facts += camt.translate(camt.mask(statement.body), Telling("camt053", statement.account))
    for webhook in day.late:
        facts += stripe.translate(stripe.mask(webhook.body), Telling("stripe", day.account))
    return tuple(facts)


def unique(seed: int) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for fact in tellings(seed):
        facts.setdefault(fact.key, fact)
    return facts


def expected(day: Day) -> Balances:
    flat = {(code, currency): minor for code, sums in day.truth.balances.items() for currency, minor in sums.items()}
    return {place: minor for place, minor in flat.items() if minor}


def applied(facts: dict[str, Fact]) -> tuple[Balances, int]:
    """Balances and number of entries by the posting rules of the chart, each fact once, in no particular order."""
    references = {name: fact for fact in facts.values() for name in fact.references}
    simple = {
        "payment.succeeded": ("1000", "7000"),
        "refund.succeeded": ("7000", "1000"),
        "refund.failed": ("1000", "7000"),
        "dispute.funds_withdrawn": ("1020", "1000"),
        "dispute.funds_reinstated": ("1000", "1020"),
        "dispute.lost": ("8100", "1020"),
        "payout.paid": ("1010", "1000"),
        "payout.failed": ("1000", "1010"),
    }
    sums: Counter[tuple[str, str]] = Counter()
    entries = 0
    for fact in facts.values():
        moves: list[tuple[str, str, int, str]] = []
        if fact.type in simple:
            gross = fact.amounts["gross"]
            moves.append((*simple[fact.type], gross.minor, gross.currency))
        elif fact.type == "settlement.recorded":
            gross, fee = fact.amounts["gross"], fact.amounts["fee"]
            moves.append(("8000", "1000", fee.minor, fee.currency))
            source = fact.amounts.get("source")
            if source is None and fact.needs:
                asked = references[fact.needs].amounts["gross"]
                source = Money.of(asked.minor * (-1 if gross.minor < 0 else 1), asked.currency)
            if source is not None:
                moves.append(("9000", "1000", source.minor, source.currency))
                moves.append(("1000", "9000", gross.minor, gross.currency))
        elif fact.type == "bank.line.booked":
            gross = fact.amounts["gross"]
            words = fact.attributes.get("text", "") + " " + fact.attributes.get("end_to_end_id", "")
            of_gateway = "STRIPE" in words or "po_" in words
            moves.append(("6000", "1010" if of_gateway else "9900", gross.minor, gross.currency))
        for debited, credited, minor, currency in moves:
            sums[debited, currency] += minor
            sums[credited, currency] -= minor
        entries += any(minor for _, _, minor, _ in moves)
    return {place: minor for place, minor in sums.items() if minor}, entries


def status_of(facts: list[Fact]) -> str:
    """A payment's status from the set of its facts, whatever their order."""
    types = Counter(fact.type for fact in facts)
    status = "initiated"
    for type_, reached in (
        ("payment.pending", "pending"),
        ("payment.authorized", "authorized"),
        ("payment.failed", "failed"),
        ("payment.canceled", "canceled"),
    ):
        status = reached if types[type_] else status
    if not types["payment.succeeded"]:
        return status
    if types["dispute.lost"]:
        return "reversed"
    closed = types["dispute.won"] + types["dispute.closed"]
    if (types["dispute.opened"] or types["dispute.funds_withdrawn"]) and not closed:
        return "disputed"
    sums = {
        type_: sum(fact.amounts["gross"].minor for fact in facts if fact.type == type_)
        for type_ in ("payment.succeeded", "refund.succeeded", "refund.failed")
    }
    refunded = sums["refund.succeeded"] - sums["refund.failed"]
    if refunded == 0:
        return "succeeded"
    return "refunded" if refunded == sums["payment.succeeded"] else "partially_refunded"


@pytest.mark.parametrize("seed", SEEDS)
def test_every_webhook_translates_and_tells_valid_facts(seed: int) -> None:
    day, stripe = played(seed), CONNECTORS["stripe"]
    for webhook in day.webhooks:
        facts = stripe.translate(stripe.mask(webhook.body), Telling("stripe", day.account))
        assert facts, webhook.type
        for fact in facts:
            check_fact(fact)
            assert fact.account == day.account


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_tellings_of_a_key_contradict_each_other(seed: int) -> None:
    firsts = unique(seed)
    assert len(firsts) < len(tellings(seed))
    assert [fact.key for fact in tellings(seed) if differing_field(firsts[fact.key], fact)] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_posting_rules_over_unique_keys_give_the_truth(seed: int) -> None:
    balances, entries = applied(unique(seed))
    assert balances == expected(played(seed))
    assert entries == played(seed).truth.entries


@pytest.mark.parametrize("seed", SEEDS)
def test_statuses_follow_from_the_facts(seed: int) -> None:
    by_payment: dict[str, list[Fact]] = {}
    for fact in unique(seed).values():
        if payment := fact.links.get("payment"):
            by_payment.setdefault(payment, []).append(fact)
    assert {payment: status_of(facts) for payment, facts in by_payment.items()} == played(seed).truth.payments


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shuffled", [False, True])
def test_the_real_book_arrives_at_the_truth(seed: int, shuffled: bool) -> None:
    facts = list(tellings(seed))
    if shuffled:
        random.Random(seed).shuffle(facts)
    book, known, entries = Book("main"), dict[bytes, Known](), 0
    book.open(load_chart(), load_rules(), 1)
    for start in range(0, len(facts), 100):
        decided = book.decide(facts[start : start + 100], known, 1)
        assert [refusal.detail for refusal in decided.refusals] == []
        entries += sum(recorded.type == EntryPosted.__name__ for recorded in decided.events)
        known |= decided.known
    assert not book.parked
    sums = {place: debits - credits for place, (debits, credits) in book.balances.items() if debits != credits}
    assert sums == expected(played(seed))
    assert entries == played(seed).truth.entries


@pytest.mark.parametrize("seed", SEEDS)
def test_no_card_number_and_no_person_is_in_a_fact(seed: int) -> None:
    day = played(seed)
    raw = b"".join(webhook.body for webhook in day.webhooks)
    assert b"4242 4242 4242 4242" in raw
    masked = b"".join(CONNECTORS["stripe"].mask(webhook.body) for webhook in day.webhooks)
    assert b"4242 4242 4242 4242" not in masked
    told = repr([fact for fact in tellings(seed) if fact.source == "stripe"])
    assert "@example.com" not in told
    assert "4242 4242" not in told


def test_bank_accounts_are_told_under_their_own_numbers() -> None:
    booked = [fact for fact in tellings(1) if fact.type == "bank.line.booked"]
    assert {fact.account for fact in booked} == {account.number for account in BANK_ACCOUNTS.values()}
    assert len(booked) == sum(len(statement.lines) for statement in played(1).statements)
