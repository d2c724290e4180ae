"""PayPal as data: addresses, streams, limits and what its status words mean (https://developer.paypal.com/api/rest)."""

from typing import Final

from connectors.manifest import Auth, BaseUrls, Manifest, Operation, RateLimit, Status, Stream
from connectors.paypal_amounts import UNITS
from connectors.paypal_signature import SCHEME

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

_CAPTURE: Final[dict[str, Status]] = {
    "COMPLETED": "succeeded",
    "PARTIALLY_REFUNDED": "partially_refunded",
    "REFUNDED": "refunded",
    "PENDING": "pending",
    "DECLINED": "failed",
    "DENIED": "failed",  # version 1
    "FAILED": "failed",
    "REVERSED": "reversed",  # version 1
}

# Words are compared in capitals: version 1 writes them small.
MANIFEST: Final = Manifest(
    name="paypal",
    title="PayPal",
    version="2",
    capabilities=frozenset({"webhook", "poll", "fetch"}),
    units=UNITS,
    urls=BaseUrls(sandbox="https://api-m.sandbox.paypal.com", live="https://api-m.paypal.com"),
    auth=Auth(
        "client_credentials",
        token_urls=BaseUrls(
            sandbox="https://api-m.sandbox.paypal.com/v1/oauth2/token", live="https://api-m.paypal.com/v1/oauth2/token"
        ),
        margin_s=300,
    ),
    signatures=(SCHEME,),
    streams=(
        # Rows appear up to three hours late. A call may span 31 days and answers 10,000 rows at most, which a
        # busy account fills sooner: a day at a time reaches further.
        Stream("transactions", 500, every_s=900, overlap_s=6 * HOUR_S, window_s=DAY_S, history_s=3 * 365 * DAY_S),
        # What was pending becomes a success days later, under the date at which it began.
        Stream(
            "transactions_again",
            500,
            every_s=DAY_S,
            overlap_s=14 * DAY_S,
            window_s=30 * DAY_S,
            history_s=30 * DAY_S,
        ),
        Stream("disputes", 50, every_s=HOUR_S, overlap_s=HOUR_S, window_s=30 * DAY_S, history_s=180 * DAY_S),
        Stream("events", 100, overlap_s=HOUR_S, window_s=DAY_S, history_s=30 * DAY_S),
        Stream("order", 1, by_id=True),
        Stream("authorization", 1, by_id=True),
        Stream("capture", 1, by_id=True),
        Stream("refund", 1, by_id=True),
        Stream("dispute", 1, by_id=True),
        Stream("payout_batch", 1000, by_id=True),
        Stream("payout_item", 1, by_id=True),
        Stream("sale", 1, by_id=True),
        Stream("payment", 1, by_id=True),
    ),
    # PayPal publishes no figures; these stay far below what others have measured.
    limits=(RateLimit(10), RateLimit(50, 60.0, "transactions"), RateLimit(50, 60.0, "transactions_again")),
    operations=(
        Operation("pay", "header", "PayPal-Request-Id", 108, kept_s=6 * HOUR_S, look_up="order"),
        Operation("pay.capture", "header", "PayPal-Request-Id", 108, kept_s=45 * DAY_S, look_up="order"),
        Operation("refund", "header", "PayPal-Request-Id", 108, kept_s=45 * DAY_S, look_up="refund"),
        Operation("transfer", "field", "sender_batch_id", 256, kept_s=30 * DAY_S, look_up="payout_batch"),
    ),
    statuses={
        "order": {
            "CREATED": "initiated",
            "SAVED": "initiated",
            "APPROVED": "initiated",
            "PAYER_ACTION_REQUIRED": "initiated",
            "COMPLETED": "succeeded",  # its captures say of how much, and may still be pending
            "VOIDED": "failed",
            "PENDING": "pending",  # this word and those below: version 1
            "AUTHORIZED": "authorized",
            "CAPTURED": "succeeded",
        },
        "authorization": {
            "CREATED": "authorized",
            "AUTHORIZED": "authorized",  # version 1
            "PENDING": "pending",
            "PARTIALLY_CAPTURED": "authorized",
            "CAPTURED": "authorized",  # its captures say of how much
            "DENIED": "failed",
            "EXPIRED": "failed",
            "VOIDED": "failed",
        },
        "capture": _CAPTURE,
        "sale": _CAPTURE,
        "refund": {
            "PENDING": "pending",
            "COMPLETED": "succeeded",
            "FAILED": "failed",
            "CANCELLED": "failed",
        },
        "payment": {
            "CREATED": "initiated",
            "APPROVED": "initiated",
            "PENDING": "pending",
            "IN_PROGRESS": "pending",
            "PARTIALLY_COMPLETED": "pending",
            "COMPLETED": "succeeded",  # its sales and captures say of how much
            "FAILED": "failed",
            "CANCELED": "failed",
            "EXPIRED": "failed",
        },
        "dispute": {
            "OPEN": "disputed",
            "WAITING_FOR_BUYER_RESPONSE": "disputed",
            "WAITING_FOR_SELLER_RESPONSE": "disputed",
            "UNDER_REVIEW": "disputed",
            "OTHER": "disputed",
            "RESOLVED": "succeeded",  # its outcome says for whom
        },
        "dispute_outcome": {
            "RESOLVED_BUYER_FAVOUR": "reversed",
            "RESOLVED_BUYER_FAVOR": "reversed",
            "ACCEPTED": "reversed",
            "RESOLVED_SELLER_FAVOUR": "succeeded",
            "RESOLVED_SELLER_FAVOR": "succeeded",
            "DENIED": "succeeded",
            "RESOLVED_WITH_PAYOUT": "succeeded",
            "CANCELED_BY_BUYER": "succeeded",
            "NONE": "succeeded",
        },
        "payout_batch": {
            "NEW": "initiated",
            "PENDING": "initiated",
            "PROCESSING": "pending",
            "SUCCESS": "succeeded",  # its items say whom it reached
            "DENIED": "failed",
            "CANCELED": "failed",
        },
        "payout_item": {
            "NEW": "initiated",
            "PENDING": "initiated",
            "ONHOLD": "pending",
            "UNCLAIMED": "pending",
            "SUCCESS": "succeeded",
            "RETURNED": "reversed",
            "REFUNDED": "reversed",
            "REVERSED": "reversed",
            "FAILED": "failed",
            "BLOCKED": "failed",
            "DENIED": "failed",
            "CANCELED": "failed",
        },
        "transaction": {
            "S": "succeeded",
            "F": "partially_refunded",  # it did succeed; each refund is a row of its own
            "V": "reversed",  # it did succeed; what reversed it is a row of its own
            "P": "pending",
            "D": "failed",
        },
    },
)
