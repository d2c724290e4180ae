"""The fields of Stripe's objects whose digits are an id, an amount or a time and never a card number.

Card masking leaves them alone: a masked id would lose its object, a masked amount its money.
"""

from typing import Final

PLAIN_FIELDS: Final = frozenset(
    {
        # ids and references
        "id",
        "account",
        "charge",
        "payment_intent",
        "refund",
        "dispute",
        "payout",
        "customer",
        "source",
        "destination",
        "transfer",
        "invoice",
        "balance_transaction",
        "failure_balance_transaction",
        "latest_charge",
        "payment_method",
        "fingerprint",
        "receipt_number",
        "idempotency_key",
        "request",
        "trace_id",
        "acquirer_reference_number",
        "network_transaction_id",
        "reference",
        # amounts, rates and times
        "amount",
        "amount_captured",
        "amount_received",
        "amount_capturable",
        "amount_refunded",
        "amount_requested",
        "amount_due",
        "amount_paid",
        "amount_remaining",
        "amount_subtotal",
        "amount_total",
        "application_fee_amount",
        "unit_amount",
        "fee",
        "net",
        "total",
        "subtotal",
        "exchange_rate",
        "created",
        "available_on",
        "arrival_date",
    }
)
