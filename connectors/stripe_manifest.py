"""Stripe as data: addresses, streams, limits and what its status words mean (https://docs.stripe.com/api)."""

from typing import Final

from connectors.manifest import Auth, BaseUrls, Manifest, Operation, RateLimit, Stream
from connectors.stripe_amounts import UNITS
from connectors.stripe_signature import SCHEME

DAY_S: Final = 24 * 3600

MANIFEST: Final = Manifest(
    name="stripe",
    title="Stripe",
    version="2026-10-28.endive",
    capabilities=frozenset({"webhook", "poll", "fetch"}),
    units=UNITS,
    urls=BaseUrls(sandbox="https://api.stripe.com", live="https://api.stripe.com"),  # the key decides
    auth=Auth("bearer"),
    headers={"Stripe-Version": "2026-10-28.endive"},
    signatures=(SCHEME,),
    streams=(
        Stream("balance_transactions", overlap_s=3600),
        # A payout is listed by the day it was made and may fail days after it was paid.
        Stream("payouts", every_s=3600, overlap_s=14 * DAY_S),
        Stream("events", overlap_s=3600, history_s=30 * DAY_S),
        # What webhooks tell, listed once more by the day it was made: as far back as each may still change.
        Stream("payment_intents", every_s=3600, overlap_s=7 * DAY_S),
        Stream("charges", every_s=3600, overlap_s=7 * DAY_S),
        Stream("refunds", every_s=3600, overlap_s=30 * DAY_S),
        Stream("disputes", every_s=6 * 3600, overlap_s=120 * DAY_S),
        Stream("transfers", every_s=6 * 3600, overlap_s=30 * DAY_S),
        Stream("payout_contents", by_id=True),
        Stream("payment_intent", by_id=True, page_size=1),
        Stream("charge", by_id=True, page_size=1),
        Stream("refund", by_id=True, page_size=1),
        Stream("dispute", by_id=True, page_size=1),
        Stream("payout", by_id=True, page_size=1),
        Stream("transfer", by_id=True, page_size=1),
        Stream("balance_transaction", by_id=True, page_size=1),
    ),
    limits=(RateLimit(100, sandbox_requests=25),),
    operations=(
        Operation("pay", "header", "Idempotency-Key", kept_s=DAY_S, look_up="payment_intent"),
        Operation("refund", "header", "Idempotency-Key", kept_s=DAY_S, look_up="refund"),
    ),
    statuses={
        "payment_intent": {
            "requires_payment_method": "initiated",
            "requires_confirmation": "initiated",
            "requires_action": "initiated",
            "requires_source": "initiated",  # the names of 2018
            "requires_source_action": "initiated",
            "processing": "pending",
            "requires_capture": "authorized",
            "succeeded": "succeeded",
            "canceled": "failed",
        },
        "charge": {"pending": "pending", "succeeded": "succeeded", "paid": "succeeded", "failed": "failed"},
        "refund": {
            "pending": "pending",
            "requires_action": "pending",
            "succeeded": "succeeded",
            "failed": "failed",
            "canceled": "failed",
        },
        "dispute": {
            "needs_response": "disputed",
            "under_review": "disputed",
            "warning_needs_response": "disputed",
            "warning_under_review": "disputed",
            "warning_closed": "succeeded",
            "prevented": "succeeded",
            "charge_refunded": "refunded",
            "won": "succeeded",
            "lost": "reversed",
        },
        "payout": {
            "pending": "pending",
            "in_transit": "pending",
            "paid": "succeeded",
            "failed": "failed",
            "canceled": "failed",
        },
    },
)
