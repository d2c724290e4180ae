"""Modern Treasury as data: addresses, streams, limits and what its status words mean.

The organization's key decides between live and sandbox; both answer at one address
(https://docs.moderntreasury.com/platform/reference). Amounts are whole units of the currency's smallest part.
"""

from typing import Final

from connectors.manifest import Auth, BaseUrls, Manifest, Operation, RateLimit, SignatureScheme, Stream, Units

NAME: Final = "modern_treasury"
DAY_S: Final = 24 * 3600
UNITS: Final = Units("minor")
SCHEME: Final = SignatureScheme("x-signature", "hmac")

_URL: Final = "https://app.moderntreasury.com"

MANIFEST: Final = Manifest(
    name=NAME,
    title="Modern Treasury",
    version="1.1",
    capabilities=frozenset({"webhook", "poll", "fetch"}),
    units=UNITS,
    urls=BaseUrls(sandbox=_URL, live=_URL),
    auth=Auth("basic"),
    signatures=(SCHEME,),
    streams=(
        # Lists are asked by day, so each window reaches back far enough for what changes after its day: an order
        # changes for days, a bank file comes late. Whatever changes later still is among the events.
        Stream("payment_orders", overlap_s=14 * DAY_S),
        Stream("transactions", overlap_s=7 * DAY_S),
        Stream("incoming_payment_details", overlap_s=7 * DAY_S),
        Stream("expected_payments", every_s=3600, overlap_s=14 * DAY_S),
        Stream("returns", every_s=3600, overlap_s=7 * DAY_S),
        Stream("events", overlap_s=3600),
        Stream("payment_order", by_id=True, page_size=1),
        Stream("payment_order_events", by_id=True),
        Stream("incoming_payment_detail", by_id=True, page_size=1),
        Stream("paper_item", by_id=True, page_size=1),
        # The object whose reversal, or whose return by us, did not work out: what tells of it names no amount.
        Stream("reversal_failed", by_id=True, page_size=1),
        Stream("return_failed", by_id=True, page_size=1),
    ),
    limits=(RateLimit(100, sandbox_requests=25),),
    operations=(
        Operation("transfer", "header", "Idempotency-Key", kept_s=DAY_S, look_up="payment_order"),
        Operation("transfer.reverse", "header", "Idempotency-Key", kept_s=DAY_S, look_up="payment_order"),
        Operation("refund", "header", "Idempotency-Key", kept_s=DAY_S, look_up="incoming_payment_detail"),
    ),
    statuses={
        "payment_order": {
            "needs_approval": "initiated",
            "pending": "initiated",
            "held": "initiated",
            "approved": "pending",
            "processing": "pending",
            "sent": "pending",
            "completed": "succeeded",
            "failed": "failed",
            "denied": "failed",
            "cancelled": "failed",
            "stopped": "failed",
            "returned": "reversed",
            "reversed": "reversed",
        },
        "incoming_payment_detail": {"pending": "pending", "completed": "succeeded", "returned": "reversed"},
        "paper_item": {"pending": "pending", "completed": "succeeded", "returned": "reversed"},
        "return": {
            "pending": "pending",
            "processing": "pending",
            "sent": "pending",
            "completed": "succeeded",
            "returned": "reversed",
            "failed": "failed",
            "cancelled": "failed",
        },
        "reversal": {
            "pending": "pending",
            "processing": "pending",
            "sent": "pending",
            "completed": "succeeded",
            "returned": "failed",
            "failed": "failed",
            "cancelled": "failed",
        },
        "expected_payment": {
            "unreconciled": "initiated",
            "partially_reconciled": "pending",
            "reconciled": "succeeded",
            "archived": "failed",
        },
    },
)
