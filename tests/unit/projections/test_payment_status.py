"""A payment's status: every rule of the state machine, and that order and repetition never matter."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.facts import Fact
from projections.payment_status import STATUSES, PaymentState, Sighting, payment_state
from projections.payments import Told, attach_repeats, read
from tests.unit.projections.stories import again, dispute, history, one_payment, payment, refund


def state(facts: list[Fact]) -> PaymentState:
    return payment_state(sightings(facts)["pi_1"])


def sightings(facts: list[Fact]) -> dict[str, list[Sighting]]:
    told: Told = read(history(facts))
    attach_repeats(told, {})
    return told.sightings


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ([payment(1, "initiated")], "initiated"),
        ([payment(1, "pending"), payment(1, "initiated", at=9)], "pending"),
        ([payment(1, "authorized"), payment(1, "pending")], "authorized"),
        ([payment(1, "succeeded"), payment(1, "authorized", at=5)], "succeeded"),
        ([payment(1, "failed", at=3), payment(1, "pending", at=2)], "failed"),
        ([payment(1, "failed", at=3), payment(1, "pending", at=4)], "pending"),
        ([payment(1, "failed", at=3), payment(1, "authorized", at=4)], "authorized"),
        ([payment(1, "failed", at=3), payment(1, "succeeded", at=2)], "succeeded"),
        ([payment(1, "canceled", at=3), payment(1, "authorized", at=4)], "canceled"),
        ([payment(1, "canceled", at=9), payment(1, "succeeded", at=4)], "succeeded"),
        ([payment(1, "succeeded"), refund(1, "pending", 300, 1)], "succeeded"),
        ([payment(1, "succeeded"), refund(1, "succeeded", 300, 1)], "partially_refunded"),
        ([refund(1, "succeeded", 300, 1), refund(2, "succeeded", 700, 1), payment(1, "succeeded")], "refunded"),
        ([payment(1, "succeeded"), refund(1, "succeeded", 300, 1), refund(1, "failed", 300, 1)], "succeeded"),
        ([payment(1, "succeeded"), refund(1, "failed", 300, 1)], "succeeded"),
        ([payment(1, "succeeded"), dispute(1, "opened", 1)], "disputed"),
        ([payment(1, "succeeded"), dispute(1, "funds_withdrawn", 1)], "disputed"),
        ([dispute(1, "won", 1), dispute(1, "opened", 1), payment(1, "succeeded")], "succeeded"),
        ([payment(1, "succeeded"), dispute(1, "opened", 1), dispute(1, "closed", 1)], "succeeded"),
        ([payment(1, "succeeded"), dispute(1, "funds_withdrawn", 1), dispute(1, "funds_reinstated", 1)], "succeeded"),
        ([dispute(1, "lost", 1), payment(1, "succeeded"), dispute(1, "opened", 1)], "reversed"),
        (
            [payment(1, "succeeded"), refund(1, "succeeded", 300, 1), dispute(1, "opened", 1), dispute(1, "won", 1)],
            "partially_refunded",
        ),
        ([payment(1, "succeeded"), dispute(1, "won", 1), dispute(1, "opened", 1), dispute(2, "opened", 1)], "disputed"),
        ([dispute(1, "won", 1)], "unknown"),
        ([payment(1, "returned", at=3), payment(1, "succeeded")], "reversed"),
        ([payment(1, "succeeded"), refund(1, "succeeded", 300, 1), payment(1, "reversed", at=9)], "reversed"),
        ([refund(1, "failed", 300, 1)], "unknown"),
    ],
)
def test_the_rules_of_the_machine(facts: list[Fact], status: str) -> None:
    assert state(facts).status == status
    assert state(facts[::-1]).status == status
    assert status in STATUSES


def test_a_capture_smaller_than_what_was_authorized_is_the_amount() -> None:
    found = state([payment(1, "authorized", 1000), payment(1, "succeeded", 800)])
    assert (found.amount_minor, found.currency) == (800, "USD")


def test_a_refund_in_another_currency_is_not_taken_off() -> None:
    found = state([payment(1, "succeeded", currency="EUR"), refund(1, "succeeded", 300, 1)])
    assert (found.status, found.refunded_minor) == ("succeeded", 0)


def test_a_repeat_of_a_parked_fact_does_not_make_it_count() -> None:
    parked = refund(1, "failed", 300, 1)
    told = sightings([payment(1, "succeeded"), parked, again(parked, "evt_b")])["pi_1"]
    assert [one.kind for one in told] == ["posted", "parked", "repeated"]
    assert payment_state(told).status == "succeeded"


def test_a_contradiction_is_shown_and_changes_nothing() -> None:
    told = sightings([payment(1, "succeeded", 1000), payment(1, "succeeded", 5)])["pi_1"]
    assert [one.kind for one in told] == ["posted", "refused"]
    assert payment_state(told).amount_minor == 1000


@given(st.data())
def test_any_order_and_any_repetition_end_in_the_same_state(data: st.DataObject) -> None:
    facts = data.draw(one_payment(1).filter(bool))
    twice = data.draw(st.lists(st.sampled_from(facts), max_size=5))
    told = data.draw(st.permutations(facts + [again(one, f"evt_{n}") for n, one in enumerate(twice)]))
    assert state(list(told)) == state(facts)


@pytest.mark.parametrize("status", ["initiated", "pending", "authorized", "succeeded", "failed", "canceled"])
def test_one_telling_says_what_it_says_together_with_its_repeat(status: str) -> None:
    (alone,) = sightings([payment(1, status)]).values()
    repeat = msgspec.structs.replace(alone[0], position=alone[0].position + 1, kind="repeated")
    assert payment_state(alone) == payment_state([*alone, repeat])
    assert payment_state(alone).status == status
