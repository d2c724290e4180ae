"""Paystack as data: addresses, streams, limits and what its status words mean (https://paystack.com/docs/api).

Lines marked "unconfirmed" rest on practice and not on Paystack's word; each is one value to change.
"""

from typing import Final

from connectors.manifest import Auth, BaseUrls, Manifest, Operation, RateLimit, SignatureScheme, Stream, Units

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

# Over the untouched body; no time is signed and nothing tells one delivery from its repeat.
SCHEME: Final = SignatureScheme("x-paystack-signature", "hmac", hash="sha512")

# Amounts are hundredths of every currency, also of those that have none: https://paystack.com/docs/api/#supported-currency
# (unconfirmed for RWF).
UNITS: Final = Units("minor", digits={"XOF": 2, "RWF": 2})

MANIFEST: Final = Manifest(
    name="paystack",
    title="Paystack",
    version="1",
    capabilities=frozenset({"webhook", "poll", "fetch"}),
    units=UNITS,
    urls=BaseUrls(sandbox="https://api.paystack.co", live="https://api.paystack.co"),  # the key decides
    auth=Auth("bearer"),
    signatures=(SCHEME,),
    # Lists are asked by the day on which a row was made, and rows change later: the overlaps reach back that far.
    # Pages of 100 are unconfirmed, the documented default is 50.
    streams=(
        Stream("transactions", every_s=900, overlap_s=DAY_S),
        # each row costs a call or two: its payment's refunds are read
        Stream("refunds", every_s=6 * HOUR_S, overlap_s=14 * DAY_S),
        Stream("settlements", every_s=HOUR_S, overlap_s=14 * DAY_S),
        Stream("transfers", every_s=900, overlap_s=7 * DAY_S),
        Stream("disputes", every_s=HOUR_S, overlap_s=60 * DAY_S),
        Stream("payment", by_id=True, page_size=1),
        Stream("refunded_payment", by_id=True, page_size=1),
        Stream("payment_refunds", by_id=True),
        Stream("settlement_transactions", by_id=True),
        Stream("refund", by_id=True, page_size=1),
        Stream("transfer", by_id=True, page_size=1),
        Stream("dispute", by_id=True, page_size=1),
    ),
    limits=(
        RateLimit(600, 60.0, sandbox_requests=100),
        RateLimit(3000, 60.0, operation="payment", sandbox_requests=100),
    ),
    operations=(
        Operation("pay", "field", "reference", key_chars_max=100, look_up="payment"),
        Operation("refund", "none", look_up="refunded_payment"),
        Operation("transfer", "field", "reference", key_chars_max=100, look_up="transfer"),
    ),
    statuses={
        "payment": {
            # the customer has not finished, and still may
            "abandoned": "initiated",
            "ongoing": "initiated",
            "send_pin": "initiated",
            "send_otp": "initiated",
            "send_phone": "initiated",
            "send_birthday": "initiated",
            "send_address": "initiated",
            "open_url": "initiated",
            "pay_offline": "initiated",
            "pending": "pending",
            "processing": "pending",
            "queued": "pending",
            "success": "succeeded",
            "failed": "failed",
            "timeout": "failed",  # unconfirmed
            "reversed": "reversed",
        },
        "preauthorization": {
            "authorized": "authorized",
            "captured": "succeeded",
            "capture_failed": "failed",
            "released": "failed",
        },
        "refund": {
            "pending": "pending",
            "processing": "pending",
            "needs-attention": "pending",
            "processed": "succeeded",
            "failed": "failed",
        },
        # behind the slash is the resolution
        "dispute": {
            "awaiting-merchant-feedback": "disputed",
            "awaiting-bank-feedback": "disputed",
            "pending": "disputed",
            "resolved/merchant-accepted": "reversed",
            "resolved/auto-accepted": "reversed",  # the merchant did not answer in time
            "resolved/declined": "succeeded",
            "archived": "succeeded",
        },
        # words besides pending, otp, success, failed and reversed are unconfirmed
        "transfer": {
            "pending": "pending",
            "otp": "pending",
            "received": "pending",
            "processing": "pending",
            "queued": "pending",
            "success": "succeeded",
            "failed": "failed",
            "abandoned": "failed",
            "blocked": "failed",
            "rejected": "failed",
            "reversed": "reversed",
        },
        "settlement": {
            "pending": "pending",
            "processing": "pending",
            "success": "succeeded",
            "failed": "failed",
        },
    },
)
