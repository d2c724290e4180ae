"""Payments for benches: distinct, realistic in size, valid."""

import json
import random
from itertools import islice

from contraflow.simulator import canonical_fact, payment_fact, stripe_payment_event
from contraflow.simulator.load import canonical_facts
from ledger.facts import decode_fact


def test_event_bodies_are_distinct_and_of_real_size() -> None:
    rng = random.Random(1)
    made = [stripe_payment_event(rng) for _ in range(200)]
    assert len({json.loads(body)["data"]["object"]["payment_intent"] for body in made}) == 200
    assert all(3_000 < len(body) < 4_500 for body in made)
    again = random.Random(1)
    assert made[:5] == [stripe_payment_event(again) for _ in range(5)]


def test_an_intent_is_told_too() -> None:
    event = json.loads(stripe_payment_event(random.Random(2), type="payment_intent.succeeded", lane="jpy"))
    told = event["data"]["object"]
    assert (event["type"], told["currency"]) == ("payment_intent.succeeded", "jpy")
    assert told["amount_received"] == told["amount"] > 0


def test_canonical_facts_are_valid_distinct_and_spread() -> None:
    facts = [decode_fact(canonical_fact(number, run="b1", accounts=7)) for number in range(500)]
    assert len({fact.key for fact in facts}) == 500
    assert len({fact.account for fact in facts}) == 7
    assert len({fact.links["payment"] for fact in facts}) == 500
    assert facts[3] == payment_fact(3, run="b1", accounts=7)
    assert not {fact.key for fact in facts} & {payment_fact(number, run="b2", accounts=7).key for number in range(500)}


def test_facts_made_in_a_row_are_those_made_one_by_one() -> None:
    assert list(islice(canonical_facts(run="b1"), 2_000)) == [
        canonical_fact(number, run="b1") for number in range(2_000)
    ]
