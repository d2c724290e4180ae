"""Somebody else's Stripe sends its signed webhooks to the running intake: its payments and payouts are in the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from tests.end_to_end.localstripe import CARD_DECLINED, CARD_GOOD, Localstripe, localstripe
from tests.end_to_end.running import ACCOUNT, SECRET, RunningPipeline, running_beside, until


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localstripe]:
    with localstripe(free_ports(1)[0], tmp_path_factory.mktemp("localstripe")) as server:
        yield server


@pytest.fixture(scope="module")
def site(
    stripe: Localstripe, pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPipeline]:
    folder: Path = tmp_path_factory.mktemp("pipeline")
    with running_beside(pair, folder) as running:
        stripe.send_webhooks_to(f"{running.url}/webhooks/stripe/main", SECRET)
        yield running


def test_payments_of_another_stripe_appear_in_the_api(stripe: Localstripe, site: RunningPipeline) -> None:
    good, declined = stripe.card(CARD_GOOD), stripe.card(CARD_DECLINED)
    dollars = [stripe.intent(1000 + number, "usd", good) for number in range(5)]
    yen = stripe.intent(7000, "jpy", good)
    euros = stripe.intent(90_000, "eur", good, metadata={"order_id": "order-77"})
    refused = stripe.intent(4321, "usd", declined)
    held = stripe.intent(2500, "usd", good, capture_method="manual")
    stripe.capture(held["id"])
    paid_out, failed, called_off = (
        stripe.payout(60_000, "paid"),
        stripe.payout(5_000, "failed"),
        stripe.payout(7, "pending"),
    )
    stripe.cancel_payout(called_off["id"])
    # payment_intent.* of nine, payout.created of three, and paid, failed, canceled
    until(lambda: stripe.delivered() >= 9 + 3 + 3, 60, f"webhooks delivered: {stripe.log.read_text()[-2000:]}")
    assert stripe.failed() == []
    site.settle()

    taken = [*dollars, yen, euros, held]
    statuses = site.payments()
    assert statuses == {**{intent["id"]: "succeeded" for intent in taken}, refused["id"]: "failed"}
    shown = site.get(f"/books/main/payments/{euros['id']}")
    assert shown["amount"] == {"amount": "90000", "currency": "EUR", "exponent": 2}
    assert shown["account"] == ACCOUNT
    by_charge = site.get("/books/main/payments", reference=euros["latest_charge"]["id"])["items"]
    assert [payment["payment"] for payment in by_charge] == [euros["id"]]

    in_dollars = sum(intent["amount"] for intent in dollars) + 2500
    assert site.balances() == {
        ("1000", "USD"): in_dollars,
        ("7000", "USD"): -in_dollars,
        ("1000", "JPY"): 7000,
        ("7000", "JPY"): -7000,
        ("1000", "EUR"): 90_000 - 60_000,
        ("1010", "EUR"): 60_000,
        ("7000", "EUR"): -90_000,
    }
    assert site.get("/books/main/trial-balance")["balanced"] is True
    assert site.dead_letters() == []
    items = {item["item"]: item for item in site.pages("/books/main/reconciliation")}
    assert items[paid_out["id"]]["state"] == "expected"
    assert failed["id"] not in items or items[failed["id"]]["state"] != "matched"
    site.assert_sound()
