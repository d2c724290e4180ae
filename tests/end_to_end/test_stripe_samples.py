"""Stripe events of many years and kinds, signed and posted twice in any order: the books of once in order."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contraflow.embedded import PairAddresses
from tests.end_to_end.running import RunningPipeline, running_beside
from tests.unit.connectors.stripe_bodies import AT_S, charge, dispute, event, intent, payout, refund, row

SEEDS = (1, 2, 3, 4)
BOOKS = ("samples", "kinds", *(f"{kind}-{seed}" for kind in ("samples", "kinds") for seed in SEEDS))
# What is refused of the events below, and rightly so: none of it.
NOTHING: list[object] = []


@pytest.fixture(scope="module")
def site(pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    with running_beside(pair, tmp_path_factory.mktemp("samples"), books=BOOKS) as running:
        yield running


@pytest.fixture(scope="module")
def sample_events(samples: Path) -> list[bytes]:
    bodies = [path.read_bytes() for path in sorted((samples / "stripe" / "webhooks").glob("*.json"))]
    assert len(bodies) >= 20
    return bodies


def kinds() -> list[bytes]:
    """One story each of the kinds of events that the samples lack, as Stripe tells them today."""
    number = 0

    def told(event_type: str, owner: dict[str, Any], **envelope: Any) -> bytes:
        nonlocal number
        number += 1
        return json.dumps(event(event_type, owner, id=f"evt_kind_{number}", created=AT_S + number, **envelope)).encode()

    def paid(name: str, amount: int, currency: str, **more: Any) -> dict[str, Any]:
        ids = {"id": f"ch_{name}", "payment_intent": f"pi_{name}"}
        return charge(amount=amount, amount_captured=amount, currency=currency, **ids, **more)

    def asked(name: str, amount: int, currency: str, status: str = "succeeded", **more: Any) -> dict[str, Any]:
        received = amount if status == "succeeded" else 0
        return intent(
            id=f"pi_{name}", amount=amount, amount_received=received, currency=currency, status=status, **more
        )

    back = {"charge": "ch_a", "payment_intent": "pi_a"}
    argued = {"charge": "ch_b", "payment_intent": "pi_b", "amount": 4200, "currency": "usd"}
    taken = row(id="txn_dp", type="adjustment", source="dp_b", amount=-4200, fee=1500, net=-5700)
    given = row(id="txn_dp2", type="adjustment", source="dp_b", amount=4200, fee=-1500, net=5700)
    return [
        told("payment_intent.created", asked("a", 3100, "usd", "requires_payment_method")),
        told("payment_intent.processing", asked("a", 3100, "usd", "processing")),
        told("charge.succeeded", paid("a", 3100, "usd")),
        told("payment_intent.succeeded", asked("a", 3100, "usd", latest_charge="ch_a")),
        told("refund.created", refund(id="re_a", amount=1100, **back)),
        told("charge.refund.updated", refund(id="re_a", amount=1100, **back)),
        told("refund.updated", refund(id="re_a2", amount=500, status="pending", **back)),
        told("refund.updated", refund(id="re_a2", amount=500, **back)),
        told("refund.failed", refund(id="re_a2", amount=500, status="failed", **back)),
        told("refund.updated", refund(id="re_a3", amount=70, status="canceled", **back)),
        told("charge.refunded", paid("a", 3100, "usd", amount_refunded=1600)),
        told("charge.succeeded", paid("b", 4200, "usd")),
        told("charge.dispute.created", dispute(id="dp_b", **argued)),
        told("charge.dispute.funds_withdrawn", dispute(id="dp_b", balance_transactions=[taken], **argued)),
        told("charge.dispute.updated", dispute(id="dp_b", status="under_review", **argued)),
        told(
            "charge.dispute.funds_reinstated",
            dispute(id="dp_b", status="won", balance_transactions=[taken, given], **argued),
        ),
        told("charge.dispute.closed", dispute(id="dp_b", status="won", **argued)),
        told("charge.succeeded", paid("jp", 5000, "jpy")),
        told("charge.succeeded", paid("kw", 12340, "kwd")),
        told("charge.succeeded", paid("is", 70000, "isk")),
        told("charge.pending", paid("eu", 900, "eur", status="pending", paid=False, captured=True)),
        told("charge.failed", paid("eu", 900, "eur", status="failed", paid=False)),
        told("charge.succeeded", paid("man", 800, "usd", captured=False) | {"amount_captured": 0}),
        told("charge.captured", paid("man", 800, "usd") | {"amount_captured": 600, "amount_refunded": 200}),
        told("charge.expired", paid("ex", 800, "usd", captured=False) | {"amount_captured": 0}),
        told("payment_intent.payment_failed", asked("f", 100, "usd", "requires_payment_method")),
        told("payment_intent.canceled", asked("f", 100, "usd", "canceled")),
        told("payout.created", payout(id="po_1", status="pending")),
        told("payout.updated", payout(id="po_1", status="in_transit")),
        told("payout.paid", payout(id="po_1")),
        told("payout.reconciliation_completed", payout(id="po_1")),
        told("payout.failed", payout(id="po_1", status="failed", failure_code="account_closed")),
        told("payout.canceled", payout(id="po_2", status="canceled")),
        told("customer.subscription.trial_will_end", {"id": "sub_1", "object": "subscription"}),
        told("invoice.paid", {"id": "in_1", "object": "invoice", "amount_paid": 100}),
        told("radar.early_fraud_warning.created", {"id": "issfr_1", "object": "radar.early_fraud_warning"}),
        json.dumps(
            {
                "id": "evt_v2",
                "object": "v2.core.event",
                "type": "v2.core.account.updated",
                "created": "2026-11-16T10:00:00.000Z",
                "livemode": False,
                "related_object": {"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"},
            }
        ).encode(),
    ]


def told_in_any_order(site: RunningPipeline, name: str, bodies: list[bytes]) -> None:
    site.tell(bodies, name)
    for seed in SEEDS:
        twice = bodies * 2
        random.Random(seed).shuffle(twice)
        site.tell(twice, f"{name}-{seed}")
    site.settle()
    once = site.balances(name)
    statuses = site.payments(name)
    assert once and statuses
    for book in (name, *(f"{name}-{seed}" for seed in SEEDS)):
        assert site.dead_letters(book) == NOTHING, book
        assert site.balances(book) == once, book
        assert site.payments(book) == statuses, book
        assert site.get(f"/books/{book}/trial-balance")["balanced"] is True
        sums: dict[str, int] = {}
        for (_, currency), minor in site.balances(book).items():
            sums[currency] = sums.get(currency, 0) + minor
        assert set(sums.values()) == {0}, book


def test_sample_events_twice_and_shuffled_give_the_books_of_once_in_order(
    site: RunningPipeline, sample_events: list[bytes]
) -> None:
    told_in_any_order(site, "samples", sample_events)


def test_other_kinds_twice_and_shuffled_give_the_books_of_once_in_order(site: RunningPipeline) -> None:
    told_in_any_order(site, "kinds", kinds())
    balances = site.balances("kinds")
    assert balances["7000", "USD"] == -(3100 - 1100 + 4200 + 600)
    # Stripe sends krona with two decimals, ISO has none; yen has none and dinar three in both.
    assert {currency: balances["7000", currency] for currency in ("JPY", "KWD", "ISK")} == {
        "JPY": -5000,
        "KWD": -12340,
        "ISK": -700,
    }
    # The failed payout came back, the disputed money too.
    assert not {"1010", "1020", "8100"} & {account for account, _ in balances}
    payments = site.payments("kinds")
    assert payments == {
        "pi_a": "partially_refunded",
        "pi_b": "succeeded",
        "pi_jp": "succeeded",
        "pi_kw": "succeeded",
        "pi_is": "succeeded",
        "pi_eu": "failed",
        "pi_man": "succeeded",
        "pi_ex": "canceled",
        "pi_f": "canceled",
    }


def test_what_was_sent_twice_is_there_once(site: RunningPipeline) -> None:
    """Told after the books above stand: every projection is what a fold of the journal gives."""
    site.settle()
    site.assert_sound()
